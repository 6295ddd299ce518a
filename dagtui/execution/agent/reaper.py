"""The parent of the guardian, which ends what a killed guardian leaves, and passes on requests to end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.execution.agent import leftovers
from dagtui.execution.agent.spool import Spool, SpoolError
from dagtui.execution.local import ownership

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # see ownership.py

ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals by which a process is asked to end."""
_NAME = "run-reaper"  # it lacks the program's name, so that `pkill dagtui` leaves a process that cleans up


def fork_guardian(spool: str) -> int:
    """Fork, and return in the child: the guardian. The parent never returns, and exits as the child does.

    The result is a descriptor that ends when the parent is dead. Then the guardian has to end too. Signals that ask
    this process to end must be blocked.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (*ENDINGS, signal.SIGCHLD))
    ownership.become_subreaper()
    told, hold = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(hold)
        return told
    os.close(told)
    ownership.set_name(_NAME)
    status = _wait_for(pid)
    if status:
        _settle(spool)
    os._exit(128 + (status & 0x7F) if status & 0x7F else status >> 8)


def _wait_for(pid: int) -> int:
    """Wait for the end of the guardian. Return its wait status."""
    while True:
        number = signal.sigwait((*ENDINGS, signal.SIGCHLD))
        if number != signal.SIGCHLD:
            os.kill(pid, number)
            continue
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)  # there is a child: the guardian itself
            if ended == pid:
                return status
            if not ended:
                break


def _settle(spool: str) -> None:
    try:  # noqa: SIM105 - contextlib costs start-up time
        leftovers.settle(Spool(spool))
    except (SpoolError, OSError):  # the next guardian does it
        pass
