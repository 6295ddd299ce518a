"""A real executor for the commands of one test."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, Result, Started, Withdrawn
from dagtui.execution.local.executor import LocalExecutor
from dagtui.graph.model import Action, ArgumentList, Graph, ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from dagtui.execution.local.frames import Message
    from dagtui.text.secrets import Secrets

IMPATIENT = str(Path(__file__).with_name("launch_impatient.py"))
"""Launches a reaper that waits for shorter times."""
IDLE = "import signal\nwhile True: signal.pause()"
DEAF = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\n{IDLE}"


def python(code: str, *arguments: str) -> ArgumentList:
    """Return the arguments of a small Python program."""
    return ArgumentList((sys.executable, "-I", "-S", "-c", code, *arguments))


class WatchedExecutor(LocalExecutor):
    """Notes what it delivers and the size of each complete log, as the log process reports it.

    -1: it could not complete the log.
    """

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.sizes: dict[tuple[int, int], int] = {}
        self.delivered: list[Result] = []

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        def note(result: Result) -> None:
            self.delivered.append(result)
            deliver(result)

        super().open(note, slots)

    def _take_messages(self, messages: list[Message]) -> None:
        for kind, *fields in messages:
            if kind == "closed":
                node, attempt, size, _lost, _why = fields
                assert (node, attempt) not in self.sizes
                self.sizes[node, attempt] = size
        super()._take_messages(messages)


class ExecutorHarness:
    """An executor, the results it has delivered, and methods to wait for more."""

    def __init__(
        self,
        folder: Path,
        *actions: str | Action | Task,
        slots: int = 64,
        environment: Mapping[str, str] | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        tasks = [self._task(number, action) for number, action in enumerate(actions)]
        self.folder = folder
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        self.results: list[Result] = []
        self.executor = WatchedExecutor(
            self.graph,
            folder,
            self.log_path,
            self.output_path,
            str,
            "run-1",
            dict(os.environ if environment is None else environment),
            secrets=secrets,
        )
        self.slots = slots

    @staticmethod
    def _task(number: int, action: str | Action | Task) -> Task:
        if isinstance(action, Task):
            return action
        return Task(f"node {number}", ShellCommand(action) if isinstance(action, str) else action)

    def log_path(self, node: int, attempt: int) -> Path:
        return self.folder / "logs" / f"{node}-{attempt}.log"

    def output_path(self, node: int, attempt: int) -> str:
        return str(self.folder / f"{node}-{attempt}.env")

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        return self.executor.sizes

    def open(self) -> None:
        self.executor.open(self.results.append, self.slots)

    def start(self, *nodes: int, attempt: int = 1, slots: int = 1) -> None:
        for node in nodes:
            self.executor.start(node, attempt, slots)
        self.executor.flush()

    def start_all(self) -> None:
        self.start(*range(len(self.graph)))

    def stop(self, node: int, grace: float, attempt: int = 1) -> None:
        self.executor.stop(node, attempt, grace)
        self.executor.flush()

    def of(self, node: int, attempt: int = 1) -> list[Result]:
        """Return the results of an attempt."""
        return [result for result in self.results if (result.node, result.attempt) == (node, attempt)]

    def end_of(self, node: int, attempt: int = 1) -> Ended | None:
        return next((result for result in self.of(node, attempt) if isinstance(result, Ended)), None)

    def has_begun(self, node: int, attempt: int = 1) -> bool:
        return any(isinstance(result, Started) for result in self.of(node, attempt))

    async def begun(self, node: int, attempt: int = 1) -> None:
        await until(lambda: self.has_begun(node, attempt))

    async def ended(self, node: int = 0, attempt: int = 1) -> Ended:
        await until(lambda: self.end_of(node, attempt))
        found = self.end_of(node, attempt)
        assert found is not None
        return found

    async def withdrawn(self, node: int, attempt: int = 1) -> None:
        await until(lambda: any(isinstance(result, Withdrawn) for result in self.of(node, attempt)))

    async def log(self, node: int = 0, attempt: int = 1) -> bytes:
        """Wait until the log is complete, and return it."""
        await until(lambda: (node, attempt) in self.sizes)
        path = self.log_path(node, attempt)
        content = path.read_bytes() if path.exists() else b""
        assert len(content) == self.sizes[node, attempt]
        return content

    async def silent(self, node: int = 0, attempt: int = 1) -> bool:
        """Wait for the end of all attempts, and return whether one has no log."""
        await self.ended(node, attempt)
        await self.executor.close()
        return not self.sizes.get((node, attempt)) and not self.log_path(node, attempt).exists()

    async def printed(self, text: bytes, node: int = 0, attempt: int = 1) -> None:
        """Wait for a text in the log."""
        path = self.log_path(node, attempt)
        await until(lambda: path.exists() and text in path.read_bytes())


@asynccontextmanager
async def kept_open(harness: ExecutorHarness) -> AsyncIterator[ExecutorHarness]:
    """Open a harness, and close it at the end."""
    harness.open()
    try:
        yield harness
    finally:
        with anyio.CancelScope(shield=True), anyio.fail_after(SECONDS):
            await harness.executor.close()


@asynccontextmanager
async def serving(harness: ExecutorHarness) -> AsyncIterator[None]:
    """Serve a harness within the block. The task does not begin before the block first waits."""
    async with anyio.create_task_group() as group:
        group.start_soon(harness.executor.serve)
        yield
        group.cancel_scope.cancel()


@asynccontextmanager
async def served(
    folder: Path,
    *actions: str | Action | Task,
    slots: int = 64,
    environment: Mapping[str, str] | None = None,
    secrets: Secrets | None = None,
) -> AsyncIterator[ExecutorHarness]:
    """Open and serve a harness, and close it at the end."""
    harness = ExecutorHarness(folder, *actions, slots=slots, environment=environment, secrets=secrets)
    async with serving(harness), kept_open(harness):
        yield harness
