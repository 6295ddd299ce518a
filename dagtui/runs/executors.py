"""Make the executors on other machines that a graph names. Only graphs that name some import this module."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, cast

from dagtui.execution.local.requirements import RequirementError
from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.execution.requests import Requests
from dagtui.execution.routing_executor import RoutingExecutor
from dagtui.graph.executors import ExecutorKind
from dagtui.graph.model import LOCAL
from dagtui.graph.resolution import Resolver
from dagtui.runs.typical_seconds import TypicalSeconds
from dagtui.store.paths import attempt_key
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber, Result
    from dagtui.engine.protocol import Executor
    from dagtui.engine.state import RunState
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.graph.node_values import RunValues
    from dagtui.store.directory import RunDirectory
    from dagtui.store.history import History
    from dagtui.text.secrets import Secrets

_CLASSES = {
    ExecutorKind.SSH: ("dagtui.execution.ssh.executor", "SshExecutor"),
    ExecutorKind.SLURM: ("dagtui.execution.slurm.executor", "SlurmExecutor"),
    ExecutorKind.DASK: ("dagtui.execution.dask.executor", "DaskExecutor"),
}
"""Modules and classes by kind. Each is imported only for a graph that names it, as it may need other packages."""
_OF_JOBQUEUE = ("dagtui.execution.dask.jobqueue_executor", "JobqueueExecutor")
_FIXED = {
    ExecutorKind.SSH: ("hosts", "options", "python", "orphans"),
    ExecutorKind.SLURM: ("directory", "shared"),
    ExecutorKind.DASK: ("address", "scheduler_file", "jobqueue", "tls", "orphans"),
}
"""Settings that an executor of a live run keeps: it would be another one with others."""
_KEYS = {"hosts": "host"}


class RemoteParts:
    """What the executors of a graph on other machines are made of. A reload makes new ones."""

    def __init__(
        self,
        executed: Graph,
        shown: Graph,
        directory: RunDirectory,
        environment: Mapping[str, str],
        state: RunState,
        run_values: RunValues,
        secrets: Secrets | None,
        history: History,
    ) -> None:
        self._executed = executed
        self._labels = shown.labels
        self._directory = directory
        self._environment = environment
        self._state = state
        self._secrets = secrets
        self._typical = TypicalSeconds(executed, shown.labels, history)
        self._resolver = Resolver(executed, environment, run_values)
        self._new: dict[str, RemoteExecutor] = {}
        """Executors that a reload adds."""

    def requests(self, settings: ExecutorSettings) -> Requests:
        """Return what makes the requests of an executor."""
        state, labels = self._state, self._labels
        return Requests(
            self._executed,
            settings,
            self._resolver,
            self._environment,
            self._directory.run_id,
            lambda node, attempt: attempt_key(labels[node], attempt),
            labels,
            state.status_name,
            state.outputs_of,
            self._secrets,
            lambda node, _attempt: state.tries(node),
            self._typical,
        )

    def log_file(self, node: NodeIndex, attempt: AttemptNumber) -> str:
        """Return the path of an attempt's log."""
        return self._directory.log_file(self._labels[node], attempt)

    def executor(self, settings: ExecutorSettings) -> RemoteExecutor:
        """Make an executor. Raises RequirementError if its kind needs a package that is not installed."""
        folder = self._directory.executor_folder(settings.name)
        return _class_of(settings)(self.requests(settings), folder, self.log_file)

    def name_of(self, node: NodeIndex) -> str:
        """Return the name of the executor of a node."""
        return self._executed.task(node).executor

    def routing(self, local: Executor) -> RoutingExecutor:
        """Make all executors that the graph names, and what passes each node on to its own."""
        executors: dict[str, Executor] = {LOCAL: local}
        for name, settings in self._executed.executors.items():
            executors[name] = self.executor(settings)
        return RoutingExecutor(executors, self.name_of)

    # Reload

    def prepare(self, routing: RoutingExecutor) -> None:
        """Make the executors that the graph names and a run does not have yet. Raises RequirementError."""
        for name, settings in self._executed.executors.items():
            if name not in routing.executors:
                self._new[name] = self.executor(settings)

    def take_over(
        self, routing: RoutingExecutor, deliver: Callable[[Result], None], number_of: Sequence[NodeIndex]
    ) -> None:
        """Let the executors of a run go on with the graph. `number_of` are the new numbers of nodes."""
        routing.redirect(deliver)
        routing.reload(self.name_of, number_of)
        for name, executor in routing.executors.items():
            if isinstance(executor, RemoteExecutor):
                settings = self._executed.executors.get(name, executor.settings)
                executor.reload(self.requests(settings), self.log_file, number_of)
        for name, executor in self._new.items():
            routing.add(name, executor)


def refuse_another_place(routing: RoutingExecutor, executed: Graph) -> None:
    """Raise RequirementError if a graph has settings that an executor of a run can't change while it is there."""
    for name, wanted in executed.executors.items():
        present = routing.executors.get(name)
        if not isinstance(present, RemoteExecutor):
            continue
        fixed = ("kind", *_FIXED[present.settings.kind])
        differing = [_KEYS.get(key, key) for key in fixed if getattr(present.settings, key) != getattr(wanted, key)]
        if differing:
            raise RequirementError(
                f"{' and '.join(differing)} of executors.{label(name)} can't change while the run is live: name "
                "another executor, or leave the run and resume it"
            )


def _class_of(settings: ExecutorSettings) -> Callable[..., RemoteExecutor]:
    module, name = _CLASSES[settings.kind] if settings.jobqueue is None else _OF_JOBQUEUE
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "dagtui":
            raise
        package = label(str(error.name)).replace("_", "-")
        raise RequirementError(
            f"the executor {label(settings.name)} ({settings.kind.value}) needs the package {package}, "
            f"which is not installed in {label(sys.prefix, 4096)}: pip install {package}"
        ) from error
    return cast("Callable[..., RemoteExecutor]", getattr(found, name))


def check_packages(graph: Graph) -> None:
    """Check that the packages that executors need are installed. Raises RequirementError."""
    for settings in graph.executors.values():
        _class_of(settings)
