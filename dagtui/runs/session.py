"""A session owns one live run: graph, state, journal and executor, independent of any screen."""

from __future__ import annotations

import contextlib
import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import RUN_AGAIN
from dagtui.engine.run import Run
from dagtui.engine.status import Cause, NodeStatus
from dagtui.execution.local import undelivered
from dagtui.graph.resolution import ResolutionError
from dagtui.runs.attempts import AttemptResults
from dagtui.runs.forecast import Forecast
from dagtui.runs.node_environment import TERMINAL, NodeEnvironment, NoNodeEnvironmentError
from dagtui.runs.notices import Notice
from dagtui.runs.recorded import NullExecutor, NullJournal
from dagtui.runs.wall_times import WallTimes
from dagtui.store.directory import prune
from dagtui.store.errors import StoreError
from dagtui.store.paths import log_name
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Command
    from dagtui.engine.preview import Preview
    from dagtui.execution.local.executor import LocalExecutor
    from dagtui.graph.expressions.as_run import AsRun
    from dagtui.graph.model import Graph
    from dagtui.runs.previous_run import Replay
    from dagtui.store.directory import RunDirectory
    from dagtui.store.history import History
    from dagtui.text.secrets import Secrets


NAMED = 5
"""Number of nodes that a notice names."""


class Monitor(Protocol):
    """Watches the files of a run."""

    def look(self) -> None:
        """Check once."""

    async def watch(self) -> None:
        """Check periodically until cancelled."""


class Session:
    """A live run, or a recorded one on a frozen clock.

    Screens come and go. Each reads `state`, gives commands, and starts `drive` in a task of its own.
    """

    def __init__(
        self,
        graph: Graph,
        run: Run,
        forecast: Forecast,
        directory: RunDirectory | None,
        history: History | None = None,
        executor: LocalExecutor | None = None,
    ) -> None:
        """Create a session. A recorded run has no directory, history or executor."""
        self.graph = graph
        self.run = run
        self.state = run.state
        self.forecast = forecast
        self.directory = directory
        self.wall_times = WallTimes(time.time() - run.clock())
        self.attempts = AttemptResults(len(graph))
        run.listeners += [self.attempts.learn, self.learn_durations]
        self.jobs_given: int | None = None
        """The slots that the call asked for. None if it left them to the graph."""
        self.ending = False
        """Whether the run is being ended. Then only cancels are accepted from outside."""
        self.untold: list[NoteEvent] = []
        """Notes that no screen has shown yet. The next screen shows them and clears the list."""
        self.lost_record: Notice | None = None
        """Set if part of the run's directory was removed while the run was live."""
        self.changed_file: Notice | None = None
        """Set if the graph file has changed since the run started."""
        self.short_lived: Notice | None = None
        """Set if the run ends with its terminal or with the user's login, although nothing asked for that."""
        self.monitor: Monitor | None = None
        """Watches the files of a run that is driven here."""
        self.environment: Mapping[str, str] | None = None
        """The environment of the run's attempts. None if it is not known here."""
        self.secrets: Secrets | None = None
        """The secrets to redact wherever the environment is shown."""
        self._history = history
        self._executor = executor
        self._number = directory.number if directory else 0
        self._log_directory: Path | None = None

    @classmethod
    def recorded(
        cls,
        graph: Graph,
        events: Iterable[Event],
        now: float,
        log_directory: Path | None = None,
        *,
        number: int = 1,
        jobs: int = 4,
        began_at: float = 1_700_000_000.0,
    ) -> Session:
        """Return a run as recorded events left it. Its clock stands still at `now`, and nothing is executed."""
        run = Run(graph, NullExecutor(), NullJournal(), jobs=jobs, clock=lambda: now, origin=0.0)
        events = list(events)
        run.adopt(events)
        session = cls(graph, run, Forecast(graph, None), None)
        session.attempts.learn(events)
        session.wall_times = WallTimes(began_at)
        session._number = number
        session._log_directory = log_directory
        return session

    def replay(self, past: Replay) -> None:
        """Load attempts and times from before the run was resumed."""
        self.wall_times = WallTimes(past.began_at)
        past.set_going(self.wall_times)
        self.wall_times.set_going(self.clock(), time.time())
        self.attempts.learn(past.events)
        self.learn_durations(past.events[past.unended :])

    # Identity

    @property
    def name(self) -> str:
        """The graph's name."""
        return self.graph.name

    @property
    def number(self) -> int:
        """The number of the run, from 1."""
        return self._number

    @property
    def path(self) -> Path | None:
        """The run's directory."""
        return self.directory.path if self.directory else None

    @property
    def graph_path(self) -> Path | None:
        """The graph's file."""
        return self.graph.path

    def clock(self) -> float:
        """Return the seconds since the run started."""
        return self.run.clock()

    def wall(self, clock: float) -> float:
        """Convert a time on the run's clock to wall time."""
        return self.wall_times.at(clock)

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.run.settled

    @property
    def elapsed(self) -> float:
        """Seconds for which the run has been active. The count stops while all nodes are settled."""
        return self.state.active(self.clock())

    @property
    def wall_seconds(self) -> float:
        """Seconds since the run started, including time spent waiting for the user or without a process."""
        return max(0.0, self.wall(self.clock()) - self.wall(0.0))

    def alive(self) -> int:
        """Return the number of attempts in flight."""
        return self.state.counts[NodeStatus.RUNNING] + self.state.counts[NodeStatus.CANCELLING]

    # Control

    def preview(self, command: Command) -> Preview:
        """Return what a command would do now."""
        return self.run.preview(command)

    def give(self, command: Command) -> Preview:
        """Carry out a command. Return what it did, or why it did nothing."""
        if self.monitor is not None and command.kind in RUN_AGAIN:
            self.monitor.look()  # the file may have changed just before
        return self.run.give(command)

    def note(self, text: str) -> None:
        """Record a note, which the next screen shows."""
        self.untold.append(NoteEvent(self.clock(), text))
        self.run.note(text)

    def note_short_life(self, notice: Notice) -> None:
        """Show a notice for as long as a screen is open, because it was printed before the screen covered it."""
        self.short_lived = notice
        self.note(notice.text)

    @property
    def notices(self) -> list[Notice]:
        """The problems that apply now."""
        found = (self._off_record(), self.lost_record, self.short_lived, self.changed_file)
        return [notice for notice in found if notice is not None]

    @property
    def waits(self) -> str:
        """Why nothing happens in an unsettled run, in a few words, such as "is paused". Empty without such a reason."""
        if self.state.held_up:
            return self.state.held_up
        return "is paused" if self.state.paused and not self.alive() and not self.settled else ""

    def _off_record(self) -> Notice | None:
        """Return a notice if the journal can't be written: what the run waits for, and the nodes not recorded yet."""
        state, labels = self.state, self.graph.labels
        nodes = sorted(state.off_record)
        if not state.held_up:
            return None
        if not nodes:
            return Notice(state.held_up, state.held_up)
        names = ", ".join(label(labels[node], 60) for node in nodes[:NAMED])
        more = f" and {count(len(nodes) - NAMED)} more" if len(nodes) > NAMED else ""
        brief = f"{state.held_up}: {count(len(nodes))} not on record yet"
        return Notice(brief, f"{state.held_up}; not on record yet: {names}{more}")

    def tell(self) -> None:
        """Tell the listeners about a change that is not an event."""
        for listener in self.run.listeners:
            listener(())

    def announce(self, what: str, why: str) -> None:
        """Record that a screen was attached or detached. Unlike a note, this is not shown."""
        self.run.announce(what, why)

    @property
    def unkillable(self) -> frozenset[int]:
        """The nodes whose processes are still there after KILL. Leaving does not wait for them."""
        return frozenset(self.run.traversal.unkillable)

    # Reading

    def log_path(self, node: int, attempt: int) -> Path:
        """Return the path of an attempt's log. The file does not exist before the first output."""
        if self.directory is not None:
            return self.directory.log_path(self.graph.labels[node], attempt)
        return (self._log_directory or Path("/nonexistent")) / log_name(self.graph.labels[node], attempt)

    def node_environment(self, node: int) -> NodeEnvironment:
        """Return the environment of the node's next attempt. Raises NoNodeEnvironmentError."""
        if self._executor is None:
            raise NoNodeEnvironmentError("nothing is executed here: this is a recording")
        attempt = self.state.attempt[node] + 1
        try:
            cwd, common, own = self._executor.surroundings(node, attempt)
        except ResolutionError as error:
            raise NoNodeEnvironmentError(str(error)) from None
        if not os.path.isdir(cwd):
            raise NoNodeEnvironmentError(
                f"the working directory of {label(self.graph.labels[node])} does not exist: {label(cwd, 1000)}"
            )
        kept = {name: value for name, value in common.items() if name not in TERMINAL}
        return NodeEnvironment(attempt, cwd, kept | own)

    @cached_property
    def as_run(self) -> AsRun:
        """What nodes execute: placeholders are filled in where their values are known, and secrets are redacted."""
        from dagtui.graph.expressions.as_run import AsRun, UnknownEnvironment, redacted_environment

        environment = self.environment
        if environment is not None and self.secrets is not None:
            environment = redacted_environment(environment, self.graph.settings.secrets, self.secrets)
        known = UnknownEnvironment() if environment is None else environment
        return AsRun(self.graph, known, self._ended_as, self.secrets)

    def _ended_as(self, node: int) -> str:
        """Return the value of `needs.X.status`."""
        status = self.state.status_of(node)
        if not status.settled:
            raise ResolutionError(f"{self.graph.labels[node]} has not ended")
        return status.name.lower()

    def estimate(self, node: int) -> float | None:
        """Return the expected seconds of a node, from earlier runs. None without history."""
        return self.forecast.estimate(node)

    def remaining(self) -> tuple[float, int] | None:
        """Return the expected seconds until the run is settled, and the node that bounds it. None without history."""
        return self.forecast.remaining(self.state, self.clock())

    def seconds_for(self, preview: Preview) -> float | None:
        """Return the expected seconds of what a command would run."""
        return self.forecast.seconds_for([*preview.again, *preview.released], self.state.jobs)

    # Driving

    async def watch_files(self) -> None:
        """Check the run's files periodically, until cancelled."""
        if self.monitor is not None:
            await self.monitor.watch()

    async def drive(self) -> None:
        """Drive the run until the task is cancelled. Waits for commands when all nodes are settled."""
        await self.run.drive()

    async def drive_until_settled(self) -> None:
        """Drive the run until all nodes are settled."""
        await self.run.drive_until_settled()

    async def close(self, why: str = "") -> None:
        """End every process, close the journal, release the directory, and remove old runs."""
        try:
            await self.run.close(why)
            if self._history is not None:
                self._history.save()
            if self.directory is not None:
                undelivered.discard(os.fspath(self.directory.path))
        finally:
            if self.directory is not None:
                self.directory.close()
        if self.directory is not None and self.graph.path is not None:
            # A task may have replaced the folder, and the run has ended all the same.
            with contextlib.suppress(OSError, StoreError):
                prune(self.graph.path)

    def learn_durations(self, events: Iterable[Event]) -> None:
        """Record the durations of successful attempts in the history."""
        if self._history is None:
            return
        graph = self.graph
        for event in events:
            if isinstance(event, NodeEvent) and event.cause is Cause.RAN and event.seconds:
                self._history.record(graph.labels[event.node], graph.task(event.node).group, event.seconds)
