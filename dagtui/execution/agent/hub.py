"""The hub: the agent of one run on a machine reached by ssh. It is a daemon that outlives connections (joint.py).

When nobody is connected, attempts go on for some time, and are then ended. The hub leaves a few seconds after the last
connection if nothing waits or runs, and removes the spool if every end was acknowledged.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from dagtui.execution.agent.conversation import Conversation
from dagtui.execution.agent.meeting import MACHINE, SOCKET, beginning_and_ending
from dagtui.execution.agent.reaper import fork_guardian

if TYPE_CHECKING:
    import socket

    from dagtui.execution.agent.spool import Spool
    from dagtui.text.amounts import Seconds

_LINGER = 3.0  # seconds without a connection after which a hub leaves that has nothing to do
_SILENCE = 120.0  # seconds after which a connection over which nothing is heard counts as none (see `ssh/host.py`)
_LOOK = 1.0  # seconds between two looks at whether it is still wanted, while nobody is connected
_OF_THE_CONNECTION = ("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_ORIGINAL_COMMAND", "SSH_AUTH_SOCK")
"""Variables that say nothing after the connection that began the hub has ended."""


def run_hub(spool: Spool, listening: socket.socket, orphans: Seconds) -> None:
    """Be the hub of a spool that listens at a socket, until there is nothing more to do. Raises SpoolError."""
    reaper = fork_guardian(spool.path)
    environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_CONNECTION}
    Hub(spool, listening, orphans, environment, reaper).serve()


class Hub:
    """The agent of a run, which takes one connection at a time: the newest one."""

    def __init__(
        self, spool: Spool, listening: socket.socket, orphans: Seconds, environment: dict[str, str], reaper: int
    ) -> None:
        """Take over a spool. `reaper` is the descriptor that ends with the parent (reaper.py). Raises SpoolError."""
        self._spool = spool
        self._listening = listening
        self._orphans = orphans
        self._conversation = Conversation(spool.path, environment)
        self._ending = False
        self._given_up = False
        listening.setblocking(False)
        guardian = self._conversation.guardian
        guardian.watch(listening.fileno(), self._on_connection)
        guardian.on_ending_signals(self._end_from_outside, reaper)

    def serve(self) -> None:
        """Serve connections until there is nothing more to do."""
        while True:
            if self._alone_for():
                self._conversation.turn(0)  # what came while this process itself stood still was not heard yet
            if self._is_done() and self._leave():
                return
            alone = self._alone_for()
            is_given_up = alone > 0.0 and alone >= self._orphans
            if is_given_up and not self._given_up:
                self._conversation.end(None, "outside", _unwanted(self._orphans))
            self._given_up = is_given_up
            self._conversation.turn(_LOOK if alone else _SILENCE / 4)

    def _alone_for(self) -> Seconds:
        """Return for how long no other side has been heard. 0: there is one.

        The end of a network is not heard of here. It would take sshd two hours to notice.
        """
        silent = self._conversation.silent_for
        return self._conversation.alone_for or (silent if silent >= _SILENCE else 0.0)

    def _on_connection(self, _events: int) -> None:
        self._accept()

    def _accept(self) -> bool:
        try:
            link, _ = self._listening.accept()
        except OSError:  # it has gone again
            return False
        fd = link.detach()
        self._conversation.join(fd, fd)
        return True

    def _end_from_outside(self) -> None:
        self._ending = True
        self._conversation.guardian.end_from_outside()

    def _is_done(self) -> bool:
        if self._conversation.busy:
            return False
        return self._ending or self._alone_for() >= _LINGER

    def _leave(self) -> bool:
        """Leave, unless a connection has just come."""
        with beginning_and_ending(self._spool.path):
            if not self._ending and self._accept():
                return False
            self._listening.close()
            self._conversation.guardian.close()
            for name in (SOCKET, MACHINE):
                try:  # noqa: SIM105 - contextlib costs start-up time
                    os.unlink(os.path.join(self._spool.path, name))  # starts have changed the working directory
                except OSError:  # the spool was removed
                    pass
            if self._conversation.over:
                os.chdir("/")
                shutil.rmtree(self._spool.path, ignore_errors=True)
        return True


def _unwanted(orphans: Seconds) -> str:
    return f"nobody was connected to its machine for {orphans:.0f} s" if orphans else "the connection to it has ended"
