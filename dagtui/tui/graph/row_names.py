"""Names of the rows of the left pane, and how to tell them apart when shortened."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from dagtui.graph.model import numbered_tasks
from dagtui.text import cell_width, label
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import common_beginning, told_apart, without_keys
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.views import sought

if TYPE_CHECKING:
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.look import Look
    from dagtui.tui.graph.navigator import Navigator

AROUND: Final = 60
"""The most rows above and below a row that may be on the screen with it."""
_KEPT: Final = 10_000
_LEAD: Final = 24
"""Cells that the rest of a row takes, with a reason. A longer cell is written without the names of its keys."""
_MEASURED: Final = 10_000
"""The most nodes whose names are measured to choose the form of all."""


class RowNames:
    """The names of the rows that a navigator has in sight."""

    def __init__(self, graph: Graph, navigator: Navigator, look: Look) -> None:
        self._graph = graph
        self._navigator = navigator
        self._look = look
        self._generation = -1
        self._without_keys = False
        """Whether cells are written without the names of their keys."""
        self._names: dict[int, str] = {}
        """Keyed by item. Filled only for rows near one whose name was shortened."""
        self._cut: dict[tuple[int, int], str] = {}
        """Keyed by item and room."""

    @cached_property
    def beginning(self) -> str:
        """The words that all tasks begin with, as read from the file. Rows leave them out: the heading shows them."""
        return common_beginning([task.name for _, task in numbered_tasks(self._graph.tasks)])

    @cached_property
    def _widest_cell(self) -> CellWidth:
        """The width of the longest name of a matrix's cell."""
        labels = (text for text in islice(self._graph.labels, _MEASURED) if text.endswith("]"))
        return cell_width(max(labels, key=len, default="")) if self._graph.cells is not None else NO_CELLS

    def sought(self, item: int) -> str:
        """Return what a filter looks for, in lower case, if it finds it in the whole name of a row. Else ""."""
        if not self._navigator.filter_query:
            return ""
        query, is_inverted = sought(self._navigator.filter_query)
        layout = self._navigator.outline.layout
        head, node = layout.head(item), layout.node(item)
        name = head.title if head is not None else "" if node is None else self._graph.labels[node]
        return "" if is_inverted or query not in name.lower() else query

    def suit(self, width: CellWidth) -> None:
        """Write names in the form for rows of a width. All rows have one form."""
        without_keys = self._widest_cell - len(self.beginning) + _LEAD > width
        if without_keys != self._without_keys:
            self._without_keys = without_keys
            self._generation = -1

    def name(self, item: int) -> str:
        """Return the name of a row. Below its matrix's row, only the cell."""
        layout = self._navigator.outline.layout
        head, node = layout.head(item), layout.node(item)
        if head is not None and head.kind is GroupKind.FOLDER:
            return label(head.title, NAME_CHARACTERS) + "/"
        if head is not None and head.kind in {GroupKind.REST, GroupKind.ALIKE, GroupKind.OUTSIDE, GroupKind.NOTE}:
            return label(head.title, NAME_CHARACTERS)
        if head is not None:
            return self.of_task(head.title)
        found = layout.nodes[0] if node is None else node
        above, short = layout.head(layout.parents[item]) if item == node else None, self._short(found)
        if above is not None and above.kind is GroupKind.MATRIX and short.startswith(above.title + "["):
            return label(short[len(above.title) :], NAME_CHARACTERS)
        return self.of_task(short)

    def of_task(self, title: str) -> str:
        """Return the name of a task, or of several, without what all tasks begin with."""
        return label(title.removeprefix(self.beginning) or title, NAME_CHARACTERS)

    def of_node(self, node: NodeIndex) -> str:
        """Return the name of a node as rows show it."""
        return self.of_task(self._short(node))

    def _short(self, node: NodeIndex) -> str:
        """Return a node's name without the names of the keys of its cell, if these are the same in all cells."""
        text = self._graph.labels[node]
        if not self._without_keys or not text.endswith("]"):
            return text
        matrix = self._graph.task(node).matrix
        if matrix is None or matrix.is_listed or not len(matrix.axes) == text.count("=") == text.count(",") + 1:
            return text
        return without_keys(text)

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
        before = self._known_names(range(max(0, row - AROUND), row))
        after = self._known_names(range(row + 1, min(len(outline), row + 1 + AROUND)))
        return told_apart(self.name(item), room, before, after, self._look)

    def _known_names(self, rows: range) -> list[str]:
        outline = self._navigator.outline
        return [self._known(item) for item in map(outline.item, rows) if not outline.layout.is_note(item)]

    def _known(self, item: int) -> str:
        found = self._names.get(item)
        if found is None:
            found = self._names[item] = self.name(item)
        return found
