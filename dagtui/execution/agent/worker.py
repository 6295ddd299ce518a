"""The worker: a guardian that talks over standard input and output, and ends with the process that started it."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.agent.conversation import Conversation
from dagtui.execution.agent.reaper import fork_guardian

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds

_LOOK = 1.0  # seconds between two looks at whether it is still wanted


def run_worker(spool: str, orphans: Seconds = 0.0, watchdog: Seconds = inf) -> None:
    """Serve standard input until it ends. Then attempts have `orphans` seconds before they are ended as well.

    They are ended too if nothing was said for `watchdog` seconds: a process that hangs for so long may have been given
    up, together with its attempts. Raises SpoolError.
    """
    reaper = fork_guardian(spool)
    source, target = _move(0, os.O_RDONLY), _move(1, os.O_WRONLY)
    conversation = Conversation(spool)
    ending: list[bool] = []

    def end_from_outside() -> None:
        ending.append(True)
        conversation.guardian.end_from_outside()

    conversation.guardian.on_ending_signals(end_from_outside, reaper)
    conversation.join(source, target)
    why = "the process that it was started from is gone"
    while not ending and time.monotonic() - conversation.alone_since < orphans:
        if time.monotonic() - conversation.heard_at > watchdog:
            why = "the process that it was started from hangs"
            break
        conversation.turn(_LOOK)
    conversation.end(cause="outside", remark=why)
    while conversation.guardian.busy:
        conversation.turn(_LOOK)
    conversation.turn(0)
    conversation.guardian.close()


def _move(fd: int, flags: int) -> int:
    """Move a descriptor that attempts must not inherit to another number, and put /dev/null in its place."""
    moved = os.dup(fd)
    null = os.open(os.devnull, flags)
    os.dup2(null, fd)
    os.close(null)
    return moved
