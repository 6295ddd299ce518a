"""The supervisor's link to the log process: passes pipes, and starts the log process when needed or after its death.

The supervisor keeps its own end of every pipe until the log process reports that the log is complete. So no attempt
gets SIGPIPE if the log process dies, and its successor continues to read. Only output that the dead one had read but
not written is lost. Short logs that were passed as a whole are kept too, and are written again by the successor.
"""

from __future__ import annotations

import _socket
import os
import sys
import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.local.frames import Decoder, encode
from dagtui.execution.local.log_process import plain_log

if TYPE_CHECKING:
    import signal
    from collections import deque
    from collections.abc import Callable

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.local.attempt import Attempt, Key
    from dagtui.execution.local.frames import Message
    from dagtui.execution.local.log_process import MakeLog
    from dagtui.graph.model import NodeIndex
else:
    import _signal as signal  # see ownership.py
    from _collections import deque

PATIENCE = 5.0
"""Seconds that the log process has to finish after everything else has ended."""
_LAZY = 0.02  # seconds that a complete short log may wait for others
_RESTART = 1.0  # minimum seconds between two starts of the log process
_READ = 1 << 16
_MOST_FILES = 200  # maximum number of descriptors in one message; the kernel allows 253
_YOUNG = 0.01  # seconds after which the log process reads an attempt's pipe
_MUCH = 4 << 20  # bytes waiting for the log process, above which no further attempt should begin


class LogLink:
    """Passes pipes and short logs to the log process, and receives its messages."""

    def __init__(self, run: Callable[[int, MakeLog], None], say_closed: Callable[[Key, int, int, str], None]) -> None:
        """Create a link. `run` runs the log process after the fork. It gets a socket and `make_log`, never returns."""
        self._run = run
        self.make_log: MakeLog = plain_log
        """The function by which the log process makes a log."""
        self._say_closed = say_closed
        self.pid = 0
        self.socket: _socket.socket | None = None
        self._frames: deque[tuple[bytes, int]] = deque()  # frames, each with the pipe to send along; -1: none
        self._bytes = 0
        self._rest = b""
        self._files: list[int] = []
        self._decoder = Decoder()
        self._passed: dict[Key, tuple[Attempt, bytes]] = {}  # attempts with their output, if it is complete
        self._not_before = 0.0
        self._finish_by = inf
        self.due = inf
        """Time at which to call `flush`, or infinity."""
        self.blocked = False
        """Whether `flush` waits for the socket to become writable."""

    @property
    def crowded(self) -> bool:
        """Whether so much output waits for the log process, as on a stuck disk, that no attempt should begin."""
        return self._bytes > _MUCH

    @property
    def is_about_to_close(self) -> bool:
        """Whether pipes of ended attempts are still open, so that descriptors will become free."""
        return any(attempt.ended and attempt.pipe >= 0 for attempt, _ in self._passed.values())

    def pass_on(self, attempt: Attempt, data: bytes) -> None:
        """Pass the output that was read of an attempt, and its pipe unless that has ended."""
        piped = attempt.pipe >= 0
        self._passed[attempt.key] = attempt, b"" if piped else data
        attempt.passed_on = True
        self._add(("log", *attempt.key, attempt.log, data, attempt.left, piped), attempt.pipe)
        self.due = min(self.due, 0.0 if piped else time.monotonic() + _LAZY)

    def remark(self, attempt: Attempt) -> None:
        """Tell the log process at once how many processes an attempt left behind."""
        self._add(("left", *attempt.key, attempt.log, attempt.left), -1)
        self.flush(time.monotonic())

    def _add(self, message: Message, pipe: int) -> None:
        frame = encode([message])
        self._frames.append((frame, pipe))
        self._bytes += len(frame)

    def flush(self, now: float) -> None:
        """Send pending frames without blocking."""
        self.due, self.blocked = inf, False
        if self.socket is None:
            if now < self._not_before and self._finish_by == inf:
                self.due = self._not_before
                return
            try:
                self._start(now)
            except OSError:  # no process or descriptor is free: the pipes hold the output until one is
                self.due = self._not_before
                return
        while self._rest or self._frames:
            if not self._rest:
                self._next_batch()
            try:
                self._send()
            except BlockingIOError:
                self.blocked = True
                return
            except OSError:  # it has died, which SIGCHLD will report
                return

    def receive(self) -> None:
        """Process the log process's messages about complete logs."""
        if self.socket is None:
            return
        try:
            data = self.socket.recv(_READ)
        except OSError:
            return
        complete: Callable[..., None] = self._complete
        for _, *fields in self._decoder.feed(data):
            complete(*fields)

    def reaped(self) -> None:
        """Note that the log process has ended, and queue its incomplete logs for the next one."""
        self.receive()
        passed = self._passed
        if self.socket is not None:
            self.socket.close()
        self.pid, self.socket, self._decoder, self._passed = 0, None, Decoder(), {}
        self._frames.clear()
        self._files.clear()
        self._rest, self._bytes, self.blocked, self.due = b"", 0, False, inf
        for attempt, data in passed.values():
            self.pass_on(attempt, data)

    def finish(self, now: float) -> bool:
        """Let the log process write the rest and end. Return whether it has ended, or its time is over."""
        if not self.pid and not self._frames:
            return True
        if self._finish_by == inf:
            self._finish_by = now + PATIENCE
        if now >= self._finish_by:
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
            for key in self._passed:
                self._say_closed(key, -1, 0, "")
            return True
        if self._rest or self._frames:
            self.flush(now)
        if self.socket is not None and not (self._rest or self._frames):
            self.socket.shutdown(_socket.SHUT_WR)
        self.due = min(self.due, self._finish_by)
        return False

    def _start(self, now: float) -> None:
        """Fork the log process, whose modules are loaded already. Raise OSError if that fails."""
        self._not_before = now + _RESTART
        ours, theirs = _socket.socketpair()  # closed when these names go out of scope, if the fork fails
        self.pid = os.fork()
        if not self.pid:
            self._run(theirs.fileno(), self.make_log)
        theirs.close()
        ours.setblocking(False)
        self.socket = ours

    def _next_batch(self) -> None:
        frames: list[bytes] = []
        while self._frames and len(self._files) < _MOST_FILES:
            frame, pipe = self._frames.popleft()
            frames.append(frame)
            if pipe >= 0:
                self._files.append(pipe)
        self._rest = b"".join(frames)

    def _send(self) -> None:
        """Send once. Descriptors arrive with the first byte, so before the frames that refer to them are complete."""
        if self.socket is None:
            return
        rights = b"".join(pipe.to_bytes(4, sys.byteorder) for pipe in self._files)
        extra = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if rights else []
        sent = self.socket.sendmsg([self._rest], extra)
        self._files.clear()
        self._rest = self._rest[sent:]
        self._bytes -= sent

    def _complete(self, node: NodeIndex, number: AttemptNumber, size: int, lost: int, why: str) -> None:
        if (node, number) not in self._passed:
            return
        attempt, _ = self._passed.pop((node, number))
        if attempt.pipe >= 0:
            os.close(attempt.pipe)
            attempt.pipe = -1
        self._say_closed(attempt.key, size, lost, why)


class YoungPipes:
    """Pipes of attempts that have just begun. The supervisor reads them itself, as most short attempts print little."""

    def __init__(self, logs: LogLink) -> None:
        self._logs = logs
        self._young: deque[tuple[float, Attempt]] = deque()

    @property
    def due(self) -> float:
        """Time at which the first attempt is no longer young, or infinity."""
        return self._young[0][0] if self._young else inf

    def add(self, attempt: Attempt) -> None:
        """Add an attempt that has just begun."""
        self._young.append((attempt.begun + _YOUNG, attempt))

    def pass_on(self, now: float) -> None:
        """Hand the pipes that are no longer young to the log process."""
        young = self._young
        while young and young[0][0] <= now:
            attempt = young.popleft()[1]
            if attempt.pipe >= 0 and not attempt.passed_on:
                self._logs.pass_on(attempt, b"")

    def read_rest(self, attempt: Attempt) -> None:
        """Hand the output of an ended leader to the log process, unless it reads the pipe already."""
        if attempt.passed_on:
            if attempt.left:
                self._logs.remark(attempt)
            return
        data, ended = b"", False
        try:
            for _ in range(2):
                chunk = os.read(attempt.pipe, _READ)
                if not chunk:
                    ended = True
                    break
                data += chunk
        except BlockingIOError:  # other processes still hold the pipe, and may print more
            pass
        except OSError:  # no process has the terminal any more
            ended = True
        if ended:
            os.close(attempt.pipe)
            attempt.pipe = -1
        if data or attempt.left or not ended:
            self._logs.pass_on(attempt, data)
