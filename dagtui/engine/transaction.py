"""Changes of a state: tracked for views, and rolled back after a preview."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagtui.engine.active_time import ActiveTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.columns import Columns
    from dagtui.engine.events import NoteEvent
    from dagtui.graph.model import NodeIndex


class Watch:
    """The changes since the watcher last cleared them."""

    __slots__ = ("nodes", "notes", "run")

    def __init__(self) -> None:
        self.nodes: set[NodeIndex] = set()
        self.notes: list[NoteEvent] = []
        self.run = True
        """Whether something about the run changed: jobs, pause, a command."""

    def add(self, other: Watch) -> None:
        """Add the changes of another watch."""
        self.nodes |= other.nodes
        self.notes += other.notes
        self.run |= other.run

    def clear(self) -> None:
        """Forget the changes."""
        self.nodes.clear()
        self.notes.clear()
        self.run = False


class Transaction:
    """A change of a state that is rolled back at its end, unless it is kept."""

    def __init__(self, before: Columns) -> None:
        self.before = before
        """A copy of the state as it was."""
        self.watch = Watch()
        """The changes made by the transaction."""
        self.kept = False
        """Whether the changes are kept. Set by the caller."""


class TrackedState(ActiveTime):
    """The part of a run's state that tracks its changes for views, and rolls them back."""

    def __init__(self, nodes: int, jobs: int) -> None:
        super().__init__(nodes, jobs)
        self.dirty: list[NodeIndex] = []
        """Nodes whose tallies changed since the last propagation."""
        self.roots: dict[NodeIndex, NodeIndex] = {}
        """Cache of root causes, by node. It is cleared when one of these nodes gets another blocker."""
        self.held_up = ""
        """What the run waits for while its journal can't be written, else empty. Not part of any event."""
        self.off_record: frozenset[NodeIndex] = frozenset()
        """Settled nodes whose end is not on record yet. Not part of any event."""
        self._watches: list[Watch] = []

    def watch(self) -> Watch:
        """Start to track changes. The caller ends it with `unwatch`."""
        watch = Watch()
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Stop tracking changes."""
        self._watches.remove(watch)

    def note_record(self, held_up: str, off_record: frozenset[NodeIndex]) -> None:
        """Set which nodes are not on record yet, and why. Events apply to the state independently of this."""
        changed = self.off_record ^ off_record
        self.held_up, self.off_record = held_up, off_record
        for watch in self._watches:
            watch.run = True
            watch.nodes |= changed

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Roll back the events applied inside at the end, unless the transaction is kept.

        Watches see none of the changes before the end.
        """
        transaction = Transaction(self.copy_columns())
        watches, self._watches = self._watches, [transaction.watch]
        try:
            yield transaction
        finally:
            self._watches = watches
            if transaction.kept:
                for watch in watches:
                    watch.add(transaction.watch)
            else:
                self.restore_columns(transaction.before)
                self.dirty.clear()
                self.roots.clear()
