"""What a run is made of: its graph, environment, journal and executors."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.event_records import fields
from dagtui.engine.protocol import JournalFullError
from dagtui.engine.run import Run
from dagtui.engine.traversal import Traversal
from dagtui.execution.local.executor import LocalExecutor
from dagtui.runs.forecast import Forecast
from dagtui.runs.live import LiveRun
from dagtui.runs.previous_processes import PreviousProcesses
from dagtui.runs.processors import initial_slots
from dagtui.runs.redaction import keep_secrets
from dagtui.store.errors import JournalError, StoreError, waits_for
from dagtui.store.history import History
from dagtui.text.amounts import NO_TIME, WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dagtui.engine.conditions import Conditions
    from dagtui.engine.events import Event
    from dagtui.engine.protocol import Executor
    from dagtui.engine.state import RunState
    from dagtui.execution.files.judging_executor import JudgingExecutor
    from dagtui.execution.routing_executor import RoutingExecutor
    from dagtui.execution.serving_executor import ServingExecutor
    from dagtui.graph.model import Graph, NodeIndex, ParameterValue
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.runs.executors import RemoteParts
    from dagtui.runs.launch import LaunchOptions
    from dagtui.runs.notifying import Notifier
    from dagtui.runs.reload_preview import Reloader
    from dagtui.store.directory import RunDirectory
    from dagtui.store.journal import JournalWriter
    from dagtui.text.amounts import ClockTime

    MakeReloader = Callable[["LiveRun", "Machinery"], "Reloader"]


class Ingredients:
    """The graph as executed, the graph as shown, and the environment, all frozen at creation."""

    def __init__(self, graph: Graph, options: LaunchOptions) -> None:
        """Raise GraphError if a secret can't be redacted."""
        if graph.path is None:
            raise ValueError("a run needs a graph file, because its directory lies beside that")
        self.options = options
        self.path: Path = graph.path
        self.started_with = os.environ if options.environment is None else options.environment
        """The variables of the call, without those of `env_file`."""
        self.environment = {**graph.variables, **self.started_with}
        self.executed = graph
        self.shown, self.secrets = keep_secrets(graph, self.environment)

    def starting(self, resumed: Path | None = None) -> AbstractContextManager[None]:
        """Return the context in which the run takes its lock. Raises StoreError if the run has to wait for others."""
        if not self.executed.settings.exclusive:
            return nullcontext()
        from dagtui.store.exclusive import alone

        return alone(self.path, resumed)

    def live_run(
        self, directory: RunDirectory, writer: JournalWriter, clock: ClockTime, reloader: MakeReloader
    ) -> LiveRun:
        """Create a run that has not started. Its clock reads `clock` now. `reloader` makes what reloads it."""
        directory.claim_journal()
        graph, secrets = self.shown, self.secrets
        history = History.load(self.path)
        forecast = Forecast(graph, history)
        traversal = Traversal(graph, initial_slots(graph, self.options.jobs), forecast.weights)
        if secrets is not None:
            traversal.mask = secrets.mask
        self.equip(traversal, directory)
        local, previous = self._local_executor(directory, traversal.state)
        executor: Executor = local
        routing = serving = judging = None
        if graph.any_remote:
            executor = routing = self.remote_parts(directory, traversal.state, history).routing(local)
        if graph.any_services:
            executor = serving = self.serving_executor(executor, directory)
        if reads_files(graph):
            executor = judging = self.judging_executor(executor, directory, traversal)
        sink = JournalSink(writer, graph, directory, self.options.mirror)
        run = Run(traversal, executor, sink, origin=time.monotonic() - (clock - NO_TIME))
        live = LiveRun(run, forecast, directory, history, executor, self.environment, secrets)
        live.jobs_given, live.meter, live.routing = self.options.jobs, local, routing
        machinery = Machinery(self, sink, local, routing, serving, judging)
        live.open_reloader = lambda: reloader(live, machinery)
        if any(task.tty for task in graph.tasks):
            live.terminals = local
        if graph.settings.notify:
            live.open_notifier = partial(self._notifier, live)
        for listener in (previous.note, *self.options.listeners):
            live.subscribe(listener)
        return live

    def _notifier(self, run: LiveRun) -> Notifier:
        """Return what tells a program of the run, whose processes have a supervisor of their own."""
        from dagtui.runs.notifying import Notifier  # most graphs name none

        def executor(graph: Graph, folder: Path) -> Executor:
            return LocalExecutor(
                graph,
                folder,
                lambda _, number: folder / f"{number}.log",
                lambda _, number: os.fspath(folder / f"{number}.values"),
                str,
                run.directory.run_id,
                self.environment,
                secrets=self.secrets,
            )

        run_id, command = run.directory.run_id, self.executed.settings.notify
        return Notifier(run, run_id, command, executor, run.announce, run.note)

    def remote_parts(self, directory: RunDirectory, state: RunState, history: History) -> RemoteParts:
        """Return what the executors on other machines are made of. Most graphs have none."""
        from dagtui.runs.executors import RemoteParts

        identity = identity_of(directory)
        return RemoteParts(
            self.executed,
            self.shown,
            directory,
            self.environment,
            state,
            lambda: values_of_run(state, identity),
            self.secrets,
            history,
        )

    def serving_executor(self, inner: Executor, directory: RunDirectory) -> ServingExecutor:
        """Return an executor before another one that finds out when services are ready. Most graphs have none."""
        from dagtui.execution.serving_executor import ServingExecutor

        labels = self.shown.labels
        return ServingExecutor(inner, self.executed, lambda node, attempt: directory.log_path(labels[node], attempt))

    def judging_executor(self, inner: Executor, directory: RunDirectory, traversal: Traversal) -> JudgingExecutor:
        """Return an executor before another one that judges nodes by their files. It needs a database."""
        from dagtui.runs.judging import judging_executor

        return judging_executor(
            inner, self.executed, directory, self.environment, traversal, self.is_forced, self.secrets
        )

    def is_forced(self, node: NodeIndex) -> bool:
        """Return whether the call says that a node runs even if it is up to date."""
        if not self.options.force:
            return False
        targets = self.options.targets
        return targets is None or node in targets.nodes

    def equip(self, traversal: Traversal, directory: RunDirectory) -> None:
        """Give a traversal what it asks: the questions of gates, and the conditions."""
        if self.shown.any_gates:
            from dagtui.runs.questions import Questions  # most graphs have none

            traversal.question = Questions(self.executed, self.environment, traversal.state)
        traversal.conditions = self.conditions(identity_of(directory))

    def conditions(self, identity: Mapping[str, ParameterValue]) -> Conditions | None:
        """Return what decides about nodes with an `if`, or None if there are none."""
        if not any(task.condition for task in self.executed.tasks):
            return None
        from dagtui.engine.conditions import Conditions  # only here: it would delay each start

        return Conditions(self.executed, self.environment, identity)

    def _local_executor(self, directory: RunDirectory, state: RunState) -> tuple[LocalExecutor, PreviousProcesses]:
        """Create the executor of this machine, and the listener that records its processes for a resume."""
        identity = identity_of(directory)
        executor = LocalExecutor(
            self.executed,
            directory.path,
            lambda node, attempt: directory.log_file(self.shown.labels[node], attempt),
            lambda node, attempt: directory.output_path(self.shown.labels[node], attempt),
            state.status_name,
            directory.run_id,
            self.environment,
            secrets=self.secrets,
            supervisor=self.options.supervisor,
            outputs_of=state.outputs_of,
            run_values=lambda: values_of_run(state, identity),
        )
        return executor, PreviousProcesses(directory.path, lambda: executor.processes, lambda: executor.tag)


class Machinery(NamedTuple):
    """What a live run was made of, which a reload changes."""

    ingredients: Ingredients
    sink: JournalSink
    local: LocalExecutor
    routing: RoutingExecutor | None
    serving: ServingExecutor | None
    judging: JudgingExecutor | None


def reads_files(graph: Graph) -> bool:
    """Return whether any task has inputs or outputs."""
    return any(task.inputs or task.outputs for task in graph.tasks)


def values_of_run(state: RunState, identity: Mapping[str, ParameterValue]) -> Mapping[str, ParameterValue]:
    """Return what finally nodes can read of the run. Most graphs have none."""
    from dagtui.engine.finally_nodes import run_values

    return run_values(state, identity)


def identity_of(directory: RunDirectory) -> Mapping[str, ParameterValue]:
    """Return what identifies a run, for its finally nodes."""
    return {"id": directory.run_id, "number": directory.number}


class JournalSink:
    """Writes events to a journal and the same lines to an optional copy."""

    def __init__(self, writer: JournalWriter, graph: Graph, directory: RunDirectory, mirror: EventsCopy | None) -> None:
        """Create a sink. The directory is synced together with the journal's first lines."""
        self._writer = writer
        self.graph = graph
        """The graph whose nodes the events name. A reload changes it."""
        self._unsynced: RunDirectory | None = directory
        self._copy = mirror

    def write(self, events: Iterable[Event]) -> None:
        """Append events. Raises JournalFullError."""
        now, graph = WallTime(time.time()), self.graph
        try:
            written = self._writer.write((now, fields(event, graph)) for event in events)
        except JournalError as error:
            raise JournalFullError(str(error), waits_for(error, self._writer.path)) from error
        if self._copy is not None:
            self._copy.write(written)

    def sync(self) -> None:
        """Flush the journal to disk, so that it survives a power loss, and the copy to its reader.

        Raises JournalFullError.
        """
        if self._copy is not None:
            self._copy.flush()
        directory, self._unsynced = self._unsynced, None
        try:
            self._writer.sync()
            if directory is not None:
                directory.sync()
        except StoreError as error:
            raise JournalFullError(str(error)) from error
