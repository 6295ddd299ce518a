"""What the tasks view draws besides names and notes: lanes of edges, and a strip with a cell for each node."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from dagtui.text.amounts import ONE_CELL, CellWidth
from dagtui.tui.graph.guides import fold_marker
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.signs import sign_run
from dagtui.tui.graph.tasks.lane_cells import LaneCells
from dagtui.tui.graph.weights import worst
from dagtui.tui.lines.rows import Role, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagtui.text.look import Glyphs, Look
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.tasks.layout import TasksLayout

_NO_LANES: Final[Mapping[int, int]] = {}


def lead(outline: Outline, layout: TasksLayout, item: int, vertex: str, lit: Lit, look: Look) -> list[Span]:
    """Return what stands before a row's name: lanes, and the fold marker. `vertex` is the role of the row's sign."""
    glyphs = look.glyphs
    marker = Span(fold_marker(outline, item, glyphs, " "), Role.GUIDE)
    return [*_lanes(outline, layout, item, vertex, lit, glyphs), marker]


def marker_column(layout: TasksLayout, outline: Outline) -> CellWidth:
    """Return the cell of the fold marker, counted from the start of the lead."""
    return CellWidth(0 if outline.filtered else 2 * layout.lanes.column_count)


def _lanes(outline: Outline, layout: TasksLayout, item: int, vertex: str, lit: Lit, glyphs: Glyphs) -> list[Span]:
    if outline.filtered or not layout.lanes.column_count:  # rows between are missing, or edges are not known
        return []
    lanes, place = layout.lanes, layout.place(item)
    drawing = LaneCells(lanes, glyphs)
    if layout.family(item) is not None:
        return drawing.at_row(lanes.rows[place], vertex, lit.bars_at(place), lit.ties_at(place))
    head = layout.head(item)
    if head is None:
        below = lanes.rows[place].below
        return drawing.between(below, below, lit.bars_below(place))
    above = lanes.rows[place - 1].below if place else _NO_LANES
    last = layout.last_place(item) if outline.is_folded(item) else place - 1
    below = lanes.rows[last].below if last >= 0 else _NO_LANES
    return drawing.between(above, below, lit.bars_below(place - 1))


class Lit:
    """The lanes that lead to the cursor's family, each between two places, and the lines from them to rows."""

    def __init__(self, layout: TasksLayout, item: int | None) -> None:
        self.family = None if item is None else _family_around(layout, item)
        """The cursor's family."""
        self._between: dict[int, tuple[int, int]] = {}
        """The first and the last place at which a lane is lit."""
        self._ties: dict[int, set[int]] = {}
        """For each place, the lanes from which a lit line leads to its row."""
        if self.family is None:
            return
        families = layout.families  # without edges if there are too many
        edges = [(parent, self.family) for parent in families.parents[self.family]]
        edges += [(self.family, child) for child in families.children[self.family]]
        for edge in edges:
            if (lane := layout.lanes.over.get(edge)) is not None:
                self._add(lane, layout.place_of[edge[0]], layout.place_of[edge[1]])

    def _add(self, lane: int, top: int, bottom: int) -> None:
        first, last = self._between.get(lane, (top, bottom))
        self._between[lane] = min(first, top), max(last, bottom)
        for place in (top, bottom):
            self._ties.setdefault(place, set()).add(lane)

    def bars_at(self, place: int) -> Collection[int]:
        """Return the lanes that are lit at the row of a family."""
        return [lane for lane, (first, last) in self._between.items() if first <= place <= last]

    def ties_at(self, place: int) -> Collection[int]:
        """Return the lanes whose lines to the row of a family are lit."""
        return self._ties.get(place, ())

    def bars_below(self, place: int) -> Collection[int]:
        """Return the lanes that are lit between a family's row and the next."""
        return [lane for lane, (first, last) in self._between.items() if first <= place < last]

    def signature(self, layout: TasksLayout, item: int) -> tuple[object, ...]:
        """Return what is lit in the row of an item. Equal values look the same."""
        if not self._between:
            return ()
        place = layout.place(item)
        if layout.family(item) is not None:
            return *self.bars_at(place), None, *self.ties_at(place)
        return tuple(self.bars_below(place if layout.head(item) is None else place - 1))


def _family_around(layout: TasksLayout, item: int) -> int | None:
    head = layout.head(item)
    return None if head is not None and head.kind is GroupKind.FOLDER else layout.order[layout.place(item)]


def strip(statuses: bytes, room: CellWidth, look: Look) -> list[Span]:
    """Return a strip of at most `room` cells for nodes in these statuses.

    Where a cell stands for several nodes, it shows the worst of their statuses.
    """
    if room < ONE_CELL or not statuses:
        return []
    step = -(-len(statuses) // room)
    shown = statuses if step == 1 else [worst(statuses[at : at + step]) for at in range(0, len(statuses), step)]
    found = ((sign_run(status, look), len(list(group))) for status, group in groupby(shown))
    return [sign._replace(text=sign.text * length) for sign, length in found]
