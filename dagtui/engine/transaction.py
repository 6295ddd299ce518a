"""Changes of a state: tracked for views, and rolled back after a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
