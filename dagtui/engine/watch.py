"""Change tracking of a run's state, for views."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.engine.events import NoteEvent


class Watch:
    """The changes since the watcher last cleared them."""

    __slots__ = ("nodes", "notes", "run")

    def __init__(self) -> None:
        self.nodes: set[int] = set()
        self.notes: list[NoteEvent] = []
        self.run = True
        """Whether something about the run changed: jobs, pause, a command."""

    def add(self, other: Watch) -> None:
        """Add the changes of another watch."""
        self.nodes |= other.nodes
        self.notes += other.notes
        self.run |= other.run
