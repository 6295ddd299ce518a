"""A Slurm executor for the scripts of one test, and what it has delivered."""

from __future__ import annotations

import contextlib
import os
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, Queued, Started, Withdrawn
from dagtui.execution.requests import Requests
from dagtui.execution.slurm.executor import SlurmExecutor
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.graph.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from dagtui.engine.messages import Result
    from dagtui.engine.protocol import Handed
    from dagtui.text.secrets import Secrets


class SlurmHarness:
    """A Slurm executor, the results it has delivered, and methods to wait for more."""

    def __init__(
        self,
        folder: Path,
        *scripts: str | Task,
        run_id: str,
        environment: Mapping[str, str] | None = None,
        secrets: Secrets | None = None,
        expected: float | None = None,
        **settings: object,
    ) -> None:
        """Nodes run shell scripts. Those that are expected to take long have jobs of their own."""
        self.folder = folder
        self.settings = ExecutorSettings("cluster", ExecutorKind.SLURM, **({"poll": 0.5} | settings))
        tasks = [
            script if isinstance(script, Task) else Task(f"node {number}", ShellCommand(script), grace=1.0)
            for number, script in enumerate(scripts)
        ]
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        requests = Requests(
            self.graph,
            self.settings,
            Resolver(self.graph, environment or {}),
            environment or {},
            run_id,
            lambda node, attempt: f"{node}.{attempt}",
            self.graph.labels,
            str,
            secrets=secrets,
            typical=lambda _: expected,
        )
        self.executor = SlurmExecutor(requests, self.spool, self.log_file)
        self.results: list[Result] = []
        self.executor.open(self.results.append, 1)

    @property
    def spool(self) -> Path:
        return self.folder / "runs" / "1" / "executors" / "cluster"

    def log_file(self, node: int, attempt: int) -> str:
        return str(self.folder / "logs" / f"{node}.{attempt}.log")

    def log(self, node: int = 0, attempt: int = 1) -> bytes:
        path = Path(self.log_file(node, attempt))
        return path.read_bytes() if path.exists() else b""

    def start(self, *nodes: int, attempt: int = 1) -> None:
        for node in nodes:
            self.executor.start(node, attempt, 1)
        self.executor.flush()

    def start_all(self) -> None:
        self.start(*range(len(self.graph)))

    def stop(self, node: int, grace: float = 1.0, attempt: int = 1) -> None:
        self.executor.stop(node, attempt, grace)
        self.executor.flush()

    def take_up(self, handed: Sequence[Handed]) -> None:
        self.executor.take_up(handed)

    def of(self, kind: type[Result], node: int | None = None, attempt: int = 1) -> list[Result]:
        """Return the results of a kind, of all nodes or of an attempt of one."""
        found = [result for result in self.results if isinstance(result, kind)]
        return found if node is None else [each for each in found if (each.node, each.attempt) == (node, attempt)]

    async def got(self, kind: type[Result]) -> Result:
        """Wait for a result of a kind, and return the last one."""
        await until(lambda: self.of(kind))
        return self.of(kind)[-1]

    async def began(self, node: int = 0, attempt: int = 1) -> Started:
        await until(lambda: self.of(Started, node, attempt))
        return self.of(Started, node, attempt)[-1]

    async def queued(self, text: str, node: int = 0) -> Queued:
        await until(
            lambda: [each for each in self.of(Queued, node) if text in each.why], seen=lambda: self.of(Queued, node)
        )
        return self.of(Queued, node)[-1]

    async def ended(self, node: int = 0, attempt: int = 1, seconds: float = SECONDS) -> Ended:
        await until(lambda: self.of(Ended, node, attempt), f"end of {node}", seconds, lambda: self.results[-5:])
        return self.of(Ended, node, attempt)[-1]

    async def withdrawn(self, node: int = 0, attempt: int = 1) -> None:
        await until(lambda: self.of(Withdrawn, node, attempt))

    async def all_over(self, seconds: float = SECONDS) -> None:
        await until(
            lambda: not self.executor.attempts, "the end of all", seconds, lambda: list(self.executor.attempts)[:5]
        )


@asynccontextmanager
async def served(harness: SlurmHarness, *, closes: bool = True) -> AsyncIterator[SlurmHarness]:
    """Serve an executor. At the end it is closed, or left as by a kill."""
    async with anyio.create_task_group() as group:
        group.start_soon(harness.executor.serve)
        try:
            yield harness
        finally:
            if closes:
                with anyio.CancelScope(shield=True), anyio.fail_after(SECONDS):
                    harness.executor.acknowledge()
                    await harness.executor.close()
            group.cancel_scope.cancel()


TREE = (
    "(setsid sleep 300 &); (setsid sh -c 'trap \"\" TERM; (sleep 300; :) & wait' &);"
    " nohup sleep 300 & echo up; sleep 300"
)
"""A tree of seven processes: daemons, some in sessions of their own, one of them deaf to TERM."""


def tree(tag: str, name: str = "tree", **more: object) -> Task:
    """Return a node whose processes have a variable that tells them."""
    return Task(name, ShellCommand(TREE), env={"TAG": tag}, **({"grace": 0.5} | more))


def tagged(tag: str) -> list[int]:
    """Return the processes of such nodes."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if f"TAG={tag}".encode() in file.read().split(b"\0"):
                found.append(int(name))
    return found
