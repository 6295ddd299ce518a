"""Navigator: the cursor of the left pane through all views of the graph, with search and filter, saved by names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TYPE_CHECKING, TypedDict

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.row_cursor import NOTHING, RowCursor
from dagtui.tui.graph.views import FoldsDump, View, Views, first_view

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.trouble.tracker import TroubleTracker

_NEIGHBOURS = 1_000
"""The most rows that are looked at for one that another graph has, too."""


class NavigatorDump(TypedDict):
    """The state of a navigator by names, so that another screen of the same graph can restore it."""

    view: str
    cursor: str
    filter: str
    selected: list[str]
    folds: dict[str, FoldsDump]


class Navigator(RowCursor):
    """A cursor on the rows of one view at a time. It stays on its node from view to view."""

    def __init__(
        self, state: RunState, view: View | None = None, folds: dict[str, FoldsDump] | None = None, cursor: str = ""
    ) -> None:
        """Create the cursor in a view, by default the first one of the graph, with the folds of an earlier dump.

        `cursor` is the name of its row in that dump. Names that this graph lacks are ignored.
        """
        self.view = first_view(state.graph) if view is None else view
        self._came_from: tuple[int, str] | None = None
        """The cursor at the top of a view that opened there, and the name of the row that it was on before."""
        self._graph = state.graph
        self._views = Views(state)
        self._views.restore(folds or {})
        super().__init__(state, self._views.outline(self.view, self._graph.find(cursor)))
        self._put_on(cursor)

    def take(self, nodes: Collection[NodeIndex]) -> bool:
        """Adopt the changes of some nodes. Return whether a status changed."""
        if self.staleness is None:
            self.staleness = self._counted_staleness()
        else:
            self.staleness.update(nodes)
        changed = self.tallies.update(nodes)
        self.outline.note(changed)
        self.trouble.take(nodes)
        return bool(changed)

    @property
    def trouble(self) -> TroubleTracker:
        """What is wrong, for the view that shows it."""
        return self._views.trouble

    @property
    def filter_query(self) -> str:
        """The text of the filter. Empty: none."""
        return self._views.filter_query

    @property
    def match_count(self) -> int:
        """Number of nodes that pass the filter."""
        return self._views.match_count

    # Moving

    def to_node(self, node: NodeIndex) -> None:
        """Put the cursor on a node and unfold what hides it. A filter that hides it ends."""
        changed = self.outline.reveal(node)
        if self.outline.row(node) is None:
            self._views.set_filter("")
            self.outline.reveal(node)
            changed = True
        self.cursor = node
        self.generation += changed

    def to_neighbour(self, *, up: bool) -> bool:
        """Go to the first parent of the cursor's row, or to its first child. Return whether there is one.

        A folded row that hides that node stays folded.
        """
        nodes = self._under_cursor()
        ends = self._graph.parents if up else self._graph.children
        own = set(nodes)
        found = next((end for node in nodes for end in ends(node) if end not in own), None)
        if found is None:
            return False
        self.cursor = self.outline.shown(found)
        return True

    def find(self, query: str, *, backwards: bool) -> bool:
        """Go to the next node whose name matches, wrapping around. Return whether there is one."""
        layout = self.outline.layout
        found = sorted(layout.positions[node] for node in self._views.names.matching(query))
        return self._to_next(found, backwards=backwards)

    def _to_next(self, found: Sequence[int], *, backwards: bool) -> bool:
        """Go to the next of these positions, which ascend. Return False if there are none."""
        if not found:
            return False
        layout = self.outline.layout
        first, last = self._positions
        index = bisect_left(found, first) - 1 if backwards else bisect_right(found, last)
        self.to_node(layout.nodes[layout.items[found[index % len(found)]]])
        return True

    def next_failure(self, *, backwards: bool) -> bool:
        """Go to the next failure, wrapping around. Those that are allowed are found only where no other is."""
        counting = self._state.failures() if self._state.allowed_failures else ()
        found = sorted(map(self.outline.layout.positions.__getitem__, counting))
        return self._to_next(found, backwards=backwards) or self.next_with({NodeStatus.FAILED}, backwards=backwards)

    def to_hit(self) -> None:
        """Put the cursor on a node that passes the filter, if it is not on one."""
        query, node = self.filter_query, self.node
        if query and (node is None or not self._views.names.matches(query, self._graph.labels[node])):
            self.find(query, backwards=False)

    def next_with(self, statuses: AbstractSet[NodeStatus], *, backwards: bool) -> bool:
        """Go to the next node in one of the statuses, wrapping around. Return whether there is one."""
        first, last = self._positions
        position = self.tallies.find(statuses, first if backwards else last, backwards=backwards)
        return position is not None and self._to_next([position], backwards=backwards)

    # Views and filter

    def show(self, view: View) -> None:
        """Show a view. The cursor stays on its node, which is unfolded, or on its group.

        Without such a group it is on the first row. If that is no node, the next `show` looks for the group again.
        """
        came_from, self._came_from = self._came_from, None
        name = self._resting_name if came_from is None or came_from[0] != self.cursor else came_from[1]
        node = self._graph.find(name)
        self.view = view
        self._use(self._views.outline(view, node))
        named = self._views.item_named(self.outline.layout, name)
        self.cursor = NOTHING if named is None else named
        if node is not None:
            self.outline.reveal(node)
        self._settle()
        if named is None and self.node is None:
            self._came_from = (self.cursor, name)

    @property
    def _resting_name(self) -> str:
        """The name of the row under the cursor, or of the node in the cell under it."""
        if self.cursor == NOTHING:
            return ""
        node = self.outline.layout.node(self.cursor)
        return self._views.name_of(self.outline.layout, self.cursor if node is None else node)

    def show_top(self) -> None:
        """Put the cursor on the first row. The next `show` returns to the present row if the cursor is still there."""
        name = self._resting_name
        self.to_row(0)
        self._came_from = (self.cursor, name)

    def regroup(self) -> None:
        """Show what is wrong now. The cursor stays on its node, which is unfolded, or on its group, or near its row."""
        row, head = self.row, self.outline.layout.head(self.cursor) if self.cursor != NOTHING else None
        self._use(self._views.outline(self.view, self.node))
        if head is None and self.cursor != NOTHING:
            self.outline.reveal(self.cursor)
        elif head is not None:
            named = self._views.item_named(self.outline.layout, head.key)
            self.cursor = NOTHING if named is None else named
            if named is None:
                self.to_row(row)
        self._settle()

    def set_filter(self, query: str) -> None:
        """Show only the nodes whose name contains a text, or does not after a leading "!". Empty: all."""
        if query != self._views.filter_query:
            self._views.set_filter(query)
            self._settle()

    # State

    def dump(self) -> NavigatorDump:
        """Return folds, view, filter and cursor by names."""
        layout = self.outline.layout
        return {
            "view": self.view.value,
            "cursor": "" if self.cursor == NOTHING else self._views.name_of(layout, self.cursor),
            "filter": self._views.filter_query,
            "selected": [self._graph.labels[node] for node in sorted(self.selected)],
            "folds": self._views.dump(),
        }

    def restore(self, dumped: NavigatorDump) -> None:
        """Restore a dump. Names that this graph lacks are ignored."""
        self._views.restore(dumped["folds"])
        self._views.set_filter(dumped["filter"])
        found = map(self._graph.find, dumped["selected"])
        self.selected = {node for node in found if node is not None}
        self.view = View(dumped["view"])
        self._use(self._views.outline(self.view, self._graph.find(dumped["cursor"])))
        self._put_on(dumped["cursor"])

    def carry_over(self, other: Navigator) -> None:
        """Take over what another graph's navigator shows, by names. A cursor on what is gone moves to a row nearby."""
        self.restore(other.dump())
        found = None
        names = islice(other._views.names_near(other.outline, other.cursor), _NEIGHBOURS)
        while found is None and (name := next(names, None)) is not None:
            found = self._views.item_named(self.outline.layout, name)
        if found is not None:
            self.outline.reveal(found)
            self.cursor = found
        self._settle()

    # Inside

    def _put_on(self, name: str) -> None:
        """Put the cursor on the row with a name of a dump, or on the first one."""
        named = self._views.item_named(self.outline.layout, name)
        self.cursor = NOTHING if named is None else named
        self._settle()
