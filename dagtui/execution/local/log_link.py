"""The supervisor's side of the log process: hands pipes over, and starts the log process when it is needed or has died.

The supervisor keeps its own end of every pipe until the log process says that the log is complete. So no attempt gets
SIGPIPE when the log process dies, and its successor reads on; only what the dead one had read and not written is lost.
Short logs that were handed over as a whole are kept till then, too, and written once more.
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

    from dagtui.execution.local.attempt import Attempt, Key
    from dagtui.execution.local.frames import Message
    from dagtui.execution.local.log_process import MakeLog
else:
    import _signal as signal  # see ownership.py
    from _collections import deque

PATIENCE = 5.0
"""Seconds that the log process has to finish once nothing else runs."""
_LAZY = 0.02  # seconds that a complete short log may wait for company
_RESTART = 1.0  # seconds between two starts of the log process
_READ = 1 << 16
_MOST_FILES = 200  # descriptors in one message; the kernel takes 253
_MUCH = 4 << 20  # bytes that wait for the log process: then no further attempt should begin


class LogLink:
    """Pipes and short logs on their way to the log process, and what it says about them."""

    def __init__(self, run: Callable[[int, MakeLog], None], say_closed: Callable[[Key, int, int, str], None]) -> None:
        """`run` is the log process: it gets its socket and how to make a log, and never returns."""
        self._run = run
        self.make_log: MakeLog = plain_log
        """How the log process makes a log."""
        self._say_closed = say_closed
        self.pid = 0
        self.socket: _socket.socket | None = None
        self._frames: deque[tuple[bytes, int]] = deque()  # and the pipe to send along; -1: none
        self._bytes = 0
        self._rest = b""
        self._files: list[int] = []
        self._decoder = Decoder()
        self._handed: dict[Key, tuple[Attempt, bytes]] = {}  # with logs that are whole
        self._not_before = 0.0
        self._finish_by = inf
        self.due = inf
        """When `flush` has something to do."""
        self.blocked = False
        """Whether `flush` waits for the socket to become writable."""

    @property
    def crowded(self) -> bool:
        """Whether so much waits for the log process (a stuck disk, say) that nothing more should begin."""
        return self._bytes > _MUCH

    @property
    def is_about_to_close(self) -> bool:
        """Whether logs of attempts that have ended are not complete yet: the descriptors of their pipes come back."""
        return any(attempt.ended and attempt.pipe >= 0 for attempt, _ in self._handed.values())

    def hand(self, attempt: Attempt, data: bytes) -> None:
        """Hand over what was read of an attempt's output, and its pipe unless that has ended."""
        piped = attempt.pipe >= 0
        self._handed[attempt.key] = attempt, b"" if piped else data
        attempt.handed = True
        self._add(("log", *attempt.key, attempt.log, data, attempt.left, piped), attempt.pipe)
        self.due = min(self.due, 0.0 if piped else time.monotonic() + _LAZY)

    def remark(self, attempt: Attempt) -> None:
        """Have the log of an attempt that was handed over say what the attempt has left behind, and at once."""
        self._add(("left", *attempt.key, attempt.log, attempt.left), -1)
        self.flush(time.monotonic())

    def _add(self, message: Message, pipe: int) -> None:
        frame = encode([message])
        self._frames.append((frame, pipe))
        self._bytes += len(frame)

    def flush(self, now: float) -> None:
        """Send what waits, without ever waiting itself."""
        self.due, self.blocked = inf, False
        if self.socket is None:
            if now < self._not_before and self._finish_by == inf:
                self.due = self._not_before
                return
            try:
                self._start(now)
            except OSError:  # no process or descriptor left: the pipes hold the output till there is one
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
            except OSError:  # it has died, and SIGCHLD is about to say so
                return

    def receive(self) -> None:
        """Read which logs are complete."""
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
        """Note that the log process has ended; what it had not completed goes to the next one."""
        self.receive()
        handed = self._handed
        if self.socket is not None:
            self.socket.close()
        self.pid, self.socket, self._decoder, self._handed = 0, None, Decoder(), {}
        self._frames.clear()
        self._files.clear()
        self._rest, self._bytes, self.blocked, self.due = b"", 0, False, inf
        for attempt, data in handed.values():
            self.hand(attempt, data)

    def finish(self, now: float) -> bool:
        """Have the log process write the rest and end; whether it has, or has had its time."""
        if not self.pid and not self._frames:
            return True
        if self._finish_by == inf:
            self._finish_by = now + PATIENCE
        if now >= self._finish_by:
            if self.pid:
                os.kill(self.pid, signal.SIGKILL)
            for key in self._handed:
                self._say_closed(key, -1, 0, "")
            return True
        if self._rest or self._frames:
            self.flush(now)
        if self.socket is not None and not (self._rest or self._frames):
            self.socket.shutdown(_socket.SHUT_WR)
        self.due = min(self.due, self._finish_by)
        return False

    def _start(self, now: float) -> None:
        """Fork the log process: a small process with one thread, all its modules are here already. Raises OSError."""
        self._not_before = now + _RESTART
        ours, theirs = _socket.socketpair()  # closed with these names, should the fork fail
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
        """Send once; descriptors arrive with the first byte, hence before the frames that mention them are complete."""
        if self.socket is None:
            return
        rights = b"".join(pipe.to_bytes(4, sys.byteorder) for pipe in self._files)
        extra = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)] if rights else []
        sent = self.socket.sendmsg([self._rest], extra)
        self._files.clear()
        self._rest = self._rest[sent:]
        self._bytes -= sent

    def _complete(self, node: int, number: int, size: int, lost: int, why: str) -> None:
        if (node, number) not in self._handed:
            return
        attempt, _ = self._handed.pop((node, number))
        if attempt.pipe >= 0:
            os.close(attempt.pipe)
            attempt.pipe = -1
        self._say_closed(attempt.key, size, lost, why)
