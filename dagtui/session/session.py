"""The owner of one live run: it holds graph, state, record and executor, whoever shows them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.events import fields
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.run import Run
from dagtui.engine.status import Cause, NodeStatus
from dagtui.execution.local import LocalExecutor
from dagtui.graph.export import to_toml
from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand
from dagtui.session.attempts import AttemptResults
from dagtui.session.forecast import Forecast
from dagtui.session.recorded import ForgetfulJournal, StillExecutor
from dagtui.store.directory import RunDirectory, prune
from dagtui.store.errors import JournalError
from dagtui.store.history import History
from dagtui.store.journal import JournalWriter
from dagtui.store.places import log_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Command
    from dagtui.engine.preview import Preview
    from dagtui.graph.model import Graph


class _Record:
    """The journal as the run needs it: events in, lines out."""

    def __init__(self, writer: JournalWriter, graph: Graph, mirror: int | None) -> None:
        self._writer = writer
        self._graph = graph
        self._mirror = mirror

    def write(self, events: Iterable[Event]) -> None:
        now, graph = time.time(), self._graph
        try:
            written = self._writer.write([(now, fields(event, graph)) for event in events])
        except JournalError as error:
            raise JournalFullError(str(error)) from error
        if self._mirror is not None:
            self._copy(written)

    def _copy(self, written: bytes) -> None:
        """Write the same lines to whoever asked for events; when nobody reads them any more, stop."""
        view = memoryview(written)
        try:
            while view and self._mirror is not None:
                view = view[os.write(self._mirror, view) :]
        except OSError:
            self._mirror = None

    def sync(self) -> None:
        try:
            self._writer.sync()
        except JournalError:
            return  # the next write says what is wrong


class Session:
    """A run that is going on, or a recorded one on a frozen clock.

    Screens come and go; each reads `state`, gives commands, and starts `drive` in a task of its own.
    """

    def __init__(self, graph: Graph, run: Run, forecast: Forecast, directory: RunDirectory | None) -> None:
        self.graph = graph
        self.run = run
        self.state = run.state
        self.forecast = forecast
        self.directory = directory
        self.began_at = time.time()
        """Wall time at which the run's clock was 0."""
        self.attempts = AttemptResults(len(graph))
        run.listeners.append(self.attempts.learn)
        self._history: History | None = None
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
        mirror: int | None = None,
    ) -> Session:
        """Make a run directory and begin a run; needs no event loop. Raises StoreError.

        Jobs default to the graph's, then to the processors that this process may use. What the journal gets is also
        written to the descriptor `mirror`.
        """
        if graph.path is None:
            raise ValueError("a run needs a graph file: its directory lies beside it")
        directory = RunDirectory.create(graph.path, to_toml(graph))
        history = History.load(graph.path)
        forecast = Forecast(graph, history)
        slots = jobs or graph.settings.jobs or processors()
        sessions: list[Session] = []

        def status_of(node: int) -> str:
            return sessions[0].state.status_of(node).name.lower()

        executor = LocalExecutor(
            graph,
            directory.path,
            lambda node, attempt: directory.log_path(graph.labels[node], attempt),
            status_of,
            directory.run_id,
            dict(os.environ if environment is None else environment),
        )
        record = _Record(JournalWriter(directory.journal_path), graph, mirror)
        run = Run(graph, executor, record, jobs=slots, weights=forecast.weights)
        session = cls(graph, run, forecast, directory)
        session._history = history
        sessions.append(session)
        run.listeners.extend([*listeners, session._learn])
        run.begin(paused=paused)
        return session

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
        run = Run(graph, StillExecutor(), ForgetfulJournal(), jobs=jobs, clock=lambda: now, origin=0.0)
        events = list(events)
        run.adopt(events)
        session = cls(graph, run, Forecast(graph, None), None)
        session.attempts.learn(events)
        session.began_at = began_at
        session._number = number
        session._log_directory = log_directory
        return session

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
        return self.began_at + clock

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.run.settled

    def alive(self) -> int:
        """How many attempts are in flight."""
        return self.state.counts[NodeStatus.RUNNING] + self.state.counts[NodeStatus.CANCELLING]

    # Control

    def preview(self, command: Command) -> Preview:
        """What a command would do now."""
        return self.run.preview(command)

    def give(self, command: Command) -> Preview:
        """Carry out a command, and say what it did, or why nothing."""
        return self.run.give(command)

    def note(self, text: str) -> None:
        """Put something worth knowing on record."""
        self.run.note(text)

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

    def cwd(self, node: int) -> Path:
        """The working directory of a node, with placeholders as they were written."""
        return Path(os.path.normpath((self.graph.directory or Path()) / self.graph.task(node).cwd))

    def command_line(self, node: int) -> str:
        """What a node executes, as it was written."""
        action = self.graph.task(node).action
        if isinstance(action, ShellCommand):
            return action.text
        if isinstance(action, ArgumentList):
            import shlex

            return shlex.join(action.arguments)
        if isinstance(action, PythonCall):
            arguments = ", ".join(f"{name}={value!r}" for name, value in action.arguments.items())
            return f"{action.target}({arguments})"
        return ""

    def estimate(self, node: int) -> float | None:
        """The expected seconds of a node, from earlier runs; None without history."""
        return self.forecast.estimate(node)

    def remaining(self) -> tuple[float, int] | None:
        """The expected seconds until the run is settled and the node that bounds it; None without history."""
        return self.forecast.remaining(self.state, self.clock())

    def seconds_for(self, preview: Preview) -> float | None:
        """The expected seconds of what a command would run."""
        return self.forecast.seconds_for([*preview.again, *preview.released])

    # Driving

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
            self.directory.close()
            if self.graph.path is not None:
                prune(self.graph.path)

    def _learn(self, events: Sequence[Event]) -> None:
        """Remember how long successes took."""
        from dagtui.engine.events import NodeEvent

        if self._history is None:
            return
        graph = self.graph
        for event in events:
            if isinstance(event, NodeEvent) and event.cause is Cause.RAN and event.seconds:
                self._history.record(graph.labels[event.node], graph.task(event.node).group, event.seconds)


def processors() -> int:
    """How many processors this process may use: its affinity, bounded by its control group's quota."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux knows affinities
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return count
    if quota == "max":
        return count
    return max(1, min(count, -(-int(quota) // int(period))))
