"""Plan of the map: which line and column the cells of each family have in a pane of some size.

A cell stands for one node where there is room, and otherwise for as few as possible.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text.amounts import ONE_CELL
from dagtui.tui.graph.map.sections import MapSection, sections_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.text.amounts import CellWidth
    from dagtui.tui.graph.map.layout import MapLayout

GAP: Final = 2
"""Columns between two blocks."""
_ROOMY: Final = 24
"""From this height on, lines separate what stands above and below the cells."""
_NEVER: Final = 1 << 30


class LineKind(enum.Enum):
    """What a line of the map shows."""

    TROUBLE = "trouble"
    """How many nodes failed, and how many these block."""
    NAMES = "names"
    """The first nodes that failed. Without any, what the cells mean."""
    RULE = "rule"
    CELLS = "cells"
    EMPTY = "empty"
    HERE = "here"
    """What is under the cursor."""
    PACE = "pace"
    """How many nodes end in a second."""


class CellRun(NamedTuple):
    """Neighbouring cells in a line."""

    start: int
    """The first place."""
    end: int
    """The place after the last."""
    per: int
    """How many nodes a cell stands for. The last one may stand for fewer."""
    column: int
    """The column of the first cell."""
    label: str = ""
    """Stands before the cells. Safe to show."""

    @property
    def cells(self) -> int:
        """The number of cells."""
        return -(-(self.end - self.start) // self.per)


class MapLine(NamedTuple):
    """A line of the map."""

    kind: LineKind
    title: str = ""
    """The family whose cells begin in the line. Safe to show."""
    parts: tuple[CellRun, ...] = ()
    """From left to right."""


class Cell(NamedTuple):
    """A cell of the map, and the places that it stands for."""

    row: int
    column: int
    start: int
    end: int
    number: int
    """Ascending with the places."""


class MapPlan:
    """The lines of the map from top to bottom, and the cells in them."""

    def __init__(self, lines: Sequence[MapLine], title_width: CellWidth, per: int) -> None:
        self.lines = lines
        self.title_width = title_width
        """Columns for the titles of families."""
        self.per = per
        """The most nodes that a cell stands for."""
        placed = sorted((part, row) for row, line in enumerate(lines) for part in line.parts)
        self._parts = [part for part, _ in placed]
        self._rows = [row for _, row in placed]
        self._starts = [part.start for part in self._parts]
        self._first: list[int] = []
        """For each part, the number of its first cell."""
        self.cell_count = 0
        for part in self._parts:
            self._first.append(self.cell_count)
            self.cell_count += part.cells
        self.cell_rows = [row for row, line in enumerate(lines) if line.parts]
        """The lines with cells."""

    def cell(self, place: int) -> Cell:
        """Return the cell of a place."""
        at = bisect_right(self._starts, place) - 1
        return self._cell_of(at, (place - self._parts[at].start) // self._parts[at].per)

    def number(self, place: int) -> int:
        """Return the number of the cell of a place."""
        at = bisect_right(self._starts, place) - 1
        part = self._parts[at]
        return self._first[at] + (place - part.start) // part.per

    def row(self, number: int) -> int:
        """Return the line of the cell with a number."""
        return self._rows[bisect_right(self._first, number) - 1]

    def places(self, number: int) -> tuple[int, int]:
        """Return the first place of the cell with a number, and the place after its last."""
        at = bisect_right(self._first, number) - 1
        cell = self._cell_of(at, number - self._first[at])
        return cell.start, cell.end

    def nearest(self, row: int, column: int) -> Cell:
        """Return the cell of a line that is nearest to a column. The line must have cells."""
        parts = self.lines[row].parts
        part = min(parts, key=lambda part: max(part.column - column, column - part.column - part.cells + 1))
        index = max(0, min(column - part.column, part.cells - 1))
        return self.cell(part.start + index * part.per)

    def beside(self, cell: Cell, step: int) -> Cell | None:
        """Return the next cell as one reads, or for a negative step the one before it. None if there is none."""
        rows = self.cell_rows
        cells = self._read(cell.row)
        at = cells.index(cell.start) + step
        if 0 <= at < len(cells):
            return self.cell(cells[at])
        other = rows.index(cell.row) + step
        if not 0 <= other < len(rows):
            return None
        return self.cell(self._read(rows[other])[0 if step > 0 else -1])

    def _read(self, row: int) -> list[int]:
        """Return the first place of each cell in a line, from left to right."""
        return [place for part in self.lines[row].parts for place in range(part.start, part.end, part.per)]

    def _cell_of(self, at: int, index: int) -> Cell:
        part = self._parts[at]
        start = part.start + index * part.per
        return Cell(
            self._rows[at], part.column + index, start, min(start + part.per, part.end), self._first[at] + index
        )


def plan_of(layout: MapLayout, width: CellWidth, height: int) -> MapPlan:
    """Return the plan of a map in a pane of `width` columns and `height` lines."""
    above, below = _around(height)
    most = max(1, height - len(above) - len(below))
    sections, title_width = sections_of(layout, width, most)
    column = title_width + 2  # after the cursor's mark and a space
    room = max(ONE_CELL, width - column)
    chosen, per = _sized(sections, room, most)
    lines = [line for section in chosen for line in _lines(section, per, column, room)]
    empty = [MapLine(LineKind.EMPTY)] * (most - len(lines))
    every = [*(MapLine(kind) for kind in above), *lines, *empty, *(MapLine(kind) for kind in below)]
    return MapPlan(every, title_width, max((part.per for line in lines for part in line.parts), default=1))


def _around(height: int) -> tuple[list[LineKind], list[LineKind]]:
    """Return what stands above the cells, and what below."""
    if height < 6:
        return [], []
    if height < 14:
        return [LineKind.TROUBLE], [LineKind.HERE]
    rule = [LineKind.RULE] if height >= _ROOMY else []
    return [LineKind.TROUBLE, LineKind.NAMES, *rule], [*rule, LineKind.HERE, LineKind.PACE]


def _sized(sections: Sequence[MapSection], room: CellWidth, most: int) -> tuple[Sequence[MapSection], int]:
    """Return the sections, with blocks if these do not cost too many cells, and the nodes of a cell in large ones."""
    plain = [section._replace(blocks=()) for section in sections]
    per = _least_per(plain, room, most)
    in_blocks = _least_per(sections, room, most)
    return (sections, in_blocks) if in_blocks <= 2 * per else (plain, per)


def _least_per(sections: Sequence[MapSection], room: CellWidth, most: int) -> int:
    largest = max((section.end - section.start for section in sections), default=1)
    fits: Callable[[int], bool] = lambda per: sum(_height(section, per, room) for section in sections) <= most  # noqa: E731
    if not fits(largest):
        return largest if not any(section.blocks for section in sections) else _NEVER
    low, high = 1, largest
    while low < high:
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _height(section: MapSection, per: int, room: CellWidth) -> int:
    """Return the number of lines that a section takes."""
    plain = -(-(section.end - section.start) // (per * room))
    if section.blocks and plain > 1:
        columns = _block_columns(section, per, room)
        return -(-len(section.blocks) // columns) if columns else _NEVER
    return plain


def _block_columns(section: MapSection, per: int, room: CellWidth) -> int:
    """Return how many blocks stand side by side. 0: there is no room for one."""
    each = section.label_width + 1 - (-section.largest // per)
    return (room + GAP) // (each + GAP) if each <= room else 0


def _lines(section: MapSection, per: int, column: int, room: CellWidth) -> Iterator[MapLine]:
    """Yield the lines of a section, with as many cells as its number of lines has room for."""
    size, height = section.end - section.start, _height(section, per, room)
    if section.blocks and height > 1:
        yield from _block_lines(section, per, column, room)
        return
    own = -(-size // (height * room))
    for at in range(0, size, own * room):
        end = min(section.start + at + own * room, section.end)
        yield MapLine(LineKind.CELLS, "" if at else section.title, (CellRun(section.start + at, end, own, column),))


def _block_lines(section: MapSection, per: int, column: int, room: CellWidth) -> Iterator[MapLine]:
    """Yield the lines of a section in blocks, which are read from top to bottom, then from left to right."""
    columns = _block_columns(section, per, room)
    height = -(-len(section.blocks) // columns)
    columns = -(-len(section.blocks) // height)
    cells = (room + GAP) // columns - GAP - section.label_width - 1
    own = max(1, -(-section.largest // cells))
    step = section.label_width + 1 - (-section.largest // own) + GAP
    for row in range(height):
        parts = [
            CellRun(block.start, block.end, own, column + number * step + section.label_width + 1, block.title)
            for number, block in enumerate(section.blocks[row::height])
        ]
        yield MapLine(LineKind.CELLS, "" if row else section.title, tuple(parts))
