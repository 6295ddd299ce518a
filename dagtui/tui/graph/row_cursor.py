"""Cursor on the rows of an outline, with the nodes that it stands for, a selection, and folds."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.row_groups import SAMPLED, RowGroup, many, members, samples, stands_for_many
from dagtui.tui.graph.tallies import Tallies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth
    from dagtui.tui.graph.outline import Outline

NOTHING = -1
"""The cursor of a tree without rows."""
COUNTED = 2_000
"""A larger selection is not looked through for every frame."""


class RowCursor:
    """A cursor on the rows. It stays on its item while rows appear and disappear around it."""

    outline: Outline
    """The rows in sight, and those that are folded or filtered out."""
    tallies: Tallies
    """The counts by status of the rows' branches."""
    staleness: Tallies | None
    """Like `tallies`, but counts stale nodes (0 or 1). None as long as no node was stale."""

    def __init__(self, state: RunState, outline: Outline) -> None:
        """Create a cursor that is on no row yet."""
        self.cursor = NOTHING
        """The item under the cursor."""
        self.selected: set[NodeIndex] = set()
        """The targets of commands, instead of the cursor's row."""
        self.generation = 0
        """Increases when other rows are in sight, or rows look different."""
        self._state = state
        self._use(outline)

    @property
    def row(self) -> int:
        """The cursor's row, or 0 without rows."""
        return 0 if self.cursor == NOTHING else self.outline.nearest_row(self.cursor)

    @property
    def node(self) -> NodeIndex | None:
        """The node that the cursor's row is, or None for a row that stands for many nodes."""
        return None if self.cursor == NOTHING else self.outline.node(self.cursor)

    @property
    def targets(self) -> tuple[NodeIndex, ...]:
        """The nodes that commands act on, in file order."""
        if self.selected:
            return tuple(sorted(self.selected))
        return self._under_cursor()

    def _under_cursor(self) -> tuple[NodeIndex, ...]:
        """Return all nodes that the cursor's row stands for."""
        if self.cursor == NOTHING:
            return ()
        node = self.node
        return tuple(members(self.outline, self.cursor)) if node is None else (node,)

    @property
    def samples(self) -> Sequence[NodeIndex]:
        """Some of the targets: enough nodes of each status. For a large selection, nodes of the whole run."""
        if len(self.selected) > COUNTED:
            found = [*map(self._state.nodes_with, NodeStatus), filter(self._state.is_outside, self.selected)]
            return [node for nodes in found for node in islice(nodes, SAMPLED)]
        if self.selected or self.node is not None or self.cursor == NOTHING:
            return self.targets
        return samples(self.outline, self.tallies, self.cursor)

    @property
    def is_on_many(self) -> bool:
        """Whether the cursor's row stands for many nodes."""
        return self.cursor != NOTHING and stands_for_many(self.outline, self.cursor)

    @property
    def is_foldable(self) -> bool:
        """Whether something below the cursor's row can be hidden or shown."""
        return self.cursor != NOTHING and self.outline.is_foldable(self.cursor)

    @property
    def many(self) -> RowGroup | None:
        """The group of nodes behind the cursor's row, or None if the row is a single node."""
        return None if self.cursor == NOTHING else many(self.outline, self.tallies, self.cursor, self.staleness)

    def keep(self, branches: Iterable[tuple[int, int]]) -> None:
        """Forget the counts of all branches except these."""
        kept = list(branches)
        self.tallies.keep(kept)
        if self.staleness is not None:
            self.staleness.keep(kept)

    # Moving

    def to_row(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest one that exists."""
        if len(self.outline):
            self.cursor = self.outline.landing(max(0, min(row, len(self.outline) - 1)))

    def to_point(self, row: int, column: int) -> None:
        """Put the cursor on what stands at a position of the pane, counted from the first row."""
        self.cursor = self.outline.item_at(row, column)

    def move(self, rows: int) -> None:
        """Move the cursor by rows, as far as there are any."""
        if self.cursor != NOTHING:
            self.cursor = self.outline.moved(self.cursor, rows)

    def fit(self, width: CellWidth, height: int) -> None:
        """Adapt the rows to the size of the pane. The cursor stays on its item."""
        self.generation += self.outline.fit(width, height)

    # Selecting

    def toggle_selected(self) -> bool:
        """Select or deselect all nodes that the cursor's row stands for. Return False if it stands for none."""
        nodes = self._under_cursor()
        if self.selected.issuperset(nodes):
            self.selected.difference_update(nodes)
        else:
            self.selected.update(nodes)
        self.generation += 1
        return bool(nodes)

    def select_none(self) -> None:
        """Clear the selection."""
        self.selected.clear()
        self.generation += 1

    # Folding

    def fold(self) -> None:
        """Fold the cursor's row. If it cannot be folded, go to the row above it in the tree."""
        if self.cursor == NOTHING:
            return
        if self.outline.fold(self.cursor):
            self.generation += 1
        elif (above := self.outline.layout.parents[self.cursor]) >= 0:
            self.cursor = above
        elif (beside := self.outline.beside(self.cursor, -1)) is not None:
            self.cursor = beside

    def unfold(self) -> None:
        """Unfold the cursor's row. If it is unfolded, enter it."""
        if self.cursor == NOTHING:
            return
        if self.outline.unfold(self.cursor):
            self.generation += 1
        elif self.is_foldable:
            self.move(1)
        elif (beside := self.outline.beside(self.cursor, 1)) is not None:
            self.cursor = beside

    def toggle(self) -> None:
        """Fold or unfold the cursor's row."""
        if self.cursor != NOTHING:
            self.generation += self.outline.unfold(self.cursor) or self.outline.fold(self.cursor)

    def fold_all(self) -> None:
        """Fold everything. The cursor moves to the row that hides its item."""
        self.outline.fold_all()
        self._settle()

    def unfold_all(self) -> None:
        """Unfold everything."""
        self.outline.unfold_all()
        self._settle()

    # Inside

    @property
    def _positions(self) -> tuple[int, int]:
        """The first and the last position of what is under the cursor."""
        if self.cursor == NOTHING:
            return -1, -1
        first, end = self.outline.span(self.cursor)
        return first, end - 1

    def _use(self, outline: Outline) -> None:
        self.outline = outline
        outline.note(outline.layout.items)
        state = self._state
        self.tallies = Tallies(outline.layout, state.status, state.selected, lambda: state.queued_since)
        self.staleness = self._counted_staleness()

    def _counted_staleness(self) -> Tallies | None:
        return Tallies(self.outline.layout, self._state.stale) if 1 in self._state.stale else None

    def _settle(self) -> None:
        """Adapt to changed rows: a cursor on a hidden item moves to the row that hides it."""
        self.generation += 1
        if not len(self.outline):
            self.cursor = NOTHING
        elif self.cursor == NOTHING:
            self.to_row(0)
        elif self.outline.row(self.cursor) is None:
            self.to_row(self.outline.nearest_row(self.cursor))
