"""The guardian: starts the processes of attempts, reaps them, and lets none outlive its attempt or the app.

One thread, asleep in poll(2); every signal but SIGCHLD is blocked. Messages (frames.py) from the app:

    ("environment", variables)          what is common to all attempts
    ("secrets", forms)                  byte strings to mask in logs; comes before any start
    ("slots", count)                    no more at a time; further starts wait in their order
    ("start", node, attempt, sequence, slots, path, argv, cwd, env, log, grace, fallback)
    ("stop", node, attempt, grace)      TERM now, KILL after so many seconds (0: KILL now); one that waits is withdrawn
    ("withdraw", node, attempt)         take back one that waits
    end of file                         stop everything, then exit

To the app; all but the ends come up to 20 ms late, in company, and so do these while enough starts wait:

    ("ready", pid)
    ("begun", node, attempt)
    ("failed", node, attempt, errno, what)      nothing was started; what: cwd, pipe or command
    ("short", errno, what)      starts wait until others have ended, for want of descriptors, processes or memory
    ("exited", node, attempt, status, seconds, silent)    the leader's wait status; silent: it never printed anything
    ("withdrawn", node, attempt)
    ("closed", node, attempt, size, lost, why)  its log is complete; size in bytes, -1: the log process died over it;
                                                so many bytes are lost, and why
    end of file                                 guardian and keeper have ended, and all processes of attempts
"""

from __future__ import annotations

import os
import select
import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution import ownership
from dagtui.execution.attempt import Attempt
from dagtui.execution.frames import Decoder, Message, encode
from dagtui.execution.log_link import LogLink
from dagtui.execution.processes import UNKILLABLE, Processes
from dagtui.execution.spawn import SCARCE, Spawner, StartError
from dagtui.execution.start_hold import ENDING, StartHold
from dagtui.execution.waiting import WaitingStarts

if TYPE_CHECKING:
    import signal
    from collections import deque
    from collections.abc import Callable

    from dagtui.execution.attempt import Key
    from dagtui.execution.ledger import Ledger
    from dagtui.execution.log_process import MakeLog
    from dagtui.text.masking import Masking
else:
    import _signal as signal  # see ownership.py
    from _collections import deque

_LAZY = 0.02  # seconds that news may wait for company
_YOUNG = 0.01  # seconds after which the log process reads an attempt's pipe; most short attempts never trouble it
_READ = 1 << 16
_UNHURRIED = frozenset(("ready", "begun", "short", "closed"))
_AT_ONCE = 16  # starts, before signals and messages are looked at again


class Guardian:
    """Runs attempts as the app asks, until the app has gone and nothing is left."""

    def __init__(self, app: int, keeper: int, ledger: Ledger, run_log_process: Callable[[int, MakeLog], None]) -> None:
        """`app` is our end of the socket; `keeper` a pipe on which the keeper learns how long the ending may take.

        `ledger` is memory that the app can read when the guardian has died.
        """
        self._app, self._keeper, self._ledger = app, keeper, ledger
        self._open, self._end_by = True, inf
        self._waiting = WaitingStarts()
        marks = ownership.Marks()
        self._processes = Processes(marks)
        self._spawner = Spawner(marks)
        self._logs = LogLink(run_log_process, self._say_closed)
        self._masking: Masking | None = None
        self._young: deque[tuple[float, Attempt]] = deque()  # whose pipes are still read by us, and until when
        self._hungry = False  # whether more starts fit at once
        self._hold = StartHold()
        self._shortages: set[int] = set()  # errors of starts that had to wait, each said once
        self._input, self._output, self._blocked = Decoder(), bytearray(), False
        self._news: list[Message] = []
        self._news_due, self._urgent = inf, False
        self._handlers: dict[object, Callable[..., None]] = {
            "environment": self._spawner.set_environment,
            "secrets": self._set_secrets,
            "slots": self._set_slots,
            "start": self._queue,
            "stop": self._stop,
            "withdraw": self._withdraw,
        }
        self._poll, self._watched = select.poll(), dict[int, int]()
        self._log_socket = -1
        self._bell, ring = os.pipe()
        os.set_blocking(ring, False)
        os.set_blocking(app, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, not SIG_IGN: exec resets it
        self._watch(self._bell, select.POLLIN)
        self._watch(app, select.POLLIN)

    def run(self) -> None:
        """Serve the app; returns when it has gone and nothing is left, or can't be killed."""
        self._say("ready", os.getpid())
        while not self._is_over():
            self._wait()
            self._begin()
            if self._processes.unsettled or not self._open:
                self._processes.settle(time.monotonic(), 1 if self._logs.pid else 0)
            self._hand_over()
            self._send()
        self._send()

    def mask(self, text: bytes) -> bytes:
        """A text for a file, without secrets."""
        return text if self._masking is None else self._masking.mask(text)

    def _is_over(self) -> bool:
        if self._open:
            return False
        now = time.monotonic()
        if self._processes and now < self._end_by:
            return False
        return self._logs.finish(now)

    def _wait(self) -> None:
        """Sleep until something happens or is due, and take it in."""
        due = min(self._news_due, self._logs.due, self._processes.due, self._hold.due if self._waiting else inf)
        if self._young:
            due = min(due, self._young[0][0])
        if not self._open and self._processes:
            due = min(due, self._end_by)
        timeout = None if due == inf else max(0.0, due - time.monotonic()) * 1000 + 1
        if self._processes.unsettled and ownership.LOOK_AGAIN:
            timeout = min(timeout or inf, ownership.LOOK_AGAIN * 1000)
        for fd, events in self._poll.poll(0 if self._hungry else timeout):
            if fd == self._bell:
                os.read(fd, _READ)
                self._reap()
            elif fd != self._app:
                self._logs.receive()
            elif events & ~select.POLLOUT:
                self._receive()

    def _watch(self, fd: int, events: int) -> None:
        """Wait for events of a descriptor from now on; 0: for none."""
        if self._watched.get(fd, 0) == events:
            return
        if events:
            self._poll.register(fd, events)
        else:
            self._poll.unregister(fd)
        self._watched[fd] = events

    # --- What the app asks for.

    def _receive(self) -> None:
        try:
            data = os.read(self._app, _READ)
        except BlockingIOError:
            return
        except OSError:  # the app died with news unread
            data = b""
        if not data:
            self._close()
        for kind, *fields in self._input.feed(data):
            self._handlers[kind](*fields)

    def _close(self) -> None:
        """Stop everything: the app has gone."""
        if not self._open:
            return
        self._open = False
        now = time.monotonic()
        self._waiting.clear()
        longest = self._processes.stop_all(now)
        self._end_by = now + longest + UNKILLABLE
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.write(self._keeper, b"%d" % (longest + 1))
        except OSError:  # somebody killed the keeper
            pass

    def _set_secrets(self, forms: tuple[bytes, ...]) -> None:
        # Most runs have none, and need not wait for these.
        from dagtui.execution.masked_log import MaskedLogFile
        from dagtui.text.masking import Masking

        self._masking = masking = Masking(forms)
        self._logs.make_log = lambda path, anew: MaskedLogFile(path, masking, anew=anew)

    def _set_slots(self, slots: int) -> None:
        self._waiting.slots = slots
        self._spawner.make_room(slots)

    def _queue(self, node: int, number: int, *request: object) -> None:
        make: Callable[..., Attempt] = Attempt
        self._waiting.add(make((node, number), *request))

    def _stop(self, node: int, number: int, grace: float) -> None:
        attempt = self._processes.attempts.get((node, number))
        if attempt is not None:
            self._processes.stop(attempt, grace, time.monotonic())
        else:
            self._withdraw(node, number)

    def _withdraw(self, node: int, number: int) -> None:
        if self._waiting.withdraw((node, number)):
            self._say("withdrawn", node, number)

    # --- Starts and ends.

    def _begin(self) -> None:
        """Start what fits."""
        self._hungry = False
        if not self._waiting or self._hold.holds(time.monotonic()) or self._logs.crowded:
            return
        for _ in range(_AT_ONCE):
            attempt = self._waiting.take()
            if attempt is None:
                return
            if not self._start(attempt):
                self._waiting.put_back(attempt)
                return
        self._hungry = True

    def _start(self, attempt: Attempt) -> bool:
        """Start one; False when it has to wait for what others have: descriptors, processes, memory."""
        now = attempt.begun = time.monotonic()
        self._ledger.begin(attempt.sequence)
        if not attempt.path:
            self._say("begun", *attempt.key)
            self._say("exited", *attempt.key, 0, 0.0, True)
            return True
        try:
            self._spawner.start(attempt)
        except StartError as error:
            if error.number in SCARCE and (self._waiting.used or self._logs.is_about_to_close):
                self._ledger.expect(attempt.sequence)
                self._say_short(error)
                return False
            self._say("failed", *attempt.key, error.number, error.what)
            return True
        self._waiting.used += attempt.slots
        self._processes.add(attempt)
        self._young.append((now + _YOUNG, attempt))
        self._say("begun", *attempt.key)
        return True

    def _reap(self) -> None:
        """Reap whatever has ended; a leader's end is told, and its slots are free, whatever it has left behind."""
        now = time.monotonic()
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._logs.pid:
                self._logs.reaped()
                continue
            attempt = self._processes.reaped(pid)
            if attempt is not None:
                self._waiting.used -= attempt.slots
                if status & 0x7F in ENDING and attempt.patience == inf:
                    self._hold.suspect(now)
                silent = self._read_rest(attempt)
                self._say("exited", *attempt.key, status, now - attempt.begun, silent)

    # --- Output of attempts.

    def _read_rest(self, attempt: Attempt) -> bool:
        """Hand what a leader has printed to the log process, unless that reads the pipe; whether it was nothing."""
        if attempt.handed:
            return False
        data, ended = b"", False
        try:
            for _ in range(2):
                chunk = os.read(attempt.pipe, _READ)
                if not chunk:
                    ended = True
                    break
                data += chunk
        except BlockingIOError:  # others still have the pipe, who may print more
            pass
        if ended:
            os.close(attempt.pipe)
            attempt.pipe = -1
        if data or not ended:
            self._logs.hand(attempt, data)
            return False
        return True

    def _hand_over(self) -> None:
        """Have the log process read the pipes of attempts that are no longer young, and send it what it is to get."""
        now = time.monotonic()
        young = self._young
        while young and young[0][0] <= now:
            attempt = young.popleft()[1]
            if attempt.pipe >= 0 and not attempt.handed:
                self._logs.hand(attempt, b"")
        if self._logs.due <= now or self._logs.blocked:
            self._logs.flush(now)
        socket = self._logs.socket.fileno() if self._logs.socket is not None else -1
        if socket != self._log_socket:
            self._watch(self._log_socket, 0)
            self._log_socket = socket
        if socket >= 0:
            self._watch(socket, select.POLLIN | (select.POLLOUT if self._logs.blocked else 0))

    def _say_closed(self, key: Key, size: int, lost: int, why: str) -> None:
        self._say("closed", *key, size, lost, why)

    # --- News for the app.

    def _say_short(self, error: StartError) -> None:
        if self._waiting.used and error.number not in self._shortages:
            self._shortages.add(error.number)
            self._say("short", error.number, error.what)

    def _say(self, *message: object) -> None:
        self._news_due = min(self._news_due, time.monotonic() + _LAZY)
        self._urgent = self._urgent or message[0] not in _UNHURRIED
        self._news.append(message)

    def _send(self) -> None:
        """Send the news that are due, never waiting for the app."""
        few = self._urgent and len(self._waiting) <= self._waiting.slots
        if self._news and (few or not self._open or self._news_due <= time.monotonic()):
            self._output += encode(self._news)
            self._news, self._news_due, self._urgent = [], inf, False
        self._blocked = False
        if self._output:
            try:
                del self._output[: os.write(self._app, self._output)]
                self._blocked = bool(self._output)
            except BlockingIOError:
                self._blocked = True
            except OSError:  # the app has died
                self._output.clear()
                self._close()
        self._watch(self._app, (select.POLLIN if self._open else 0) | (select.POLLOUT if self._blocked else 0))
