"""The executor that stands before another one: it finds out when services are ready."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from dagtui.engine.messages import Heard, Ready, Silent, Started
from dagtui.execution.forwarding_executor import ForwardingExecutor
from dagtui.graph.model import DEFAULT_SHELL
from dagtui.graph.resolution import ResolutionError
from dagtui.graph.service_values import host_and_port
from dagtui.graph.services import ReadyBy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from anyio.abc import TaskGroup

    from dagtui.engine.messages import AttemptNumber, Result
    from dagtui.engine.protocol import Executor
    from dagtui.execution.forwarding_executor import Attempt
    from dagtui.graph.model import Graph, NodeIndex, Task
    from dagtui.graph.services import Service
    from dagtui.text.amounts import Seconds

SOON, LATER = 0.05, 1.0
"""Seconds between the first two looks, and the most between two looks."""
PORT_TAKES, COMMAND_TAKES = 2.0, 10.0
"""Seconds after which a look is given up."""
_GUARD = 'exec 3<&0; "$@" </dev/null 3<&- & looks=$!; (read -r _ <&3; kill -9 0) & wait $looks'
"""Runs its arguments, and kills their process group when standard input, a pipe, is closed."""
_BLOCK = 1 << 20
"""Bytes of a log that one look reads."""


class ServingExecutor(ForwardingExecutor):
    """Looks whether services that have begun are ready, beside the event loop (see `engine.protocol.Executor`).

    It reports Ready once for each attempt of a service, between Started and Ended. A command that looks has the
    surroundings of the service, no input, and no output. Its process group is killed when it ends, takes too long, or
    loses this process.
    """

    def __init__(
        self,
        inner: Executor,
        graph: Graph,
        log_path: Callable[[NodeIndex, AttemptNumber], Path],
    ) -> None:
        super().__init__(inner)
        self._graph = graph
        self._log_path = log_path
        self._unready: dict[Attempt, _LogReader] = {}
        """Attempts of services that have begun and are not ready, each with what was read of its log."""
        self._defined: dict[Attempt, Task] = {}
        """The tasks of unready attempts that began before the graph was reloaded."""
        self._group: TaskGroup | None = None

    def reload(
        self,
        graph: Graph,
        number_of: Sequence[NodeIndex],
        log_path: Callable[[NodeIndex, AttemptNumber], Path],
    ) -> None:
        """Serve another graph, in which nodes have other numbers. `serve` must be called again.

        Services that are not ready are looked at as they were defined when they began.
        """
        tasks = {attempt: self._task(attempt) for attempt in self._unready}
        renumbered = {(node, attempt): (number_of[node], attempt) for node, attempt in self._unready}
        self._unready = {renumbered[attempt]: reader for attempt, reader in self._unready.items()}
        self._defined = {renumbered[attempt]: task for attempt, task in tasks.items()}
        self._graph, self._log_path = graph, log_path

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """End all processes of an attempt."""
        self._unready.pop((node, attempt), None)
        self._inner.stop(node, attempt, grace)

    async def serve(self) -> None:
        """Look at services and deliver results until `close` has ended everything."""
        import anyio

        async with anyio.create_task_group() as group:
            self._group = group
            for attempt in self._unready:
                group.start_soon(self._watch, attempt)
            try:
                await self._inner.serve()
            finally:
                self._group = None
            group.cancel_scope.cancel()

    async def _leave(self, leave: Callable[[], Awaitable[None]]) -> None:
        self._unready.clear()
        await leave()

    def _take(self, result: Result) -> None:
        if isinstance(result, (Silent, Heard)):
            self._deliver(result)
            return
        attempt = result.node, result.attempt
        if not isinstance(result, Started):
            if self._unready:
                self._unready.pop(attempt, None)
        elif self._graph.task(result.node).service is not None:
            self._unready[attempt] = _LogReader(self._log_path(*attempt))
            if self._group is not None:
                self._group.start_soon(self._watch, attempt)
        self._deliver(result)

    async def _watch(self, attempt: Attempt) -> None:
        import anyio

        service = self._task(attempt).service
        pause = SOON
        while service is not None and attempt in self._unready:
            if await self._is_ready(attempt, service) and self._unready.pop(attempt, None) is not None:
                self._deliver(Ready(*attempt, service.words))
                return
            await anyio.sleep(pause)
            pause = min(LATER, 1.5 * pause)

    def _task(self, attempt: Attempt) -> Task:
        return self._defined.get(attempt) or self._graph.task(attempt[0])

    async def _is_ready(self, attempt: Attempt, service: Service) -> bool:
        if service.by is ReadyBy.PORT:
            return await _accepts(*host_and_port(service.what))
        if service.by is ReadyBy.COMMAND:
            return await self._succeeds(attempt, service.what)
        from anyio import to_thread

        reader = self._unready[attempt]
        return await to_thread.run_sync(reader.finds, service.what.encode())

    async def _succeeds(self, attempt: Attempt, command: str) -> bool:
        """Run a command as the service's own would be, and return whether it succeeds in time."""
        import anyio
        from anyio import to_thread

        shell = self._task(attempt).shell or DEFAULT_SHELL
        try:
            place = self._inner.surroundings(*attempt)
        except ResolutionError:
            return False

        def begin() -> subprocess.Popen[bytes]:
            nothing = subprocess.DEVNULL
            env = {**place.common, **place.own}
            return subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", *shell, command],
                cwd=place.cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=nothing,
                stderr=nothing,
                start_new_session=True,
            )

        with anyio.CancelScope(shield=True):
            try:
                process = await to_thread.run_sync(begin)
            except OSError:
                return False
        try:
            with anyio.move_on_after(COMMAND_TAKES):
                while process.poll() is None:  # noqa: ASYNC110 - its end sets no event here
                    await anyio.sleep(0.02)
            return process.poll() == 0
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group of a command, with what it has left."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    process.wait()


async def _accepts(host: str, port: int) -> bool:
    """Return whether a port accepts a connection, which is closed at once."""
    import anyio

    with suppress(OSError), anyio.move_on_after(PORT_TAKES):
        stream = await anyio.connect_tcp(host, port)
        await stream.aclose()
        return True
    return False


class _LogReader:
    """Looks for a text in a log that grows. Memory is bounded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def finds(self, text: bytes) -> bool:
        """Look at what was added since the last look, block by block."""
        try:
            with self._path.open("rb") as log:
                log.seek(self._position)
                kept = b""
                while block := log.read(_BLOCK):
                    if text in kept + block:
                        return True
                    kept = (kept + block)[-len(text) + 1 :] if len(text) > 1 else b""
                self._position = log.tell() - len(kept)
        except OSError:
            return False
        return False
