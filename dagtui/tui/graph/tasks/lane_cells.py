"""The cells in which lanes are drawn: two a column, with the row's own sign in its column."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dagtui.tui.lines.rows import Role, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagtui.text.look import Glyphs, LaneGlyphs
    from dagtui.tui.graph.tasks.lanes import LaneRow, Lanes, Tie


class _Cell(NamedTuple):
    text: str
    role: str


_EMPTY = _Cell(" ", Role.GUIDE)


class LaneCells:
    """Draws the lanes of one layout."""

    def __init__(self, lanes: Lanes, glyphs: Glyphs) -> None:
        self._lanes = lanes
        self._glyphs = glyphs

    def at_row(self, row: LaneRow, vertex: str, bars: Collection[int], ties: Collection[int]) -> list[Span]:
        """Return the lanes at a family's row. `vertex` is the role of its sign.

        The lanes in `bars` stand out, and of the lines to the family those from lanes in `ties`.
        """
        cells = self._bars(row.passing, bars)
        dash = self._glyphs.dash
        for tie in sorted(row.ties, key=lambda tie: tie.lane in ties):
            first, last = sorted((tie.column, row.column))
            for at in range(2 * first + 1, 2 * last):
                if cells[at].text in {" ", dash}:
                    cells[at] = _Cell(dash, _role(tie.lane, ties))
        for tie in row.ties:
            cells[2 * tie.column] = _Cell(_corner(tie, row, self._signs(tie.lane)), _role(tie.lane, bars))
        cells[2 * row.column] = _Cell(self._glyphs.vertex, vertex)
        return _spans(cells)

    def between(self, above: Mapping[int, int], below: Mapping[int, int], bars: Collection[int]) -> list[Span]:
        """Return the lanes between two rows. If rows between them are hidden, lanes may end or begin there."""
        both = {**below, **above}
        cells = self._bars(both, bars)
        for column in above.keys() ^ below.keys():
            signs = self._signs(both[column])
            cells[2 * column] = _Cell(signs.ends if column in above else signs.begins, cells[2 * column].role)
        return _spans(cells)

    def _bars(self, lanes: Mapping[int, int], lit: Collection[int]) -> list[_Cell]:
        cells = [_EMPTY] * (2 * self._lanes.column_count)
        for column, lane in lanes.items():
            cells[2 * column] = _Cell(self._signs(lane).bar, _role(lane, lit))
        return cells

    def _signs(self, lane: int) -> LaneGlyphs:
        return self._glyphs.shared_lanes if lane in self._lanes.shared else self._glyphs.lanes


def _role(lane: int, lit: Collection[int]) -> str:
    return Role.LIT if lane in lit else Role.GUIDE


def _corner(tie: Tie, row: LaneRow, signs: LaneGlyphs) -> str:
    """Return the sign where a lane meets the line to the row's family."""
    left = tie.column < row.column
    columns = [other.column for other in row.ties if (other.column < row.column) == left]
    beyond = min(columns) < tie.column if left else max(columns) > tie.column
    if tie.above and tie.below:
        return signs.cross if beyond else signs.left if left else signs.right
    if tie.above:
        return signs.both_end if beyond else signs.left_end if left else signs.right_end
    return signs.both_begin if beyond else signs.left_begin if left else signs.right_begin


def _spans(cells: list[_Cell]) -> list[Span]:
    """Return neighbouring cells of one role as one span."""
    return [Span("".join(cell.text for cell in group), role) for role, group in groupby(cells, lambda cell: cell.role)]
