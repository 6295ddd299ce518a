"""What changed in a state, for whoever shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.engine.events import NoteEvent


class Watch:
    """What changed since whoever watches looked last; the watcher clears it."""

    __slots__ = ("nodes", "notes", "run")

    def __init__(self) -> None:
        self.nodes: set[int] = set()
        self.notes: list[NoteEvent] = []
        self.run = True
        """Something changed that concerns the run: jobs, pause, a command."""

    def add(self, other: Watch) -> None:
        """See what another watch has seen."""
        self.nodes |= other.nodes
        self.notes += other.notes
        self.run |= other.run
