"""Recording: events are written to the journal, and then told to who listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.status import SETTLED
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.protocol import Journal
    from dagtui.engine.state import RunState
    from dagtui.text.amounts import ClockTime

AT_ONCE = 10_000
"""Maximum number of events in one write to the journal, to bound the memory of their lines."""


class Recorder:
    """The part of a run that has its clock and its journal."""

    def __init__(self, state: RunState, journal: Journal, clock: Callable[[], float], origin: float | None) -> None:
        self.state = state
        self.listeners: list[Callable[[Sequence[Event]], None]] = []
        """Called with events after they are written to the journal, and before the next events."""
        self._journal = journal
        self._monotonic = cast("Callable[[], ClockTime]", clock)
        self._origin: float = clock() if origin is None else origin
        self._unwritten: list[Event] = []
        self._complained = False
        self._refused = False
        self._synced = NO_TIME
        self._unsynced = False

    def clock(self) -> ClockTime:
        """Return the seconds since the run began."""
        return self._monotonic() - self._origin

    def sync(self) -> None:
        """Make the journal survive a power loss. A failure is reported once."""
        self._synced, self._unsynced = self.clock(), False
        try:
            self._journal.sync()
        except JournalFullError as error:
            if not self._refused:
                self._refused = True
                self.state.apply(NoteEvent(self.clock(), f"{error}; what was just recorded may be lost"))

    def _record(self, events: list[Event]) -> bool:
        """Write events to the journal as far as possible. Return False if some are left."""
        events = self._unwritten + events
        written, waits = 0, ""
        try:
            while written < len(events):
                self._journal.write(events[written : written + AT_ONCE])
                written += AT_ONCE
            self._complained = False
        except JournalFullError as error:
            waits = error.waits
            if not self._complained:
                self._complained = True
                self.state.apply(NoteEvent(self.clock(), str(error)))
        grew = len(events) - written > len(self._unwritten)
        self._unwritten = events[written:]
        del events[written:]
        changed = bool(waits or self.state.held_up) and self._note_unrecorded(waits, again=bool(grew or written))
        if events:
            self._unsynced = True
        if events or changed:
            for listener in self.listeners:
                listener(events)
        return not self._unwritten

    def _note_unrecorded(self, waits: str, *, again: bool) -> bool:
        """Note in the state what is not on record. Return whether that has changed."""
        state = self.state
        if waits == state.held_up and not again:
            return False
        unwritten = {event.node for event in self._unwritten if isinstance(event, NodeEvent)}
        settled = frozenset(node for node in unwritten if state.status[node] in SETTLED)
        state.note_record(waits, settled)
        return True
