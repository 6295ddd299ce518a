"""The log process: drains the pipes of all attempts into their logs, so that supervisor and app never wait for a disk.

It has one thread, which sleeps in epoll(7), or in poll(2) on systems other than Linux. The supervisor forks it. It
never executes a program, has all signals blocked, and ends when the supervisor is gone and all pipes have ended.
Messages (frames.py) from the supervisor:

    ("log", node, attempt, path, data, left, piped)    data: output that was read already; left: number of processes
                                                left behind; piped: the read end of the pipe is sent along
    ("left", node, attempt, path, left)         the number of processes left behind

Messages to the supervisor:

    ("closed", node, attempt, size, lost, why)  the pipe has ended; size of the log and lost output in bytes; why: the
                                                reason of the loss
"""

from __future__ import annotations

import _socket
import os
import resource
import select
import sys
import time
from typing import TYPE_CHECKING, cast

from dagtui.execution.local.descriptors import close_from
from dagtui.execution.local.frames import Decoder, Outbox
from dagtui.execution.local.log_file import LogWriter

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.local.attempt import Key
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import WallTime

    MakeLog = Callable[[str, bool], LogWriter]
else:
    from _collections import deque  # see ownership.py

_wall_time = cast("Callable[[], WallTime]", time.time)
_WRITE_TIMES = 1.0  # seconds between two writes of time records
_READ = 1 << 18  # maximum bytes of one attempt in one round, so that a chatty one does not starve others
_FULL = 1 << 16  # capacity of a pipe in bytes; a full pipe is widened, so that the task waits less
_MESSAGES = 1 << 16
_MOST_FILES = 253  # maximum number of descriptors in one message
_SILENCE = 10.0  # seconds without output, after which open pipes are abandoned if the supervisor is gone
_SPARE_FILES = 32
_SAY_AGAIN = 1.0  # seconds between tries to append to closed logs what they lost


class LogProcess:
    """Reads pipes and writes logs until the supervisor is gone and all pipes have ended."""

    def __init__(self, supervisor: int, make_log: MakeLog) -> None:
        """Create the log process.

        `supervisor` is this end of the supervisor's socket. `make_log` gets a path, and whether an existing file is
        overwritten.
        """
        self._make_log = make_log
        self._socket = _socket.socket(fileno=supervisor)
        self._socket.setblocking(False)
        self._supervisor = supervisor
        self._open = True
        self._input, self._files = Decoder(), deque[int]()
        self._outbox = Outbox(supervisor)
        self._pipes: dict[int, tuple[Key, LogWriter]] = {}
        self._untimed: set[LogWriter] = set()  # logs with pending time records
        self._times_due = 0.0
        self._unsaid = list[LogWriter]()  # closed logs to which their loss could not be appended
        self._say_at = 0.0
        self._buffer = bytearray(_READ)
        self._view = memoryview(self._buffer)
        self._limit = _raise_file_limit()
        self._poll = select.epoll() if sys.platform == "linux" else select.poll()
        self._unit = 1 if sys.platform == "linux" else 1000  # of timeouts: epoll takes seconds, poll milliseconds
        self._poll.register(supervisor, select.POLLIN)

    def run(self) -> None:
        """Work until the supervisor is gone and all pipes have ended."""
        heard = time.monotonic()
        while self._open or self._pipes:
            ready = self._poll.poll(self._timeout() * self._unit)
            now, wall = time.monotonic(), _wall_time()
            if dict(ready).get(self._supervisor, 0) & ~select.POLLOUT:
                self._receive(wall)  # first, as it may bring remarks for the end of a log
            for fd, _ in ready:
                if fd != self._supervisor:
                    self._read(fd, wall)
            if self._untimed and now >= self._times_due:
                self._write_times(now)
            if self._unsaid and now >= self._say_at:
                self._say_losses(now)
            self._send()
            if ready or self._open:
                heard = now
            elif now - heard >= _SILENCE:
                break
        for _, log in self._pipes.values():
            log.close()
        self._say_losses(time.monotonic())

    def _timeout(self) -> float:
        dues = [self._times_due] if self._untimed else []
        if self._unsaid:
            dues.append(self._say_at)
        if dues:
            return max(0.001, min(dues) - time.monotonic())
        return -1 if self._open else _SILENCE

    def _receive(self, wall: WallTime) -> None:
        try:
            data, extras, flags, _ = self._socket.recvmsg(_MESSAGES, _socket.CMSG_SPACE(4 * _MOST_FILES))
        except BlockingIOError:
            return
        except OSError:
            data, extras, flags = b"", [], 0
        if flags & _socket.MSG_CTRUNC:  # out of descriptors: the supervisor passes every pipe to a new log process
            os._exit(1)
        for _, _, rights in extras:
            self._files.extend(memoryview(rights).cast("i"))
        if self._is_tight():  # close logs that were opened earlier, to free descriptors for the new pipes
            for _, log in self._pipes.values():
                log.release()
        if not data:
            self._open = False
            self._poll.unregister(self._supervisor)
        handlers: dict[object, Callable[..., None]] = {"log": self._take, "left": self._remark}
        for kind, *fields in self._input.feed(data):
            handlers[kind](wall, *fields)

    def _remark(self, _wall: WallTime, node: NodeIndex, number: AttemptNumber, path: str, left: int) -> None:
        for key, log in self._pipes.values():
            if key == (node, number):
                log.left = left
                return
        log = self._make_log(path, False)  # its pipe has ended and its log is closed
        log.left = left
        log.close()

    def _take(
        self, wall: WallTime, node: NodeIndex, number: AttemptNumber, path: str, data: bytes, left: int, piped: bool
    ) -> None:
        log = self._make_log(path, not piped)  # a complete log may arrive again after a predecessor died
        log.left = left
        if data:
            self._write(log, data, wall)
        if not piped:
            self._close(log, (node, number))
            return
        pipe = self._files.popleft()
        self._pipes[pipe] = (node, number), log
        self._poll.register(pipe, select.POLLIN)

    def _read(self, pipe: int, wall: WallTime) -> None:
        key, log = self._pipes[pipe]
        try:
            size = os.readv(pipe, [self._buffer])
        except BlockingIOError:
            return
        except OSError:  # no process has the terminal any more
            size = 0
        if size:
            if size == _FULL:
                _widen(pipe)
            self._write(log, self._view[:size], wall)
            return
        self._poll.unregister(pipe)
        os.close(pipe)
        del self._pipes[pipe]
        self._close(log, key)

    def _write(self, log: LogWriter, data: bytes | memoryview, wall: WallTime) -> None:
        log.write(data, wall)
        if self._is_tight():
            log.release()
        if not self._untimed:
            self._times_due = time.monotonic() + _WRITE_TIMES
        self._untimed.add(log)

    def _is_tight(self) -> bool:
        """Return whether descriptors are so scarce that logs must be closed after each write."""
        return 2 * (len(self._pipes) + len(self._files)) + _SPARE_FILES > self._limit

    def _close(self, log: LogWriter, key: Key) -> None:
        self._untimed.discard(log)
        self._outbox.say("closed", *key, log.close(), log.lost, log.reason)
        if not log.say_loss():
            self._unsaid.append(log)

    def _say_losses(self, now: float) -> None:
        self._unsaid = [log for log in self._unsaid if not log.say_loss()]
        self._say_at = now + _SAY_AGAIN

    def _write_times(self, now: float) -> None:
        for log in self._untimed:
            log.pause()
            log.write_times()
        self._untimed.clear()
        self._times_due = now + _WRITE_TIMES

    def _send(self) -> None:
        blocked = self._outbox.blocked
        self._outbox.send(hurry=False, at_once=True)
        if self._open and self._outbox.blocked != blocked:
            self._poll.modify(self._supervisor, select.POLLIN | (0 if blocked else select.POLLOUT))


if sys.platform == "linux":

    def _widen(pipe: int) -> None:
        """Raise the capacity of a pipe to the size of a read, if this user's limit allows it."""
        import fcntl

        try:  # noqa: SIM105 - contextlib costs start-up time
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _READ)
        except OSError:  # this user has too many wide pipes
            pass

else:

    def _widen(_pipe: int) -> None:
        """Do nothing: pipes have a fixed capacity on this system."""


def _raise_file_limit() -> int:
    """Raise the limit of open files to its maximum. Return the limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:  # noqa: SIM105 - contextlib costs start-up time
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # some systems report a limit that they do not accept
        pass
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 30 if soft == resource.RLIM_INFINITY else soft


def plain_log(path: str, anew: bool) -> LogWriter:
    """Return a log without redaction."""
    return LogWriter(path, anew=anew)


def run(supervisor: int, make_log: MakeLog) -> None:
    """Run as the log process after the fork. `supervisor` is its socket. Never returns."""
    keep = os.dup2(supervisor, 3)
    close_from(4)
    LogProcess(keep, make_log).run()
    os._exit(0)
