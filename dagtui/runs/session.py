"""The owner of one live run: it holds graph, state, record and executor, whoever shows them."""

from __future__ import annotations

import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

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
from dagtui.store.paths import log_name
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Command
    from dagtui.engine.preview import Preview
    from dagtui.execution.local.executor import LocalExecutor
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.graph.expressions.as_run import AsRun
    from dagtui.graph.model import Graph
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.runs.file_monitor import FileMonitor
    from dagtui.runs.last_run import Resumption
    from dagtui.runs.previous_run import Replay
    from dagtui.store.directory import RunDirectory
    from dagtui.store.history import History
    from dagtui.text.secrets import Secrets


NAMED = 5
"""Nodes that a notice names."""


class Session:
    """A run that is going on, or a recorded one on a frozen clock.

    Screens come and go; each reads `state`, gives commands, and starts `drive` in a task of its own.
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
        """Of a recorded run there is no directory, nothing to learn for the history, and nobody who executes."""
        self.graph = graph
        self.run = run
        self.state = run.state
        self.forecast = forecast
        self.directory = directory
        self.wall_times = WallTimes(time.time() - run.clock())
        self.attempts = AttemptResults(len(graph))
        run.listeners += [self.attempts.learn, self.learn_durations]
        self.jobs_given: int | None = None
        """The slots that the call asked for; None: it left them to the graph."""
        self.ending = False
        """Whether the run is being ended: only cancels are taken from outside any more."""
        self.untold: list[NoteEvent] = []
        """Notes that no screen has shown yet: the next one begins with them, and clears the list."""
        self.lost_record: Notice | None = None
        """What of the run's directory was removed while it was live."""
        self.changed_file: Notice | None = None
        """That the graph file has another content than when the run began."""
        self.short_lived: Notice | None = None
        """That the run ends with its terminal, or with a person's login, although nobody asked for that."""
        self.monitor: FileMonitor | None = None
        """What looks at the files of a run that is driven here."""
        self.environment: Mapping[str, str] | None = None
        """What the run's attempts get; None: it is not known here."""
        self.secrets: Secrets | None = None
        """What is redacted wherever the environment is shown."""
        self._history = history
        self._executor = executor
        self._number = directory.number if directory else 0
        self._log_directory: Path | None = None

    @classmethod
    def start(
        cls,
        graph: Graph,
        *,
        jobs: int | None = None,
        paused: bool = False,
        environment: Mapping[str, str] | None = None,
        listeners: Iterable[Callable[[Sequence[Event]], None]] = (),
        mirror: EventsCopy | None = None,
        supervisor: SupervisorLink | None = None,
    ) -> Session:
        """Make a run directory and begin a run; needs no event loop. Raises StoreError, and GraphError for secrets.

        Jobs default to the graph's, then to the processors that this process may use. What the journal gets is also
        handed to `mirror`. A `supervisor` that was started early saves time.
        """
        from dagtui.runs.beginning import Call, start

        return start(graph, Call(jobs, paused, environment, tuple(listeners), mirror, supervisor))

    @classmethod
    def resume(
        cls,
        graph: Graph,
        *,
        jobs: int | None = None,
        paused: bool = False,
        environment: Mapping[str, str] | None = None,
        listeners: Iterable[Callable[[Sequence[Event]], None]] = (),
        mirror: EventsCopy | None = None,
        supervisor: SupervisorLink | None = None,
        resumption: Resumption | None = None,
    ) -> Session:
        """Go on with a run of the graph, by default the last one, in its directory; else as `start`.

        Raises NothingToResumeError when there is no such run, or nothing left to do in it; StoreError also when it is
        live; GraphError when the graph that it ran can't be read any more.
        """
        from dagtui.runs.beginning import Call
        from dagtui.runs.restore import resume

        return resume(graph, Call(jobs, paused, environment, tuple(listeners), mirror, supervisor, resumption))

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
        """A run as recorded events left it at `now` on its clock, which stands still; nothing is executed."""
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
        """Know of attempts and times before the run was resumed."""
        self.wall_times = WallTimes(past.began_at)
        past.set_going(self.wall_times)
        self.wall_times.set_going(self.clock(), time.time())
        self.attempts.learn(past.events)
        self.learn_durations(past.events[past.unended :])

    # What it is

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
        """Seconds since the run began."""
        return self.run.clock()

    def wall(self, clock: float) -> float:
        """The wall time of a time on the run's clock."""
        return self.wall_times.at(clock)

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.run.settled

    @property
    def elapsed(self) -> float:
        """Seconds that the run has been active: while everything is settled they stand still."""
        return self.state.active(self.clock())

    @property
    def wall_seconds(self) -> float:
        """Seconds since the run began, however long it waited for a person meanwhile, or nobody had it."""
        return max(0.0, self.wall(self.clock()) - self.wall(0.0))

    def alive(self) -> int:
        """How many attempts are in flight."""
        return self.state.counts[NodeStatus.RUNNING] + self.state.counts[NodeStatus.CANCELLING]

    # Control

    def preview(self, command: Command) -> Preview:
        """What a command would do now."""
        return self.run.preview(command)

    def give(self, command: Command) -> Preview:
        """Carry out a command, and say what it did, or why nothing."""
        if self.monitor is not None and command.kind in RUN_AGAIN:
            self.monitor.look()  # the file may have been changed just before
        return self.run.give(command)

    def note(self, text: str) -> None:
        """Put something worth knowing on record."""
        self.untold.append(NoteEvent(self.clock(), text))
        self.run.note(text)

    def note_short_life(self, notice: Notice) -> None:
        """Have the screen say for as long as it is there what was said before it opened, where it can't be read."""
        self.short_lived = notice
        self.note(notice.text)

    @property
    def notices(self) -> list[Notice]:
        """What is out of order, for as long as it lasts."""
        found = (self._off_record(), self.lost_record, self.short_lived, self.changed_file)
        return [notice for notice in found if notice is not None]

    @property
    def waits(self) -> str:
        """Why nothing happens in a run that is not settled, in a few words: "is paused"; empty: no such reason."""
        if self.state.held_up:
            return self.state.held_up
        return "is paused" if self.state.paused and not self.alive() and not self.settled else ""

    def _off_record(self) -> Notice | None:
        """What the run waits for because its journal can't be written, and which nodes are not on record yet."""
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
        """Let those who show the run know that something changed which is no event."""
        for listener in self.run.listeners:
            listener(())

    def announce(self, what: str, why: str) -> None:
        """Put on record that a screen came or went; unlike a note it is not shown."""
        self.run.announce(what, why)

    @property
    def unkillable(self) -> frozenset[int]:
        """The nodes that are still there although they were killed; leaving does not wait for them."""
        return frozenset(self.run.traversal.unkillable)

    # Reading

    def log_path(self, node: int, attempt: int) -> Path:
        """Where the log of an attempt is; it does not exist before the first output."""
        if self.directory is not None:
            return self.directory.log_path(self.graph.labels[node], attempt)
        return (self._log_directory or Path("/nonexistent")) / log_name(self.graph.labels[node], attempt)

    def node_environment(self, node: int) -> NodeEnvironment:
        """What the node's next attempt would find; raises NoWorkplaceError."""
        if self._executor is None:
            raise NoNodeEnvironmentError("nothing is executed here: this is a recording")
        attempt = self.state.attempt[node] + 1
        try:
            cwd, common, own = self._executor.surroundings(node, attempt)
        except ResolutionError as error:
            raise NoNodeEnvironmentError(str(error)) from None
        if not os.path.isdir(cwd):
            raise NoNodeEnvironmentError(
                f"the working directory of {label(self.graph.labels[node])} is not there: {label(cwd, 1000)}"
            )
        kept = {name: value for name, value in common.items() if name not in TERMINAL}
        return NodeEnvironment(attempt, cwd, kept | own)

    @cached_property
    def as_run(self) -> AsRun:
        """What nodes execute: placeholders are filled in where their values are known, secrets are redacted."""
        from dagtui.graph.expressions.as_run import AsRun, UnknownEnvironment, redacted_environment

        environment = self.environment
        if environment is not None and self.secrets is not None:
            environment = redacted_environment(environment, self.graph.settings.secrets, self.secrets)
        known = UnknownEnvironment() if environment is None else environment
        return AsRun(self.graph, known, self._ended_as, self.secrets)

    def _ended_as(self, node: int) -> str:
        """The word of `needs.X.status`."""
        status = self.state.status_of(node)
        if not status.settled:
            raise ResolutionError(f"{self.graph.labels[node]} has not ended")
        return status.name.lower()

    def estimate(self, node: int) -> float | None:
        """The expected seconds of a node, from earlier runs; None without history."""
        return self.forecast.estimate(node)

    def remaining(self) -> tuple[float, int] | None:
        """The expected seconds until the run is settled and the node that bounds it; None without history."""
        return self.forecast.remaining(self.state, self.clock())

    def seconds_for(self, preview: Preview) -> float | None:
        """The expected seconds of what a command would run."""
        return self.forecast.seconds_for([*preview.again, *preview.released], self.state.jobs)

    # Driving

    async def watch_files(self) -> None:
        """Look at the run's files now and then, until cancelled."""
        if self.monitor is not None:
            await self.monitor.watch()

    async def drive(self) -> None:
        """Drive the run until the task is cancelled; parks when everything is settled."""
        await self.run.drive()

    async def drive_until_settled(self) -> None:
        """Drive the run until everything is settled."""
        await self.run.drive_until_settled()

    async def close(self, why: str = "") -> None:
        """End every process, close the record, release the directory, and remove old runs."""
        await self.run.close(why)
        if self._history is not None:
            self._history.save()
        if self.directory is not None:
            undelivered.discard(os.fspath(self.directory.path))
            self.directory.close()
            if self.graph.path is not None:
                prune(self.graph.path)

    def learn_durations(self, events: Iterable[Event]) -> None:
        """Remember how long successes took."""
        if self._history is None:
            return
        graph = self.graph
        for event in events:
            if isinstance(event, NodeEvent) and event.cause is Cause.RAN and event.seconds:
                self._history.record(graph.labels[event.node], graph.task(event.node).group, event.seconds)
