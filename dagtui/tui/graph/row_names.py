"""The names in the rows of a tree, and how they are told apart where there is no room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text import label
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import told_apart
from dagtui.tui.graph.layout import GroupKind

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.tui.graph.navigator import Navigator

_AROUND: Final = 60
"""So many rows above and below may be on the screen with one."""
_KEPT: Final = 10_000


class RowNames:
    """What the rows that a navigator has in sight are called."""

    def __init__(self, graph: Graph, navigator: Navigator, *, ascii_only: bool) -> None:
        self._graph = graph
        self._navigator = navigator
        self._ascii = ascii_only
        self._generation = -1
        self._names: dict[int, str] = {}
        """By item; only for rows near one whose name was cut."""
        self._cut: dict[tuple[int, int], str] = {}
        """By item and room."""

    def name(self, item: int) -> str:
        """The name of a row in full; below the row of its matrix only its cell."""
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

    def cut(self, item: int, room: int) -> str:
        """The name of a row that does not fit, in so many cells: not the same as one near it."""
        if self._generation != self._navigator.generation or len(self._names) > _KEPT:
            self._generation = self._navigator.generation
            self._names.clear()
            self._cut.clear()
        found = self._cut.get((item, room))
        if found is None:
            found = self._cut[item, room] = self._told_apart(item, room)
        return found

    def _told_apart(self, item: int, room: int) -> str:
        outline = self._navigator.outline
        row = outline.row(item)
        if row is None:
            return told_apart(self.name(item), room, (), (), ascii_only=self._ascii)
        before = [self._known(outline.item(at)) for at in range(max(0, row - _AROUND), row)]
        after = [self._known(outline.item(at)) for at in range(row + 1, min(len(outline), row + 1 + _AROUND))]
        return told_apart(self.name(item), room, before, after, ascii_only=self._ascii)

    def _known(self, item: int) -> str:
        found = self._names.get(item)
        if found is None:
            found = self._names[item] = self.name(item)
        return found
