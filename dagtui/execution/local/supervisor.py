"""The supervisor: starts and reaps the processes of attempts, and lets none outlive its attempt or the app.

It has one thread, which sleeps in poll(2). All signals except SIGCHLD are blocked. Messages (frames.py) from the app:

    ("environment", variables)          the variables common to all attempts
    ("secrets", forms)                  byte strings to redact in logs, sent before any start
    ("slots", count)                    maximum number of slots in use; further starts wait in order
    ("start", node, attempt, sequence, slots, path, argv, cwd, env, log, grace, fallback[, True: with a terminal])
    ("terminals", rows, columns)        the size of terminals, sent before any start with one, and after a change
    ("type", node, attempt, data)       type into the terminal of an attempt
    ("stop", node, attempt, grace)      TERM now, and KILL after `grace` seconds (0: KILL now); or withdraw it
    ("withdraw", node, attempt)         withdraw an attempt that waits
    end of file                         stop everything, then exit

Messages to the app. Ends, failures and withdrawals are sent at once unless more starts than slots wait. All other
messages are sent in batches, up to 20 ms late:

    ("ready", pid, tag)
    ("begun", node, attempt)
    ("failed", node, attempt, errno, what)      nothing was started; what: cwd, pipe or command
    ("short", errno, what)                      starts wait for descriptors, processes or memory of other attempts
    ("exited", node, attempt, status, seconds, left, held[, used, killed_at])  status: the leader's wait status; left:
                                                number of processes that the leader left behind; held: processes of the
                                                attempt still run, and "gone" follows; used: see usage.py; killed_at:
                                                see memory_kills.py
    ("gone", node, attempt, lasting)            no process of the attempt is left; lasting: one can't be killed
    ("withdrawn", node, attempt)
    ("reaper", pid)                             the reaper has died, and this is the new one
    ("closed", node, attempt, size, lost, why)  the log is complete; size in bytes, -1: the log process could not
                                                complete it; lost: number of lost bytes; why: the reason
    end of file                                 supervisor, reaper and all processes of attempts have ended
"""

from __future__ import annotations

import os
import select
import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.local import ownership, undelivered
from dagtui.execution.local.attempt import Attempt
from dagtui.execution.local.frames import Decoder, Outbox
from dagtui.execution.local.log_file import RedactedLogWriter
from dagtui.execution.local.log_link import LogLink, YoungPipes
from dagtui.execution.local.memory_kills import MemoryKills
from dagtui.execution.local.processes import UNKILLABLE, Processes
from dagtui.execution.local.reaper_link import ReaperLink
from dagtui.execution.local.spawn import SCARCE, Spawner, StartError
from dagtui.execution.local.start_queue import ENDING, StartHold, StartQueue
from dagtui.execution.local.usage import UsageReader

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from dagtui.engine.messages import AttemptNumber, Slots
    from dagtui.execution.local.log_process import MakeLog
    from dagtui.execution.local.pseudo_terminal import Terminals
    from dagtui.execution.local.start_table import StartTable
    from dagtui.execution.local.usage import Used
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth, Seconds
    from dagtui.text.redaction import Redaction
else:
    import _signal as signal  # see ownership.py

_READ = 1 << 16
_TYPE_AGAIN = 50  # milliseconds until input is typed again that the processes of an attempt don't read
_KILLED = frozenset({int(signal.SIGKILL), (128 + signal.SIGKILL) << 8})  # or what a shell says of its child
_AT_ONCE = 16  # maximum number of starts before signals and messages are handled again


class Supervisor:
    """Runs attempts on request of the app, until the app is gone and no process is left."""

    def __init__(
        self,
        app: int,
        reaper: int,
        start_table: StartTable,
        run_log_process: Callable[[int, MakeLog], None],
        run_reaper: Callable[[int, int], None],
    ) -> None:
        """Create a supervisor.

        `app` is this end of the socket, and `reaper` the pipe that tells the reaper how long the ending may take. The
        `start_table` outlives the supervisor. `run_reaper` runs in a forked process after a reaper has died. It gets
        the other end of such a pipe and the tag of all attempts, and never returns.
        """
        self._app, self._start_table = app, start_table
        self._open, self._end_by = True, inf
        self._waiting = StartQueue()
        marks = ownership.Marks()
        self._tag = marks.tag
        self._reaper = ReaperLink(reaper, lambda pipe: run_reaper(pipe, marks.tag))
        self._processes = Processes(marks)
        self._spawner = Spawner(marks)
        self._logs = LogLink(run_log_process, lambda key, *what: self._say("closed", *key, *what))
        self._young = YoungPipes(self._logs)
        self._redaction: Redaction | None = None
        self._terminals: Terminals | None = None  # most graphs need none
        self._hungry = False  # whether more starts may fit at once
        self._hold = StartHold()
        self._usage = UsageReader()
        self._memory_kills: MemoryKills | None = None  # counts from the first start on
        self._shortages: set[int] = set()  # errnos of starts that had to wait, each reported once
        self._input, self._outbox = Decoder(), Outbox(app)
        self._say = self._outbox.say
        self._handlers: dict[object, Callable[..., None]] = {
            "environment": self._spawner.set_environment,
            "secrets": self._set_secrets,
            "slots": self._set_slots,
            "start": self._queue,
            "stop": self._stop,
            "withdraw": self._withdraw,
            "terminals": self._set_terminals,
            "type": self._type,
        }
        self._poll, self._watched = select.poll(), dict[int, int]()
        self._log_socket = -1
        self._bell, ring = os.pipe()
        self._listen(ring, app, reaper)

    def _listen(self, ring: int, app: int, reaper: int) -> None:
        """Let signals, the app and the end of the reaper wake the supervisor."""
        os.set_blocking(ring, False)
        os.set_blocking(app, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, not SIG_IGN: exec resets it
        self._watch(self._bell, select.POLLIN)
        self._watch(app, select.POLLIN)
        self._poll.register(reaper, 0)  # an error means that the other end is closed: the reaper has died

    def run(self) -> None:
        """Serve the app. Return when it is gone and no process is left, except those that can't be killed."""
        self._say("ready", os.getpid(), self._tag)
        while not self._is_over():
            self._wait()
            self._begin()
            if self._processes.unsettled or not self._open:
                self._settle()
            if self._reaper.due != inf:
                self._replace_reaper()
            self._feed_log_process()
            self._send()
        self._send()

    def mask(self, text: bytes) -> bytes:
        """Redact a text."""
        return text if self._redaction is None else self._redaction.mask(text)

    def _is_over(self) -> bool:
        if self._open:
            return False
        now = time.monotonic()
        if self._processes and now < self._end_by:
            return False
        return self._logs.finish(now)

    def _wait(self) -> None:
        """Sleep until something happens or is due, and process it."""
        due = min(self._outbox.due, self._logs.due, self._processes.due, self._reaper.due, self._young.due)
        if self._waiting:
            due = min(due, self._hold.due)
        if not self._open and self._processes:
            due = min(due, self._end_by)
        timeout = None if due == inf else max(0.0, due - time.monotonic()) * 1000 + 1
        if self._processes.unsettled and ownership.LOOK_AGAIN:
            timeout = min(timeout or inf, ownership.LOOK_AGAIN * 1000)
        if self._terminals is not None and self._terminals.is_waiting:
            self._terminals.write()
            timeout = min(timeout or inf, _TYPE_AGAIN)
        for fd, events in self._poll.poll(0 if self._hungry else timeout):
            if fd == self._bell:
                os.read(fd, _READ)
                self._reap()
            elif fd == self._reaper.pipe:
                self._poll.unregister(fd)
                self._reaper.lose()
            elif fd != self._app:
                self._logs.receive()
            elif events & ~select.POLLOUT:
                self._receive()

    def _watch(self, fd: int, events: int) -> None:
        """Set the poll events of a descriptor. 0: stop watching it."""
        if self._watched.get(fd, 0) == events:
            return
        if events:
            self._poll.register(fd, events)
        else:
            self._poll.unregister(fd)
        self._watched[fd] = events

    # --- Requests of the app.

    def _receive(self) -> None:
        try:
            data = os.read(self._app, _READ)
        except BlockingIOError:
            return
        except OSError:  # the app died with unread messages
            data = b""
        if not data:
            self._close()
        for kind, *fields in self._input.feed(data):
            self._handlers[kind](*fields)

    def _close(self) -> None:
        """Stop everything, because the app is gone. Write the ends that it has not recorded to the run's directory."""
        if not self._open:
            return
        self._reap()
        self._open = False
        self._start_table.close_attempts()
        now = time.monotonic()
        self._waiting.clear()
        longest = self._processes.stop_all(now)
        self._end_by = now + longest + UNKILLABLE
        self._reaper.say_end(longest)
        self._settle()
        undelivered.write(self._start_table.directory, self._start_table.unrecorded())

    def _set_secrets(self, forms: tuple[bytes, ...]) -> None:
        # Imported late, as most runs have no secrets.
        from dagtui.text.redaction import RedactedStream, Redaction

        self._redaction = redaction = Redaction(forms)
        self._logs.make_log = lambda path, anew: RedactedLogWriter(path, RedactedStream(redaction), anew=anew)

    def _set_terminals(self, rows: int, columns: CellWidth) -> None:
        if self._terminals is None:
            # Imported before the first start: each start changes the directory.
            from dagtui.execution.local.pseudo_terminal import Terminals

            self._terminals = Terminals()
            self._spawner.open_terminal = self._terminals.open
        self._terminals.resize(rows, columns)

    def _type(self, node: NodeIndex, number: AttemptNumber, data: bytes) -> None:
        if self._terminals is not None:
            self._terminals.type((node, number), data)

    def _set_slots(self, slots: Slots) -> None:
        self._waiting.slots = slots
        self._spawner.raise_file_limit(slots)

    def _queue(self, node: NodeIndex, number: AttemptNumber, *request: object) -> None:
        make: Callable[..., Attempt] = Attempt
        self._waiting.add(make((node, number), *request))

    def _stop(self, node: NodeIndex, number: AttemptNumber, grace: Seconds) -> None:
        attempt = self._processes.attempts.get((node, number))
        if attempt is not None:
            self._processes.stop(attempt, grace, time.monotonic())
        else:
            self._withdraw(node, number)

    def _withdraw(self, node: NodeIndex, number: AttemptNumber) -> None:
        if self._waiting.withdraw((node, number)):
            self._say("withdrawn", node, number)

    # --- Starts and ends.

    def _begin(self) -> None:
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
        """Start an attempt. Return False if it must wait for descriptors, processes or memory of others."""
        now = attempt.begun = time.monotonic()
        self._start_table.begin(attempt.sequence)
        if not attempt.path:
            self._say("begun", *attempt.key)
            self._note_end(attempt, 0, 0.0)
            self._say_exited(attempt, 0, 0.0)
            return True
        try:
            self._spawner.start(attempt)
        except StartError as error:
            if error.number in SCARCE and (self._waiting.used or self._logs.is_about_to_close):
                self._start_table.expect(attempt.sequence)
                self._say_short(error)
                return False
            self._say("failed", *attempt.key, error.number, error.what)
            return True
        self._waiting.used += attempt.slots
        self._start_table.lead(*attempt.key, attempt.leader, now)
        self._processes.add(attempt)
        self._young.add(attempt)
        if attempt.has_terminal and self._terminals is not None:
            self._terminals.add(attempt)
        self._say("begun", *attempt.key)
        self._memory_kills = self._memory_kills or MemoryKills()
        return True

    def _reap(self) -> None:
        """Reap exited children. Report leaders, and stop the processes that they left behind.

        A leader's slots become free when the last process of its attempt has ended.
        """
        now = time.monotonic()
        ended: list[tuple[Attempt, int, Used]] = []
        while True:
            try:
                pid, status, counted = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            if pid == self._logs.pid:
                self._logs.reaped()
            elif pid == self._reaper.pid:
                self._reaper.pid = 0
            else:
                attempt = self._processes.reaped(pid)
                if attempt is not None:
                    if status & 0x7F in ENDING and attempt.patience == inf:
                        self._hold.suspect(now)
                    self._note_end(attempt, status, now - attempt.begun)  # at once: nobody else knows it now
                    ended.append((attempt, status, self._usage.of(counted)))
        if ended:
            self._settle()
        for attempt, status, used in ended:
            if attempt.has_terminal and self._terminals is not None:
                self._terminals.remove(attempt)
            if not self._processes.hold(attempt):
                self._waiting.used -= attempt.slots
            self._young.read_rest(attempt)
            self._say_exited(attempt, status, now - attempt.begun, used, self._killed_at(attempt, status))

    def _replace_reaper(self) -> None:
        if self._reaper.replace(time.monotonic()):
            self._poll.register(self._reaper.pipe, 0)
            self._say("reaper", self._reaper.pid)

    def _settle(self) -> None:
        self._processes.settle(time.monotonic(), bool(self._logs.pid) + bool(self._reaper.pid))
        for attempt in self._processes.gone:
            self._waiting.used -= attempt.slots
            self._hungry = True
            self._say("gone", *attempt.key, bool(attempt.children))
        self._processes.gone.clear()

    def _note_end(self, attempt: Attempt, status: int, seconds: Seconds) -> None:
        if self._open:
            self._start_table.end(*attempt.key, status, seconds)

    def _say_exited(self, attempt: Attempt, status: int, seconds: Seconds, *more: object) -> None:
        self._say("exited", *attempt.key, status, seconds, attempt.left, attempt.held, *more)

    def _killed_at(self, attempt: Attempt, status: int) -> int | None:
        """Return the bytes at which the kernel killed an attempt that was not told to stop. None: it did not."""
        if status not in _KILLED or attempt.patience != inf or self._memory_kills is None:
            return None
        return self._memory_kills.killed_at(attempt.leader)

    # --- Messages to other processes.

    def _feed_log_process(self) -> None:
        now = time.monotonic()
        self._young.pass_on(now)
        if self._logs.due <= now or self._logs.blocked:
            self._logs.flush(now)
        socket = self._logs.socket.fileno() if self._logs.socket is not None else -1
        if socket != self._log_socket:
            self._watch(self._log_socket, 0)
            self._log_socket = socket
        if socket >= 0:
            self._watch(socket, select.POLLIN | (select.POLLOUT if self._logs.blocked else 0))

    def _say_short(self, error: StartError) -> None:
        if self._waiting.used and error.number not in self._shortages:
            self._shortages.add(error.number)
            self._say("short", error.number, error.what)

    def _send(self) -> None:
        few = len(self._waiting) <= self._waiting.slots
        if not self._outbox.send(hurry=few, at_once=not self._open):
            self._close()
        blocked = select.POLLOUT if self._outbox.blocked else 0
        self._watch(self._app, (select.POLLIN if self._open else 0) | blocked)
