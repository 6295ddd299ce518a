"""The reaper: the parent of the supervisor, which ends the processes that a dead or hung supervisor leaves.

Both are child subreapers (ownership.py). If the supervisor dies, the reaper inherits all processes of all attempts. If
the reaper dies, the supervisor forks another one, which finds these processes by their tag.
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from dagtui.execution.local import log_process, ownership, undelivered
from dagtui.execution.local.descriptors import close_from
from dagtui.execution.local.log_link import PATIENCE as LOG_PATIENCE
from dagtui.execution.local.processes import UNKILLABLE
from dagtui.execution.local.start_table import StartTable
from dagtui.execution.local.supervisor import Supervisor

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

    from dagtui.execution.local.log_process import MakeLog
    from dagtui.execution.local.start_table import End
else:
    import _signal as signal  # see ownership.py

NAME = "run-reaper"
"""Name in process lists. It lacks the program's name, so that `pkill dagtui` leaves a process that cleans up."""
GRACE = 5.0
"""Seconds from TERM to KILL for the processes that a dead supervisor leaves."""
_PATIENCE = 3.0  # seconds beyond the time that a supervisor announced, after which it counts as hung
_LEAVE = 5.0  # seconds after KILL, after which processes that can't be killed are abandoned
_LOOK_AGAIN = 0.005


def main() -> None:
    """Run as the reaper, and fork the supervisor. A crash of either is written to the directory in the start table.

    Standard input is the socket to the app, and standard output is the shared memory of the start table.
    """
    close_from(3)  # descriptors that the app inherited
    app = _move(0, os.O_RDONLY)
    shared = _move(1, os.O_WRONLY)
    start_table = StartTable(shared)
    os.close(shared)
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals() - {signal.SIGCHLD})
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # attempts must not ignore the signals that the app or Python ignores
    os.chdir("/")
    ownership.become_subreaper()
    ownership.set_name(NAME)
    alive, hold = os.pipe()
    pid = os.fork()
    if pid:
        os.close(hold)
        _guarded(start_table, "reaper", Reaper(app, alive, start_table, pid).keep, bytes)  # it never gets a secret
    os.close(alive)
    ownership.become_subreaper()
    ownership.set_name("dag-supervisor")

    def run_log_process(socket: int, make_log: MakeLog) -> None:
        ownership.set_name("dagtui-log")
        _guarded(start_table, "log", lambda: log_process.run(socket, make_log), supervisor.mask)

    def run_reaper(alive: int, tag: int) -> None:
        signal.set_wakeup_fd(-1)
        close_from(3, {app, alive})
        ownership.set_name(NAME)
        _guarded(start_table, "reaper", ReplacementReaper(app, alive, start_table, os.getppid(), tag).keep, bytes)

    supervisor = Supervisor(app, hold, start_table, run_log_process, run_reaper)
    _guarded(start_table, "supervisor", supervisor.run, supervisor.mask)


def _move(fd: int, flags: int) -> int:
    """Move a descriptor that attempts must not inherit to another number, and put /dev/null in its place."""
    moved = os.dup(fd)
    null = os.open(os.devnull, flags)
    os.dup2(null, fd)
    os.close(null)
    return moved


def _guarded(start_table: StartTable, name: str, run: Callable[[], None], mask: Callable[[bytes], bytes]) -> None:
    """Run and exit. If it fails, write a redacted crash note."""
    status = 1
    try:
        run()
        status = 0
    except Exception:  # noqa: BLE001 - the other processes see that this one has ended
        _note_crash(start_table.directory, name, mask)
    finally:
        os._exit(status)  # even if the note could not be written, because a forked child must never return


def _note_crash(directory: str, name: str, mask: Callable[[bytes], bytes]) -> None:
    import traceback

    if directory:
        note = mask(traceback.format_exc().encode("utf-8", "surrogateescape"))
        with open(os.path.join(directory, f"crash-{name}-{os.getpid()}.txt"), "ab") as file:
            file.write(note)


class Reaper:
    """Outlives the supervisor, which is its child, and inherits the processes that it leaves."""

    def __init__(self, app: int, alive: int, start_table: StartTable, supervisor: int) -> None:
        """Create a reaper. `app` is the socket, and `alive` a pipe that the supervisor holds while it lives."""
        self._app = app
        self._alive = alive
        self._start_table = start_table
        self._supervisor = supervisor
        self._noted: list[End] = []  # ends that are not in the file of undelivered ends

    def keep(self) -> None:
        """Wait for the supervisor's end, then end the processes that it left."""
        if not self._has_ended():
            self._end_supervisor()
        self._reap_supervisor()
        self._note_ends()
        if not self._start_table.closed:
            undelivered.write(self._start_table.directory, self._start_table.unrecorded())
            self._noted.clear()
        started = quiet_since = time.monotonic()
        terminated = False
        while left := self._left():
            attempts = [pid for pid in left if not _is_ours(pid)]
            now = time.monotonic()
            if now - started > GRACE + _LEAVE:
                ownership.kill_trees(left)  # the log process may be among them
                break
            if attempts:
                quiet_since = now
                if now - started >= GRACE:
                    ownership.kill_trees(attempts)
                elif not terminated:
                    ownership.terminate_trees(attempts, self._has_ended_by_itself)
                    undelivered.write(self._start_table.directory, self._noted)
                    terminated = True
            elif now - quiet_since >= LOG_PATIENCE:
                ownership.kill_trees(left)
            time.sleep(_LOOK_AGAIN)  # the end of a descendant deeper down sends no signal here
            if terminated:
                self._reap()
            else:
                self._note_ends()

    def _has_ended(self) -> bool:
        """Wait for the supervisor's end. Return False if it hangs after the app is gone, as on a dead disk."""
        poll = select.poll()
        poll.register(self._alive, select.POLLIN)
        poll.register(self._app, getattr(select, "POLLRDHUP", 0))
        if self._alive not in dict(poll.poll()):
            poll.unregister(self._app)
            if not poll.poll(_PATIENCE * 1000):
                return False
        longest = os.read(self._alive, 64)  # when the supervisor begins to end, it writes how long that may take
        if not longest:
            return True
        return bool(poll.poll((int(longest) + UNKILLABLE + LOG_PATIENCE + _PATIENCE) * 1000))

    def _end_supervisor(self) -> None:
        os.kill(self._supervisor, signal.SIGKILL)

    def _reap_supervisor(self) -> None:
        os.waitpid(self._supervisor, 0)

    def _note_ends(self) -> None:
        """Record the ends of leaders that the supervisor did not reap before it died."""
        for pid, status in _ended_children():
            self._note_end(pid, status)

    def _note_end(self, pid: int, status: int) -> None:
        attempt = self._start_table.led_by(pid)
        if attempt is None or self._start_table.closed:
            return
        node, number, begun = attempt
        end = node, number, status, time.monotonic() - begun
        self._start_table.end(*end)
        self._noted.append(end)

    def _has_ended_by_itself(self, pid: int) -> bool:
        """Return whether a process that is about to get TERM has already ended. Then record its end as a result."""
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # not a child of this process
            return False
        if ended:
            self._note_end(pid, status)
        return bool(ended)

    def _left(self) -> list[int]:
        return ownership.children(os.getpid())

    def _reap(self) -> None:
        for _ in _ended_children():
            pass


class ReplacementReaper(Reaper):
    """A later reaper, forked by the supervisor. It is the supervisor's child, and not an ancestor of attempts."""

    def __init__(self, app: int, alive: int, start_table: StartTable, supervisor: int, tag: int) -> None:
        """Create a reaper. `tag` is the tag of all processes of all attempts."""
        super().__init__(app, alive, start_table, supervisor)
        self._tag = tag

    def _end_supervisor(self) -> None:
        if os.getppid() == self._supervisor:
            ownership.kill(self._supervisor)

    def _reap_supervisor(self) -> None:
        """Leave this to the process that inherited the supervisor."""

    def _note_ends(self) -> None:
        """Do nothing: ended processes are not children of this reaper."""

    def _left(self) -> list[int]:
        me = os.getpid()
        return [pid for pid in ownership.tagged((self._tag,)) if pid != me]

    def _reap(self) -> None:
        """Do nothing: ended processes are not children of this reaper."""


def _is_ours(pid: int) -> bool:
    """Return whether a process is the log process. Every attempt has a session of its own."""
    try:
        return os.getsid(pid) == os.getsid(0)
    except OSError:
        return False


def _ended_children() -> Iterator[tuple[int, int]]:
    """Reap children that have ended. Yield the pid and wait status of each."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended
    except ChildProcessError:
        pass
