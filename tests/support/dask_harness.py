"""A Dask executor for the commands of one test, over a real cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.executor_harness import ExecutorHarness

from dagtui.engine.messages import Heard, Silent
from dagtui.execution.dask.executor import DaskExecutor
from dagtui.execution.dask.jobqueue_executor import JobqueueExecutor
from dagtui.execution.requests import Requests
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Graph
from dagtui.graph.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.engine.messages import Result
    from dagtui.graph.model import Action, Task
    from dagtui.text.secrets import Secrets


class DaskHarness(ExecutorHarness):
    """An executor over a cluster, and what it has delivered. Another one with the same folder and run takes it up."""

    def __init__(
        self,
        address: str,
        folder: Path,
        *actions: str | Action | Task,
        run: str = "",
        secrets: Secrets | None = None,
        environment: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        tasks = [self._task(number, action) for number, action in enumerate(actions)]
        self.folder = folder
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        self.results: list[Result] = []
        self.slots = 64
        self.run = run or f"test-{os.urandom(6).hex()}"
        settings = {"address": address, **settings}
        self.settings = ExecutorSettings("dask", ExecutorKind.DASK, **settings)
        environment = dict(os.environ if environment is None else environment)
        self.requests = Requests(
            self.graph, self.settings, Resolver(self.graph, environment), environment, self.run,
            lambda node, attempt: f"{node}.{attempt}", self.graph.labels, str, secrets=secrets,
        )  # fmt: skip
        kind = DaskExecutor if self.settings.jobqueue is None else JobqueueExecutor
        self.executor = kind(self.requests, folder / "notes", lambda *key: str(self.log_path(*key)))

    def of(self, node: int, attempt: int = 1) -> list[Result]:
        """Return the results of an attempt, without what is told of the executor."""
        told = [result for result in self.results if not isinstance(result, (Silent, Heard))]
        return [result for result in told if (result.node, result.attempt) == (node, attempt)]

    def logged(self, node: int = 0, attempt: int = 1) -> bytes:
        """Return what is in the log."""
        path = self.log_path(node, attempt)
        return path.read_bytes() if path.exists() else b""
