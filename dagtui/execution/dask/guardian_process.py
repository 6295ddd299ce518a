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
_ENDING = 5.0
"""Seconds for which a guardian that was told to leave may take to do so."""


class GuardianProcess:
    """A process of the agent. When the worker dies, its standard input ends, and it ends all its attempts."""

    def __init__(self, process: asyncio.subprocess.Process, hear: Callable[[bytes], None], errors: str) -> None:
        """`hear` gets each line that it says, and an empty one when it has died. `errors` is a file with its errors."""
        self._process = process
        self._hear = hear
        self._errors = errors
        self._left = False
        self.has_begun = False
        """Whether it has said anything."""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, program: str, spool: str, hear: Callable[[bytes], None]) -> GuardianProcess:
        """Start the agent. Raises OSError."""
        errors = program + ".errors"
        with open(errors, "ab") as file:  # noqa: ASYNC230 - beside the program, which was just written
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", program, "worker", spool, "0",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=file,
                start_new_session=True, limit=_LINE,
            )  # fmt: skip
        return cls(process, hear, errors)

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
        self._listening.cancel()

    def last_error(self) -> str:
        """Return the last line that it wrote to its standard error."""
        try:
            with open(self._errors, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
                lines = file.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line for line in reversed(lines) if line.strip()), "")

    async def _listen(self) -> None:
        output = self._process.stdout
        while output is not None and (line := await output.readline()):
            self.has_begun = True
            if not self._left:
                self._hear(line)
        await self._process.wait()
        if not self._left:
            self._left = True
            self._hear(b"")
