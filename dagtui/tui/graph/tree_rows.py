"""Rows of the views that nest: guides, glyph, name, notes and times of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagtui.text.amounts import NO_CELLS, ONE_CELL, CellWidth
from dagtui.tui.graph.bodies import ASIDE
from dagtui.tui.graph.guides import marker_column, stem
from dagtui.tui.graph.neighbours import Neighbours
from dagtui.tui.graph.row_body import fitted, with_glyph
from dagtui.tui.lines.rows import SPACE, Role, Span, width_of

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.bodies import Bodies
    from dagtui.tui.graph.layout import TreeLayout
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.row_body import Body
    from dagtui.tui.graph.row_names import RowNames


class TreeRows:
    """The rows of a tree as spans."""

    lights_edges = True
    _around: Neighbours | None = None
    _seen: tuple[Outline, int, int] | None = None
    """The outline, the cursor and the generation that the neighbours were found for."""
    is_grid = False

    def __init__(self, bodies: Bodies, navigator: Navigator, graph: Graph, names: RowNames, look: Look) -> None:
        self.bodies = bodies
        self.navigator = navigator
        self.graph = graph
        self.names = names
        self.look = look

    def lit(self, item: int) -> tuple[object, ...]:
        """Return whether a row has parents or children of the cursor's row. Equal values look the same."""
        around = self._neighbours()
        return () if around is None else (item in around.parents, item in around.children)

    def sign(self, item: int) -> Span:
        """Return the sign at the left edge of a parent or child of the cursor's row: the key that leads there."""
        is_parent, is_child = self.lit(item) or (False, False)
        return Span("(" if is_parent else ")", Role.LIT) if is_parent or is_child else SPACE

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the row of an item depends on, and its time."""
        return self.bodies.signature(item, width, clock)

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the row of an item without the cursor's mark, in exactly `width` cells with it."""
        outline, bodies, glyphs = self.navigator.outline, self.bodies, self.look.glyphs
        layout = outline.layout
        by_file = self.graph.file_edges is not None and self._is_by_file(layout, item)
        dash = glyphs.by_file if by_file else ""
        left = stem(outline, item, width, self.look, named=self.names.name, dash=dash)
        head = layout.head(item)
        if head is not None:
            glyph, body = bodies.head_body(item, head, width)
        else:
            glyph, body = bodies.node_body(layout.nodes[item], item, width, clock)
        left = with_glyph(left, glyph, Span(glyphs.selected, Role.KEY) if bodies.is_selected(item) else SPACE, glyphs)
        used = 1 + width_of(left)
        room = max(NO_CELLS, CellWidth(width - used))
        body = self.completed(body, item, room, width)
        column = max(ONE_CELL, width * 9 // 20 - used) if width >= ASIDE else NO_CELLS
        shorten = partial(self.names.cut, item)
        return left + fitted(body, room, column=column, shorten=shorten, look=self.look)

    def completed(self, body: Body, item: int, room: CellWidth, width: CellWidth) -> Body:  # noqa: ARG002
        """Return the body of a row with what only this view says. `room` is the width after the glyph."""
        return body

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:
        """Return the cell of a row's fold marker, counted from after the cursor's mark."""
        return marker_column(self.navigator.outline, item, width)

    def _is_by_file(self, layout: TreeLayout, item: int) -> bool:
        """Return whether only files make the edge from the node above to the row's node."""
        edges, above, child = self.graph.file_edges, layout.parents[item], layout.node(item)
        if edges is None or child is None or not 0 <= above < len(self.graph):
            return False
        parent = layout.node(above)
        return parent is not None and edges.has(parent, child)

    def _neighbours(self) -> Neighbours | None:
        navigator = self.navigator
        now = navigator.outline, navigator.cursor, navigator.generation
        if self._seen != now:
            self._seen = now
            self._around = None if navigator.cursor < 0 else Neighbours(self.graph, navigator.outline, navigator.cursor)
        return self._around
