"""The guardian of a Dask worker: the agent's process, and the lines between it and the worker.

It is sent to the workers by value: dagtui is not installed there. So this module imports nothing of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE = 1 << 26
"""Bytes of the longest line that a guardian says: it may hold the values of an attempt."""
WATCHDOG = 120.0
"""Seconds for which a worker may hang. Dask gives up a worker that hangs after `worker-ttl`, 300 s by default."""
_ENDING = 5.0
"""Seconds for which a guardian that was told to leave may take to do so."""


class GuardianProcess:
    """A process of the agent. When the worker dies or hangs for long, it ends all its attempts."""

    def __init__(self, process: asyncio.subprocess.Process, hello: bytes, hear: Callable[[bytes], None]) -> None:
        """`hello` is the first line that it said. `hear` gets all lines, and an empty one when it has died."""
        self._process = process
        self._hear = hear
        self._left = False
        self.gpus = int(json.loads(hello).get("gpus") or 0)
        """How many it can hand out."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._feed_watchdog())]
        hear(hello)

    @classmethod
    async def start(cls, program: str, spool: str, hear: Callable[[bytes], None]) -> GuardianProcess:
        """Start the agent, and wait until it is ready. Raises OSError, which says why it isn't."""
        errors = program + ".errors"
        with open(errors, "ab") as file:  # noqa: ASYNC230 - beside the program, which was just written
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", program, "worker", spool, "0", f"{WATCHDOG}",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=file,
                start_new_session=True, limit=_LINE,
            )  # fmt: skip
        hello = await process.stdout.readline() if process.stdout is not None else b""
        if not hello:
            await process.wait()
            raise ChildProcessError(0, await asyncio.to_thread(_last_line, errors) or "it ends at once", "the agent")
        return cls(process, hello, hear)

    def say(self, **message: object) -> None:
        """Send a line. The guardian always reads."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def leave(self) -> None:
        """Let it end. What it still says is not heard."""
        self._left = True
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def close(self) -> None:
        """Let it end, and wait for that."""
        self.leave()
        try:
            await asyncio.wait_for(self._process.wait(), _ENDING)
        except TimeoutError:
            self._process.kill()
        for task in self._tasks:
            task.cancel()

    async def _feed_watchdog(self) -> None:
        """Say that this worker does not hang."""
        while not self._left:
            await asyncio.sleep(WATCHDOG / 10)
            self.say(look={})

    async def _listen(self) -> None:
        output = self._process.stdout
        while output is not None and (line := await output.readline()):
            if not self._left:
                self._hear(line)
        await self._process.wait()  # for that of its parent, which ends what it has left
        if not self._left:
            self._left = True
            self._hear(b"")


def _last_line(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")
