"""Names of the tree's rows, and how to tell them apart when shortened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text import label
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import told_apart
from dagtui.tui.graph.layout import GroupKind

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look
    from dagtui.tui.graph.navigator import Navigator

_AROUND: Final = 60
"""The most rows above and below a row that may be on the screen with it."""
_KEPT: Final = 10_000


class RowNames:
    """The names of the rows that a navigator has in sight."""

    def __init__(self, graph: Graph, navigator: Navigator, look: Look) -> None:
        self._graph = graph
        self._navigator = navigator
        self._look = look
        self._generation = -1
        self._names: dict[int, str] = {}
        """Keyed by item. Filled only for rows near one whose name was shortened."""
        self._cut: dict[tuple[int, int], str] = {}
        """Keyed by item and room."""

    def name(self, item: int) -> str:
        """Return the full name of a row. Below its matrix's row, only the cell."""
        layout = self._navigator.outline.layout
        head, node = layout.head(item), layout.node(item)
        if head is not None and head.kind is GroupKind.MORE:
            return f"{head.total} more"
        if head is not None and head.kind is GroupKind.SECTION:
            return NodeStatus[head.title].word.upper()
        if head is not None:
            return label(head.title, NAME_CHARACTERS) + ("/" if head.kind is GroupKind.FOLDER else "")
        text = self._graph.labels[node or 0]
        above = layout.head(layout.parents[item]) if item == node else None
        if above is not None and above.kind is GroupKind.MATRIX and text.startswith(above.title + "["):
            text = text[len(above.title) :]
        return label(text, NAME_CHARACTERS)

    def cut(self, item: int, room: CellWidth) -> str:
        """Return the name of a row in `room` cells, different from the names near it."""
        if self._generation != self._navigator.generation or len(self._names) > _KEPT:
            self._generation = self._navigator.generation
            self._names.clear()
            self._cut.clear()
        found = self._cut.get((item, room))
        if found is None:
            found = self._cut[item, room] = self._told_apart(item, room)
        return found

    def _told_apart(self, item: int, room: CellWidth) -> str:
        outline = self._navigator.outline
        row = outline.row(item)
        if row is None:
            return told_apart(self.name(item), room, (), (), self._look)
        before = [self._known(outline.item(at)) for at in range(max(0, row - _AROUND), row)]
        after = [self._known(outline.item(at)) for at in range(row + 1, min(len(outline), row + 1 + _AROUND))]
        return told_apart(self.name(item), room, before, after, self._look)

    def _known(self, item: int) -> str:
        found = self._names.get(item)
        if found is None:
            found = self._names[item] = self.name(item)
        return found
