"""How a run begins: its directory, its record, its executor, and the session around them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.run import Run
from dagtui.execution.local import undelivered
from dagtui.execution.local.executor import LocalExecutor
from dagtui.execution.local.requirements import start_supervisor
from dagtui.graph.export import to_toml
from dagtui.runs.file_monitor import FileMonitor
from dagtui.runs.forecast import Forecast
from dagtui.runs.journal_sink import JournalSink
from dagtui.runs.previous_processes import PreviousProcesses
from dagtui.runs.processors import processors
from dagtui.runs.redaction import keep_secrets
from dagtui.runs.session import Session
from dagtui.store.directory import RunDirectory
from dagtui.store.history import History
from dagtui.store.journal import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.graph.model import Graph
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.runs.last_run import Resumption


@dataclass(frozen=True, slots=True)
class Call:
    """How a run was asked for."""

    jobs: int | None = None
    """Slots; None: the graph's, else as many as there are processors that this process may use."""
    paused: bool = False
    environment: Mapping[str, str] | None = None
    """What the run's attempts get; None: what this process has."""
    listeners: Sequence[Callable[[Sequence[Event]], None]] = ()
    mirror: EventsCopy | None = None
    """What gets the journal's lines as well."""
    supervisor: SupervisorLink | None = None
    """One that was started already."""
    resumption: Resumption | None = None
    """The run to go on with; None: the last one that there is something to go on with."""

    def slots(self, graph: Graph) -> int:
        """How many slots the run has at first."""
        return self.jobs or graph.settings.jobs or processors()


class Ingredients:
    """The graph as it is executed and as it is shown, and the environment, frozen now."""

    def __init__(self, graph: Graph, call: Call) -> None:
        """Raises GraphError when a secret can't be redacted."""
        if graph.path is None:
            raise ValueError("a run needs a graph file: its directory lies beside it")
        self.call = call
        self.path: Path = graph.path
        self.environment = dict(os.environ if call.environment is None else call.environment)
        self.executed = graph
        self.shown, self.secrets = keep_secrets(graph, self.environment)

    def session(self, directory: RunDirectory, writer: JournalWriter, clock: float = 0.0) -> Session:
        """A session whose run has yet to begin, with a clock that reads `clock` now."""
        directory.claim_journal()
        graph, secrets = self.shown, self.secrets
        history = History.load(self.path)
        forecast = Forecast(graph, history)
        sessions: list[Session] = []

        def status_of(node: int) -> str:
            return sessions[0].state.status_of(node).name.lower()

        executor = LocalExecutor(
            self.executed,
            directory.path,
            lambda node, attempt: directory.log_path(graph.labels[node], attempt),
            status_of,
            directory.run_id,
            self.environment,
            secrets=secrets,
            supervisor=self.call.supervisor,
        )
        run = Run(
            graph,
            executor,
            JournalSink(writer, graph, directory, self.call.mirror),
            jobs=self.call.slots(graph),
            weights=forecast.weights,
            origin=time.monotonic() - clock,
        )
        if secrets is not None:
            run.traversal.mask = secrets.mask
        session = Session(graph, run, forecast, directory, history, executor)
        session.environment, session.secrets = self.environment, secrets
        session.jobs_given = self.call.jobs
        session.monitor = FileMonitor(session)
        sessions.append(session)
        run.listeners += [PreviousProcesses(directory.path, lambda: executor.processes).note, *self.call.listeners]
        return session


def start(graph: Graph, call: Call) -> Session:
    """Make a run directory and begin a run; raises RequirementError, StoreError and GraphError."""
    # Before there is a directory: where it can't be started, no run that never began is left behind.
    supervisor = call.supervisor or start_supervisor()
    try:
        ingredients = Ingredients(graph, replace(call, supervisor=supervisor))
        directory = RunDirectory.create(ingredients.path, to_toml(ingredients.shown))
    except BaseException:  # whatever ends the attempt to begin, Ctrl+C too: no supervisor is left behind
        supervisor.close()
        raise
    undelivered.reserve(os.fspath(directory.path))
    session = ingredients.session(directory, JournalWriter(directory.journal_path))
    session.run.begin(paused=call.paused, boot=boot_id())
    for text in directory.remarks:
        session.note(text)
    return session


def boot_id() -> str:
    """What tells this start of the machine from others; empty where only time could tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
