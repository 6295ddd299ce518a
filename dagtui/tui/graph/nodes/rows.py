"""Rows of the nodes view: a tree in which each row also says where further edges lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.text import cell_width
from dagtui.text.amounts import CellWidth
from dagtui.text.shortening import told_apart
from dagtui.tui.graph.amounts import WIDE, tally, time_cells
from dagtui.tui.graph.bodies import ASIDE
from dagtui.tui.graph.nodes.further_edges import FurtherEdges
from dagtui.tui.graph.row_body import Note
from dagtui.tui.graph.tree_rows import TreeRows
from dagtui.tui.lines.rows import muted, spaces

if TYPE_CHECKING:
    from dagtui.tui.graph.nodes.further_edges import Further
    from dagtui.tui.graph.row_body import Body

_LAST: Final = 1_000
"""The rank of the note about further edges: every other note stays longer."""
_LEAST_NAME: Final = 6
_MOST_NAME: Final = 18
_GAP: Final = 2


class NodeRows(TreeRows):
    """The rows of the nodes view as spans."""

    _edges: FurtherEdges | None = None

    def completed(self, body: Body, item: int, room: CellWidth, width: CellWidth) -> Body:
        """Return a body with the rows elsewhere that need the row, as far as there is room for them."""
        further = self._further(item)
        if further is None:
            return body
        taken = body.name.width + body.suffix.width + sum(note.span.width + 1 for note in body.notes)
        others = body.aside if body.aside.text and width >= ASIDE else body.reason
        taken += others.width + _GAP if others is not None else 0
        notes = list(body.notes)
        if not notes and width >= WIDE:
            notes.append(Note(_LAST, spaces(time_cells(width))))
            taken += time_cells(width) + 1
        words = self._words(body.name.text, further, CellWidth(room - taken - 1))
        return body._replace(notes=[Note(_LAST, muted(words)), *notes])

    def _words(self, own: str, further: Further, room: CellWidth) -> str:
        """Return where edges lead, in at most `room` cells. If that is too little, return only their number.

        `own` is the name of the row, whose beginning is not repeated.
        """
        glyphs = self.look.glyphs
        arrow = glyphs.file_reference if further.only_by_file else glyphs.reference
        others = f" +{tally(further.others)}" if further.others else ""
        cells = room - cell_width(f"{arrow} {others}")
        head = self.navigator.outline.layout.head(further.row)
        name = self.names.of_node(self.graph.nodes[further.row]) if head is None else self.names.of_task(head.title)
        if cells >= min(_LEAST_NAME, cell_width(name)):
            name = told_apart(name, CellWidth(min(cells, _MOST_NAME)), [own], (), self.look)
            return f"{arrow} {name}{others}"
        return f"{arrow}{tally(1 + further.others)}"

    def _further(self, item: int) -> Further | None:
        layout = self.navigator.outline.layout
        if self._edges is None or self._edges.layout is not layout:
            self._edges = FurtherEdges(self.graph, layout)
        return self._edges.of(item)
