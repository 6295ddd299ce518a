"""One connection to a machine: a process of ssh, and lines of JSON in both directions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import anyio

from dagtui.execution.ssh import failures
from dagtui.execution.ssh.command import link_command
from dagtui.execution.ssh.pipe_writer import PipeWriter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from anyio.abc import ByteReceiveStream, Process

    from dagtui.execution.ssh.command import SshHost
    from dagtui.execution.ssh.failures import Failure
    from dagtui.text.amounts import Seconds

    Told = Mapping[str, object]

_Stream = TypeVar("_Stream")
_LONGEST_LINE = 1 << 24  # bytes; the far side sends logs in much smaller pieces
_ERRORS_KEPT = 1 << 13  # bytes of standard error that may say why ssh has failed
_LAST_ERRORS = 0.2  # seconds to wait for them after ssh has ended: a process in the background may keep the pipe open
_LAST_WORDS = 2.0  # seconds for what is still to be sent when the connection is left


class Agent(NamedTuple):
    """What is executed on the far side."""

    compressed: bytes
    """Its archive, compressed once more for the way."""
    digest: str
    """Names the archive, so that one that is there already is not sent again."""


class Connection:
    """A process of ssh with the hub of a run behind it. It is used once."""

    def __init__(self, host: SshHost, agent: Agent, run: str, orphans: Seconds) -> None:
        """Prepare a connection. `run` is the name of the run's folder there. `orphans` is for the hub."""
        self._host = host
        self._agent = agent
        self._command = link_command(host, agent.digest, len(agent.compressed), run, orphans)
        self._pipe: PipeWriter
        self._trouble: Failure | None = None

    def say(self, message: Mapping[str, object]) -> None:
        """Send a message soon. What is not sent when the connection breaks is lost."""
        self._pipe.put(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def serve(self, take: Callable[[Told], None]) -> Failure:
        """Pass on the messages of the hub until the connection breaks, and return why. A cancel leaves it in peace."""
        try:
            self._pipe = PipeWriter()
        except OSError as error:
            return failures.of_start(error)
        try:
            process = await anyio.open_process(self._command, stdin=self._pipe.source, start_new_session=True)
        except OSError as error:
            self._pipe.close()
            return failures.of_start(error)
        finally:
            self._pipe.hand_over()
        errors = bytearray()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._pipe.serve)
                group.start_soon(_read_errors, process, errors)
                await self._receive(process, take)
                with anyio.move_on_after(_LAST_ERRORS):
                    await process.wait()
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._leave(process)
        return self._trouble or failures.of_ssh(self._host, process.returncode, errors.decode(errors="replace"))

    async def _receive(self, process: Process, take: Callable[[Told], None]) -> None:
        """Pass on messages until the far side has nothing more to say, or says something that is not a message."""
        greeted = False
        async with aclosing(_lines(_piped(process.stdout))) as lines:
            async for line in lines:
                told = _message(line)
                if told is None:
                    if greeted:
                        return
                elif not greeted and told.get("need") == self._agent.digest:
                    self._pipe.put_first(self._agent.compressed)
                elif not greeted and "trouble" in told:
                    self._trouble = failures.of_trouble(self._host, told)
                elif greeted or isinstance(told.get("known"), Mapping):  # a login shell may print anything before
                    greeted = True
                    take(told)

    async def _leave(self, process: Process) -> None:
        """Send what is left to be sent, and end ssh. The far side goes on without it."""
        with anyio.move_on_after(_LAST_WORDS):
            await self._pipe.drain()
        self._pipe.close()
        with anyio.move_on_after(_LAST_WORDS):
            await process.wait()
        if process.returncode is None:
            process.kill()
        await process.aclose()


def _piped(stream: _Stream | None) -> _Stream:
    """Return a stream of a process that was started with pipes."""
    if stream is None:
        raise RuntimeError("the process has no pipes")
    return stream


async def _read_errors(process: Process, errors: bytearray) -> None:
    """Keep the last of what ssh and the far side print to standard error."""
    async for piece in _piped(process.stderr):
        errors += piece
        del errors[:-_ERRORS_KEPT]


async def _lines(stream: ByteReceiveStream) -> AsyncGenerator[bytes]:
    """Yield the whole lines of a stream until it ends, or a line is longer than any message is."""
    rest = bytearray()
    async for piece in stream:
        rest += piece
        if b"\n" in piece:
            *whole, last = rest.split(b"\n")
            rest = last
            for line in whole:
                yield bytes(line)
        elif len(rest) > _LONGEST_LINE:
            return


def _message(line: bytes) -> Told | None:
    """Return a message, or None for a line that is not one, as a login shell may print it."""
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
