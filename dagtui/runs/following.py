"""Follow a run of another process, read-only, through its journal and its logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import anyio

from dagtui.engine.events import RunEvent, parse
from dagtui.engine.preview import Preview
from dagtui.engine.run import Run
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text
from dagtui.runs.forecast import Forecast
from dagtui.runs.node_environment import NoNodeEnvironmentError
from dagtui.runs.recorded import NullExecutor, NullJournal
from dagtui.runs.session import Session
from dagtui.runs.wall_times import WallTimes
from dagtui.store.errors import StoreError
from dagtui.store.files import read_file
from dagtui.store.follower import JournalFollower
from dagtui.store.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Command
    from dagtui.graph.model import Graph
    from dagtui.runs.node_environment import NodeEnvironment
    from dagtui.store.directory import RunDirectory

READ_ONLY = "read-only: this screen only watches the run"
LOOK_SECONDS = 0.1
"""Interval of journal checks."""
ASK_SECONDS = 1.0
"""Interval of checks whether a process still has the run."""
_PIECE = 131_072
"""Bytes of the journal that are processed in one turn of the loop."""
_LARGEST_GRAPH = 1 << 30
_BEGINNINGS = frozenset({"started", "resumed"})


class FollowingSession(Session):
    """A session whose state follows the journal of another process's run, live or ended.

    The state can't follow if lines of the journal are taken back, which happens on full disks, or if the run is
    resumed. Then `outdated` becomes true, `drive` returns, and the caller must open a new session.
    """

    def __init__(self, graph: Graph, directory: RunDirectory, history: History) -> None:
        """Follow the run in a directory. `open` loads what this needs."""
        self._followed = directory
        self._follower = JournalFollower(directory.journal_path)
        self._last_at = 0.0
        self._last_seen = time.monotonic()
        self._clock = 0.0
        self._dated = False
        self._caught_up = False
        self._over = False
        """The run has ended, or no process has it any more."""
        run = Run(graph, NullExecutor(), NullJournal(), clock=self._now, origin=0.0)
        super().__init__(graph, run, Forecast(graph, history), directory)
        self.outdated = False
        """Lines were taken back, or the run was resumed, perhaps with another graph. It must be read again."""

    @classmethod
    def open(cls, directory: RunDirectory, graph_path: Path) -> Self:
        """Open a run of a graph file, and read its journal so far. Raises StoreError and GraphError."""
        try:
            content = read_file(directory.graph_path, _LARGEST_GRAPH)
        except OSError as error:
            raise StoreError.of("read the graph of the run", directory.graph_path, error) from error
        graph = load_text(content, graph_path)
        history = History.load(graph_path)
        session = cls(graph, directory, history)
        while session._read_piece() or session.outdated:
            if session.outdated:
                # The follower continues: it knows which line is suspect.
                again = cls(graph, directory, history)
                again._follower = session._follower
                session = again
        session._caught_up = True
        session._check_alive()
        return session

    # Overrides for a run of another process

    @property
    def settled(self) -> bool:
        """Return whether nothing more happens: all nodes are settled, or the run is over."""
        return self._over or not self.state.unsettled

    @property
    def problem(self) -> str | None:
        """What is wrong with the journal. Nothing after it can be followed."""
        return self._follower.problem

    def alive(self) -> int:
        """Return the number of attempts in flight, which is 0 when the run is over, however it ended."""
        return 0 if self._over else super().alive()

    @property
    def over(self) -> bool:
        """Whether the run has ended, or no process has it any more."""
        return self._over

    def preview(self, command: Command) -> Preview:
        """Refuse: the screen is read-only."""
        return Preview(command, nothing=READ_ONLY)

    def give(self, command: Command) -> Preview:
        """Refuse: the screen is read-only."""
        return Preview(command, nothing=READ_ONLY)

    def node_environment(self, node: int) -> NodeEnvironment:  # noqa: ARG002 - the signature of a session
        """Raise NoNodeEnvironmentError: the run's variables, secrets among them, are not recorded."""
        raise NoNodeEnvironmentError("read-only: this screen only watches the run, and does not know its environment")

    def note(self, text: str) -> None:
        """Do nothing: the journal belongs to another process."""

    def announce(self, what: str, why: str) -> None:
        """Do nothing: the journal belongs to another process."""

    async def drive(self) -> None:
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

    async def drive_until_settled(self) -> None:
        """Do nothing: another process drives the run."""

    async def close(self, why: str = "") -> None:  # noqa: ARG002 - the signature of a session
        """Read the journal a last time, in case the run has ended since, then close it."""
        if not self.outdated:
            while not self.outdated and self._read_piece():
                pass
            self._check_alive()
            self.outdated = False  # there are no further checks
        self._follower.close()

    # Following

    def _now(self) -> float:
        """Return the run's clock as the journal gives it. It never goes back, and stops at the end."""
        if not self._over:
            self._clock = max(self._clock, self._last_at + time.monotonic() - self._last_seen)
        return self._clock

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

    def _learn_from(self, records: Iterable[Mapping[str, object]]) -> None:
        events: list[Event] = []
        for record in records:
            event = parse(record, self.graph)
            if event is None:
                continue
            events.append(event)
            wall = record.get("time")
            self._date(event, float(wall) if isinstance(wall, int | float) else time.time())
        self.state.replay(events)
        for listener in self.run.listeners:
            listener(events)

    def _date(self, event: Event, wall: float) -> None:
        """Map the event's wall time to the run's clock, and note whether the clock is running."""
        if not self._dated:
            self.wall_times = WallTimes(wall - event.at)
            self._dated = True
        self._last_at = event.at
        self._clock = max(self._clock, event.at)
        self._last_seen = time.monotonic() - max(0.0, time.time() - wall)
        if not isinstance(event, RunEvent):
            return
        if event.what == "ended":
            self._over = True
        elif event.what in _BEGINNINGS:
            self._over = False
        if event.what == "resumed":
            self.wall_times.set_going(event.at, wall)
            self.outdated = self._caught_up

    def _check_alive(self) -> None:
        """Check whether a process still has the run. If none has, the run is over, however it ended."""
        if self._over or self._followed.is_live():
            return
        # Read what it wrote before it released the lock, then tell the listeners that the clock stands still.
        while not self.outdated and self._read_piece():
            pass
        self._over = True
        for listener in self.run.listeners:
            listener(())


def open_run(directory: RunDirectory, graph_path: Path) -> FollowingSession:
    """Follow a run. Raises StoreError for every kind of failure."""
    try:
        return FollowingSession.open(directory, graph_path)
    except GraphError as error:
        raise StoreError(f"can't read the graph of the run {directory.path}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"can't read the journal {directory.journal_path}: {error}") from error
