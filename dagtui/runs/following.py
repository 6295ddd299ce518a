"""Follow a run of another process, read-only, through its journal and its logs."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Self

import anyio

from dagtui.engine.event_records import parse, wall_time
from dagtui.engine.events import ON_RECORD, RunEvent
from dagtui.engine.state import RunState
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_recorded
from dagtui.runs.forecast import Forecast
from dagtui.runs.previous_run import recorded_graph
from dagtui.runs.view import RunView, WallTimes
from dagtui.store.errors import StoreError
from dagtui.store.history import History
from dagtui.store.journal import JournalFollower
from dagtui.text.amounts import NO_TIME, WallTime, now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.store.directory import RunDirectory
    from dagtui.text.amounts import ClockTime, Seconds

LOOK_SECONDS = 0.1
"""Interval of journal checks."""
ASK_SECONDS = 1.0
"""Interval of checks whether a process still has the run."""
_PIECE = 131_072
"""Bytes of the journal that are processed in one turn of the loop."""
_BEGINNINGS = frozenset({"started", "resumed"})


class FollowedRun(RunView):
    """A view whose state follows the journal of another process's run, live or ended.

    The state can't follow if lines of the journal are taken back, which happens on full disks, or if the run is
    resumed or reloaded. Then `outdated` becomes true, and `follow` returns. `follow_on` reads the run again in place.
    """

    def __init__(self, graph: Graph, directory: RunDirectory, history: History, follower: JournalFollower) -> None:
        """Follow the run in a directory. `open` loads what this needs."""
        super().__init__(RunState(graph), Forecast(graph, history), directory.path, directory.number)
        self._directory = directory
        self._graph_path = directory.graph_path
        self._follower = follower
        self._last_at = NO_TIME
        self._last_seen = time.monotonic()
        self._clock = NO_TIME
        self._dated = False
        self._caught_up = False
        self.over = False
        """Whether the run has ended, or no process has it any more."""
        self.outdated = False
        """Lines were taken back, or the run was resumed or reloaded, with another graph. It must be read again."""

    @classmethod
    def open(cls, directory: RunDirectory, graph_path: Path, most: Seconds = inf) -> Self:
        """Open a run of a graph file, and read its journal so far, if that takes no more than `most` seconds.

        Raises StoreError for every kind of failure.
        """
        until = time.monotonic() + most
        try:
            graph = load_recorded(graph_path, recorded_graph(directory))
            history = History.load(graph_path)
            follower = JournalFollower(directory.journal_path)
            run = cls(graph, directory, history, follower)
            while run._read_piece() or run.outdated:
                if time.monotonic() > until:
                    raise StoreError(f"reading {directory.journal_path} takes too long")
                if run.outdated:
                    # The follower continues: it knows which line is suspect.
                    run = cls(graph, directory, history, follower)
            run._caught_up, run._graph_path = True, graph_path
            run._check_alive()
        except GraphError as error:
            raise StoreError(f"can't read the graph of the run {directory.path}: {error}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"can't read the journal {directory.journal_path}: {error}") from error
        return run

    @property
    def settled(self) -> bool:
        """Whether nothing more happens: all nodes are settled, or the run is over."""
        return self.over or not self.state.unsettled

    @property
    def problem(self) -> str | None:
        """What is wrong with the journal. Nothing after it can be followed."""
        return self._follower.problem

    def alive(self) -> int:
        """Return the number of attempts in flight, which is 0 when the run is over, however it ended."""
        return 0 if self.over else super().alive()

    def clock(self) -> ClockTime:
        """Return the run's clock as the journal gives it. It never goes back, and stops at the end."""
        if not self.over:
            self._clock = max(self._clock, self._last_at + time.monotonic() - self._last_seen)
        return self._clock

    async def follow(self) -> None:
        """Follow the journal until the task is cancelled, or until `outdated`."""
        asked = time.monotonic()
        while not self.outdated:
            if self._read_piece():
                await anyio.lowlevel.checkpoint()
                continue
            if time.monotonic() - asked >= ASK_SECONDS:
                asked = time.monotonic()
                self._check_alive()
            await anyio.sleep(LOOK_SECONDS)

    async def follow_on(self) -> None:
        """Follow the journal until the task is cancelled. Where that is `outdated`, read the run again in this place.

        Raises StoreError.
        """
        while True:
            await self.follow()
            self._read_again()

    def _read_again(self) -> None:
        """Become what a new view of the run is, for the same listeners. Raises StoreError."""
        fresh = self.open(self._directory, self._graph_path)
        self._follower.close()
        listeners, reload_listeners = self._listeners, self._reload_listeners
        self.__dict__.clear()
        self.__dict__.update(fresh.__dict__)
        listeners[0] = self.attempts.learn
        self._listeners, self._reload_listeners = listeners, reload_listeners
        self.tell_reloaded()
        self.tell()

    def close(self) -> None:
        """Read the journal a last time, in case the run has ended since, then close it."""
        if not self.outdated:
            self._read_to_end()
            self._check_alive()
            self.outdated = False  # there are no further checks
        self._follower.close()

    def _read_piece(self) -> bool:
        """Process a piece of the journal. Return whether there was any."""
        records = self._follower.poll(_PIECE)
        if records is None:
            self.outdated = bool(self._dated)
            return not self.outdated
        if not records:
            return False
        self._learn_from(records)
        return True

    def _read_to_end(self) -> None:
        while not self.outdated and self._read_piece():
            pass

    def _learn_from(self, records: Iterable[Mapping[str, object]]) -> None:
        events: list[Event] = []
        for record in records:
            event = parse(record, self.graph)
            if event is None:
                continue
            events.append(event)
            self._date(event, wall_time(record, now()))
        self.state.replay(events)
        self.tell(events)

    def _date(self, event: Event, wall: WallTime) -> None:
        """Map the event's wall time to the run's clock, and note whether the clock is running."""
        if not self._dated:
            self.wall_times = WallTimes(wall - event.at)
            self._dated = True
        self._last_at = event.at
        self._clock = max(self._clock, event.at)
        self._last_seen = time.monotonic() - max(0.0, WallTime(time.time()) - wall)
        if not isinstance(event, RunEvent):
            return
        if event.what == "ended":
            self.over = True
        elif event.what in _BEGINNINGS:
            self.over = False
        if event.what == ON_RECORD:
            self.outdated = self._caught_up
        elif event.what == "resumed":
            self.wall_times.set_going(event.at, wall)
            self.outdated = self._caught_up

    def _check_alive(self) -> None:
        """Check whether a process still has the run. If none has, the run is over, however it ended."""
        if self.over or self._directory.is_live():
            return
        # Read what it wrote before it released the lock, then tell the listeners that the clock stands still.
        self._read_to_end()
        self.over = True
        self.tell()


def read_run(directory: RunDirectory, graph_path: Path, most: Seconds = inf) -> RunView:
    """Read a run once, as far as its journal goes now, if that takes no more than `most` seconds.

    Raises StoreError for every kind of failure.
    """
    run = FollowedRun.open(directory, graph_path, most)
    run.close()
    return run
