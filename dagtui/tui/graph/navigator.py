"""A cursor on the rows of a tree, and everything a person can do with it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.row_groups import RowGroup, counts, many, members
from dagtui.tui.graph.tallies import Tallies
from dagtui.tui.graph.views import FoldsDump, View, Views

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from dagtui.engine.state import RunState
    from dagtui.tui.graph.outline import Outline

NOTHING = -1
"""The cursor of a tree without rows."""
COUNTED = 2_000
"""More selected nodes than that are not looked at for every frame."""


class NavigatorDump(TypedDict):
    """Where a person stands in the tree, by names, so that another screen over the same graph can go on from there."""

    view: str
    cursor: str
    filter: str
    selected: list[str]
    folds: dict[str, FoldsDump]


class Navigator:
    """A cursor on the rows; it stays on its item while rows come and go around it."""

    def __init__(self, state: RunState) -> None:
        self.view = View.DEPENDENCY
        self.cursor = NOTHING
        """The item it is on."""
        self.selected: set[int] = set()
        """The nodes that commands mean in place of the row with the cursor."""
        self._came_from: int | None = None
        """The node that the cursor was on before a view opened at its top."""
        self.generation = 0
        """Grows when other rows are in sight, or look different."""
        self._state = state
        self.staleness: Tallies | None = None
        """As `tallies`, but by whether nodes are stale, 0 or 1; None as long as none was."""
        self._views = Views(state.graph, state.status)
        self._use(self._views.outline(self.view))
        self._settle()

    @property
    def row(self) -> int:
        """The row with the cursor; 0 without rows."""
        return 0 if self.cursor == NOTHING else self.outline.nearest_row(self.cursor)

    @property
    def node(self) -> int | None:
        """The node that the cursor is on or that its row refers to; None on a row that stands for many."""
        return None if self.cursor == NOTHING else self.outline.layout.node(self.cursor)

    @property
    def targets(self) -> tuple[int, ...]:
        """The nodes that commands mean, in the order of the file; none on a row of references."""
        if self.selected:
            return tuple(sorted(self.selected))
        node = self.node
        return self._under_cursor() if node is None else (node,)

    def _under_cursor(self) -> tuple[int, ...]:
        """All nodes that the row with the cursor stands for."""
        if self.cursor == NOTHING:
            return ()
        node = self.node
        return tuple(members(self.outline, self.cursor)) if node is None else (node,)

    @property
    def target_counts(self) -> Sequence[int] | None:
        """How many of the nodes that commands mean are of each status; None for the one in the row with the cursor.

        Of a large selection only what the whole run has.
        """
        if len(self.selected) > COUNTED:
            return self._state.counts
        if self.selected:
            found = Counter(map(self._state.status.__getitem__, self.selected))
            return [found[status] for status in NodeStatus]
        return None if self.cursor == NOTHING else counts(self.outline, self.tallies, self.cursor)

    @property
    def many(self) -> RowGroup | None:
        """How the row with the cursor stands, if it stands for many nodes."""
        return None if self.cursor == NOTHING else many(self.outline, self.tallies, self.cursor, self.staleness)

    def take(self, nodes: Collection[int]) -> bool:
        """Take over what changed of some nodes; returns whether a status did."""
        if self.staleness is None:
            self.staleness = self._counted_staleness()
        else:
            self.staleness.update(nodes)
        return bool(self.tallies.update(nodes))

    def keep(self, branches: Iterable[tuple[int, int]]) -> None:
        """Forget the counts of all branches but these."""
        kept = list(branches)
        self.tallies.keep(kept)
        if self.staleness is not None:
            self.staleness.keep(kept)

    @property
    def filter_query(self) -> str:
        """What is filtered for; empty: nothing."""
        return self._views.filter_query

    @property
    def match_count(self) -> int:
        """How many nodes the filter lets through."""
        return self._views.match_count

    # Moving

    def to_row(self, row: int) -> None:
        """Put the cursor on a row, or the first or last one."""
        if len(self.outline):
            self.cursor = self.outline.item(max(0, min(row, len(self.outline) - 1)))

    def to_node(self, node: int) -> None:
        """Put the cursor on a node, unfolding what hides it; a filter that hides it ends."""
        changed = self.outline.reveal(node)
        if self.outline.row(node) is None:
            self._views.set_filter("")
            self.outline.reveal(node)
            changed = True
        self.cursor = node
        self.generation += changed

    def find(self, query: str, *, backwards: bool) -> bool:
        """Go to the next node whose name matches, round the end; says whether there is one."""
        layout = self.outline.layout
        found = sorted(layout.positions[node] for node in self._views.names.matching(query))
        if not found:
            return False
        here = self._position
        index = bisect_left(found, here) - 1 if backwards else bisect_right(found, here)
        self.to_node(layout.items[found[index % len(found)]])
        return True

    def next_with(self, statuses: AbstractSet[NodeStatus], *, backwards: bool) -> bool:
        """Go to the next node in one of the statuses, round the end; says whether there is one."""
        position = self.tallies.find(statuses, self._position, backwards=backwards)
        if position is None:
            return False
        self.to_node(self.outline.layout.items[position])
        return True

    # Selecting

    def toggle_selected(self) -> bool:
        """Select all that the row with the cursor stands for, or no longer; False when it stands for none."""
        nodes = self._under_cursor()
        if self.selected.issuperset(nodes):
            self.selected.difference_update(nodes)
        else:
            self.selected.update(nodes)
        self.generation += 1
        return bool(nodes)

    def select_none(self) -> None:
        """End the selection."""
        self.selected.clear()
        self.generation += 1

    # Folding

    def fold(self) -> None:
        """Fold the row with the cursor; when there is nothing to fold, go to the row above it in the tree."""
        if self.cursor == NOTHING:
            return
        if self.outline.fold(self.cursor):
            self.generation += 1
        elif (above := self.outline.layout.parents[self.cursor]) >= 0:
            self.cursor = above

    def unfold(self) -> None:
        """Unfold the row with the cursor; when it is, go into it; from a reference go to its node."""
        if self.cursor == NOTHING:
            return
        layout, node = self.outline.layout, self.node
        if self.outline.unfold(self.cursor):
            self.generation += 1
        elif layout.is_reference(self.cursor) and node is not None:
            self.to_node(node)
        elif self.outline.is_foldable(self.cursor):
            self.to_row(self.row + 1)

    def toggle(self) -> None:
        """Fold or unfold the row with the cursor."""
        if self.cursor != NOTHING:
            self.generation += self.outline.unfold(self.cursor) or self.outline.fold(self.cursor)

    def fold_all(self) -> None:
        """Fold everything; the cursor goes to what hides it."""
        self.outline.fold_all()
        self._settle()

    def unfold_all(self) -> None:
        """Unfold everything."""
        self.outline.unfold_all()
        self._settle()

    # Views and filter

    def show(self, view: View) -> None:
        """Go to a view; the cursor stays on its node, which is unfolded."""
        node = self.node if self._came_from is None or self.row else self._came_from
        self._came_from = None
        self.view = view
        self._use(self._views.regroup() if view is View.STATUS else self._views.outline(view))
        self.cursor = NOTHING
        if node is not None:
            self.outline.reveal(node)
            self.cursor = node
        self._settle()

    def show_top(self) -> None:
        """Put the cursor on the first row; the next view that is shown goes back to its node, if it is still there."""
        self._came_from = self.node
        self.to_row(0)

    def regroup(self) -> None:
        """Order the view by status anew; the cursor stays on its node or section, or near where it was."""
        row, head = self.row, self.outline.layout.head(self.cursor) if self.cursor != NOTHING else None
        self._use(self._views.regroup())
        if head is not None:
            named = self._views.item_named(self.outline.layout, head.key)
            self.cursor = NOTHING if named is None else named
            if named is None:
                self.to_row(row)
        self._settle()

    def set_filter(self, query: str) -> None:
        """Show only the nodes whose name contains a text, or doesn't after a leading "!"; empty: all."""
        if query != self._views.filter_query:
            self._views.set_filter(query)
            self._settle()

    # State

    def dump(self) -> NavigatorDump:
        """Folds, view, filter and cursor, by names."""
        layout = self.outline.layout
        return {
            "view": self.view.value,
            "cursor": "" if self.cursor == NOTHING else self._views.name_of(layout, self.cursor),
            "filter": self._views.filter_query,
            "selected": [self._state.graph.labels[node] for node in sorted(self.selected)],
            "folds": self._views.dump(),
        }

    def restore(self, dumped: NavigatorDump) -> None:
        """Go on from a dump; what this graph does not have is forgotten."""
        self._views.restore(dumped["folds"])
        self._views.set_filter(dumped["filter"])
        found = map(self._state.graph.find, dumped["selected"])
        self.selected = {node for node in found if node is not None}
        self.view = View(dumped["view"])
        self._use(self._views.outline(self.view))
        named = self._views.item_named(self.outline.layout, dumped["cursor"])
        self.cursor = NOTHING if named is None else named
        self._settle()

    # Inside

    @property
    def _position(self) -> int:
        return -1 if self.cursor == NOTHING else self.outline.layout.positions[self.cursor]

    def _use(self, outline: Outline) -> None:
        self.outline = outline
        self.tallies = Tallies(outline.layout, self._state.status)
        self.staleness = self._counted_staleness()

    def _counted_staleness(self) -> Tallies | None:
        return Tallies(self.outline.layout, self._state.stale) if 1 in self._state.stale else None

    def _settle(self) -> None:
        """Other rows are in sight: a cursor on a hidden item goes to the row that hides it."""
        self.generation += 1
        if not len(self.outline):
            self.cursor = NOTHING
        elif self.cursor == NOTHING:
            self.cursor = self.outline.item(0)
        elif self.outline.row(self.cursor) is None:
            self.cursor = self.outline.item(self.outline.nearest_row(self.cursor))
