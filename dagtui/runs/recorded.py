"""A past run as a recording: read once from its directory, and shown as it was at any moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Self

from dagtui.engine.columns import COLUMN_NAMES, Columns
from dagtui.engine.event_records import parse, wall_time
from dagtui.engine.events import NoteEvent, RunEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_recorded, without_garbage_collection
from dagtui.runs.forecast import Forecast
from dagtui.runs.previous_run import UNKNOWN, recorded_graph
from dagtui.runs.recorded_events import RecordedEvents
from dagtui.runs.snapshots import Snapshots
from dagtui.runs.view import RunView, WallTimes
from dagtui.store.errors import StoreError
from dagtui.store.history import History
from dagtui.store.journal import JournalReader
from dagtui.text.amounts import NO_TIME, WallTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.snapshots import Snapshot
    from dagtui.store.directory import RunDirectory
    from dagtui.text.amounts import ClockTime, Seconds

PAST = "read-only: this is a recording of a past run"
_LEAST_IDLE = 1.0
"""Seconds without an event that can be left out."""
_BEGINNINGS = frozenset({"started", "resumed"})
_COLUMNS = frozenset(COLUMN_NAMES)


class RecordedRun(RunView):
    """A view of a run that no process has. It opens at its end, and nothing ever happens in it by itself.

    A moment is a number of events. `go_to` and `go_to_clock` change `state`, `attempts` and the clock to what they were
    then. Graph and logs are those that the run has left: a node that a resume or a reload has removed since is not in
    it, and one that was added waits until then.
    """

    stands_still = True

    def __init__(
        self,
        graph: Graph,
        directory: RunDirectory,
        history: History,
        records: Iterable[Mapping[str, object]],
        snapshots: Snapshots | None = None,
    ) -> None:
        """Replay the records of a journal to their end. `open` loads what this needs."""
        super().__init__(RunState(graph), Forecast(graph, history), directory.path, directory.number)
        self.events = RecordedEvents()
        self.problem: str | None = None
        """What is wrong with the journal. Nothing after it is known."""
        self.moment = 0
        """The number of events that the state shows."""
        self.first = 0
        """The first moment: the run has started, and nothing has happened yet."""
        self._snapshots = Snapshots() if snapshots is None else snapshots
        self._clock = self.events.clock_at(0)
        self._overs: list[tuple[int, bool]] = []
        """After how many events a process got the run, or had it no more."""
        self._idle: list[tuple[ClockTime, ClockTime]] = []
        """Times in which everything was settled, until a command woke the run, or a person left its screen."""
        self._was_dated = False
        self._read(records)

    @classmethod
    def open(cls, directory: RunDirectory, graph_path: Path) -> Self:
        """Read a past run of a graph file, and show its end. Raises StoreError for every kind of failure."""
        try:
            with without_garbage_collection():
                graph = load_recorded(graph_path, recorded_graph(directory))
                reader = JournalReader(directory.journal_path)
                run = cls(graph, directory, History.load(graph_path), reader)
        except GraphError as error:
            raise StoreError(f"can't read the graph of the run {directory.path}: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"can't read the journal {directory.journal_path}: {error}") from error
        run.problem = reader.problem
        return run

    def _read(self, records: Iterable[Mapping[str, object]]) -> None:
        self._take_snapshot()
        passed: list[Event] = []
        at = NO_TIME
        for record in records:
            event = parse(record, self.graph)
            if event is None:
                continue
            if event.at - at > _LEAST_IDLE:
                self._pass(passed)
                passed = []
                if not self.state.unsettled:
                    self._idle.append((at, event.at))
            at = max(at, event.at)
            passed.append(event)
            if isinstance(event, RunEvent) or not self._was_dated:
                self._date(len(self.events) + len(passed), event, wall_time(record, UNKNOWN))
            if self._snapshots.is_due(len(self.events) + len(passed)):
                self._pass(passed)
                self._take_snapshot()
                passed = []
        self._pass(passed)
        self.moment, self._clock = self.last, self.last_clock
        self.whole = self.state.active(self._clock)
        settled_at = self.state.settled_at
        self.settled_last = self._clock if settled_at is None else settled_at

    def _pass(self, events: list[Event]) -> None:
        self.events.extend(events)
        self.state.replay(events)
        self.attempts.learn(events)

    def _date(self, number: int, event: Event, wall: WallTime) -> None:
        """Map the wall time of the event with this number, from 1, to the clock, and note who has the run then."""
        if not self._was_dated:
            self.wall_times, self._was_dated = WallTimes(wall - event.at), True
        if not isinstance(event, RunEvent):
            return
        if event.what == "started" and not self.first:
            self.first = number
        if event.what == "resumed":
            self.wall_times.set_going(event.at, wall)
        if event.what in _BEGINNINGS or event.what == "ended":
            self._overs.append((number, event.what == "ended"))

    # Reading

    @property
    def read_only(self) -> str:
        """Why every command is refused."""
        return PAST

    @property
    def last(self) -> int:
        """The last moment: all has happened."""
        return len(self.events)

    @property
    def over(self) -> bool:
        """Whether no process had the run at this moment."""
        if self.moment == self.last:
            return True
        found = bisect_right(self._overs, self.moment, key=lambda over: over[0])
        return bool(found) and self._overs[found - 1][1]

    @property
    def settled(self) -> bool:
        """Whether nothing more happened by itself at this moment."""
        return self.over or not self.state.unsettled

    def alive(self) -> int:
        """Return the number of attempts that were in flight."""
        return 0 if self.over else super().alive()

    def clock(self) -> ClockTime:
        """Return what the run's clock read at this moment."""
        return self._clock

    @property
    def last_clock(self) -> ClockTime:
        """What the run's clock read at the end."""
        return self.events.clock_at(self.last)

    def shown_seconds(self, clock: ClockTime) -> Seconds:
        """Return how far a time of the clock is from the beginning, without times in which everything was settled."""
        return clock - NO_TIME - sum(min(end, clock) - start for start, end in self._idle if start < clock)

    def clock_after(self, seconds: Seconds) -> ClockTime:
        """Return the time of the clock that is so far from the beginning."""
        clock = NO_TIME + seconds
        for start, end in self._idle:
            if start < clock:
                clock += end - start
        return clock

    @property
    def failure_clocks(self) -> list[ClockTime]:
        """When nodes failed, by the run's clock, without failures that are allowed."""
        return [self.events.clock_at(number + 1) for number, _ in self._failures]

    @cached_property
    def _failures(self) -> list[tuple[int, NodeIndex]]:
        """The events with which nodes failed whose failure counts, and their nodes."""
        found = ((number, self.events.node_of(number)) for number in self.events.failures)
        return [(number, node) for number, node in found if not self.state.allows_failure(node)]

    def next_failure(self, direction: int) -> tuple[int, NodeIndex] | None:
        """Return the moment of the next failure, or of the one before for a negative direction, and its node.

        After the last one comes the first. None: no node failed.
        """
        failures = self._failures
        if not failures:
            return None
        if direction > 0:
            at = bisect_left(failures, self.moment, key=lambda failure: failure[0])
        else:
            at = bisect_left(failures, self.moment - 1, key=lambda failure: failure[0]) - 1
        number, node = failures[at % len(failures)]
        return number + 1, node

    def log_until(self, node: NodeIndex, attempt: AttemptNumber) -> WallTime | None:
        """Return the time until which the log of an attempt was written at this moment. None: all of it was."""
        status = self.state.status[node]
        in_flight = status in ALIVE or status == NodeStatus.READY
        return self.wall(self._clock) if in_flight and attempt == self.state.attempt[node] and not self.over else None

    # Moving

    def go_to(self, moment: int) -> None:
        """Show a moment, or the nearest one that exists."""
        moment = max(self.first, min(moment, self.last))
        self._show(moment, self.events.clock_at(moment))

    def go_to_clock(self, clock: ClockTime) -> None:
        """Show what the run had become when its clock read this, or something as near as there is."""
        moment = max(self.first, self.events.count_until(clock))
        least, most = self.events.clock_at(moment), self.last_clock
        self._show(moment, least if clock < least else min(clock, most))

    def _show(self, moment: int, clock: ClockTime) -> None:
        """Bring state, attempts and clock to a moment. Watches and listeners learn what may differ."""
        state, before = self.state, self.moment
        selected, held = bytes(state.selected), set(state.held)
        self._clock = clock
        with state.transaction() as transaction:
            transaction.kept = True
            passed = self._replay_until(moment) if moment != before else []
            changed = self.events.nodes_between(min(before, moment), max(before, moment))
            transaction.watch.nodes = changed | (held ^ state.held)
            transaction.watch.notes = [event for event in passed[-1:] if isinstance(event, NoteEvent)]
        if state.selected != selected:
            self.tell_reloaded()
        self.tell()

    def _replay_until(self, moment: int) -> list[Event]:
        """Bring state and attempts to a moment. Return the events that were applied."""
        start, snapshot = self.moment, self._snapshots.before(moment)
        if moment < start or snapshot.moment > start:
            self._restore(snapshot)
            start = snapshot.moment
        passed = list(self.events.between(start, moment))
        self.state.replay(passed)
        self.attempts.learn(passed)
        self.state.roots.clear()
        self.moment = moment
        return passed

    # Snapshots

    def _take_snapshot(self) -> None:
        values = {name: getattr(self.state, name) for name in COLUMN_NAMES}
        self._snapshots.take(len(self.events), values | self.attempts.contents())

    def _restore(self, snapshot: Snapshot) -> None:
        columns = Columns(0)
        for name in COLUMN_NAMES:
            setattr(columns, name, snapshot.restored(name))
        self.state.restore_columns(columns)
        self.attempts.restore({name: snapshot.restored(name) for name in snapshot.contents if name not in _COLUMNS})
