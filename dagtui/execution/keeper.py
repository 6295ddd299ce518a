"""The keeper: parent of the guardian, which only outlives it, to end what a guardian that died or hangs has left.

Both are child subreapers (ownership.py): should the guardian go, every process of every attempt is the keeper's.
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from dagtui.execution import log_process, ownership
from dagtui.execution.descriptors import close_from
from dagtui.execution.guardian import Guardian
from dagtui.execution.ledger import Ledger
from dagtui.execution.log_link import PATIENCE as LOG_PATIENCE
from dagtui.execution.processes import UNKILLABLE

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from dagtui.execution.log_process import MakeLog
else:
    import _signal as signal  # see ownership.py

GRACE = 5.0
"""Seconds from TERM to KILL for what a dead guardian has left."""
_PATIENCE = 3.0  # seconds that a guardian may take beyond what it asked for, before it is taken for hanging
_LEAVE = 5.0  # seconds after KILL, until what can't be killed is left alone
_LOOK_AGAIN = 0.005


def main() -> None:
    """Be the keeper, and the guardian below it; a crash of either is written to a file where the ledger says.

    Standard input is the socket to the app, and standard output the memory that it shares with us.
    """
    close_from(3)  # what the app inherited is nobody's business here
    app = _move(0, os.O_RDONLY)
    shared = _move(1, os.O_WRONLY)
    ledger = Ledger(shared)
    os.close(shared)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)  # attempts must not ignore what the app, or Python itself, ignores
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals() - {signal.SIGCHLD})
    os.chdir("/")
    ownership.become_subreaper()
    alive, hold = os.pipe()
    pid = os.fork()
    if pid:
        os.close(hold)
        _guarded(ledger, "keeper", lambda: _keep(app, alive, pid), bytes)  # no secret ever comes here
    os.close(alive)
    ownership.become_subreaper()
    ownership.set_name("dagtui-guardian")

    def run_log_process(socket: int, make_log: MakeLog) -> None:
        ownership.set_name("dagtui-log")
        _guarded(ledger, "log", lambda: log_process.run(socket, make_log), guardian.mask)

    guardian = Guardian(app, hold, ledger, run_log_process)
    _guarded(ledger, "guardian", guardian.run, guardian.mask)


def _move(fd: int, flags: int) -> int:
    """Move a descriptor that must not reach the attempts out of the way, and put /dev/null in its place."""
    moved = os.dup(fd)
    null = os.open(os.devnull, flags)
    os.dup2(null, fd)
    os.close(null)
    return moved


def _guarded(ledger: Ledger, name: str, run: Callable[[], None], mask: Callable[[bytes], bytes]) -> None:
    """Run and exit, and leave a note of how it went wrong, if it does, masked."""
    status = 1
    try:
        run()
        status = 0
    except Exception:  # noqa: BLE001 - whatever it was, the others see that this process has ended
        _note_crash(ledger.directory, name, mask)
    finally:
        os._exit(status)  # also when there was no room for the note: a forked child must never return


def _note_crash(directory: str, name: str, mask: Callable[[bytes], bytes]) -> None:
    import traceback

    if directory:
        note = mask(traceback.format_exc().encode("utf-8", "surrogateescape"))
        with open(os.path.join(directory, f"crash-{name}-{os.getpid()}.txt"), "ab") as file:
            file.write(note)


def _keep(app: int, alive: int, guardian: int) -> None:
    """Wait for the guardian's end, then end what it has left."""
    if not _has_ended(app, alive):
        os.kill(guardian, signal.SIGKILL)
    os.waitpid(guardian, 0)
    started = quiet_since = time.monotonic()
    told = False
    while left := ownership.children(os.getpid()):
        attempts = [pid for pid in left if not _is_ours(pid)]
        now = time.monotonic()
        if now - started > GRACE + _LEAVE:
            ownership.kill_trees(left)  # the log process may be among them
            break
        if attempts:
            quiet_since = now
            if now - started >= GRACE:
                ownership.kill_trees(attempts)
            elif not told:
                ownership.terminate_trees(attempts)
                told = True
        elif now - quiet_since >= LOG_PATIENCE:
            ownership.kill_trees(left)
        time.sleep(_LOOK_AGAIN)  # processes that end far below, or hop, wake nobody here
        _reap()


def _has_ended(app: int, alive: int) -> bool:
    """Wait for the guardian's end; False when it hangs after the app has gone (a start from a dead disk, say)."""
    poll = select.poll()
    poll.register(alive, select.POLLIN)
    poll.register(app, getattr(select, "POLLRDHUP", 0))
    if alive not in dict(poll.poll()):
        poll.unregister(app)
        if not poll.poll(_PATIENCE * 1000):
            return False
    longest = os.read(alive, 64)  # the guardian says how long its ending may take, when that begins
    if not longest:
        return True
    return bool(poll.poll((int(longest) + UNKILLABLE + LOG_PATIENCE + _PATIENCE) * 1000))


def _is_ours(pid: int) -> bool:
    """Whether a child is the log process: every attempt has a session of its own."""
    try:
        return os.getsid(pid) == os.getsid(0)
    except OSError:
        return False


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
