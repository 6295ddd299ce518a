"""Attempts that died by a signal: by one that this process is about to get too, or because memory ran out."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.agent.reaper import ENDINGS
from dagtui.execution.local.memory_kills import MemoryKills

if TYPE_CHECKING:
    import signal

    from dagtui.execution.agent.guarded_attempt import GuardedAttempt
else:
    import _signal as signal  # see ownership.py

_ENDED_BY = frozenset((*ENDINGS, *((128 + number) << 8 for number in ENDINGS)))  # or what a shell says of its child
_KILLED = frozenset((int(signal.SIGKILL), (128 + signal.SIGKILL) << 8))
_SUSPECTED = 1.0  # seconds to wait for a signal to this process, which may be late on a machine with much to do


class Suspicion:
    """Finds out what has ended attempts that nothing here has ended.

    A scheduler sends TERM to all processes of a job at once, and an attempt may end before it comes here.
    """

    def __init__(self) -> None:
        self.due = inf
        """Time of the next `judge`."""
        self._suspects: list[GuardedAttempt] = []
        self._memory_kills: MemoryKills | None = None

    def begin(self) -> None:
        """Count what the kernel kills from now on."""
        self._memory_kills = self._memory_kills or MemoryKills()

    def __len__(self) -> int:
        return len(self._suspects)

    def __contains__(self, attempt: object) -> bool:
        return attempt in self._suspects

    def look_at(self, attempt: GuardedAttempt, *, may_be_asked: bool) -> None:
        """Look at the status of an attempt whose leader has ended."""
        if attempt.cause or attempt.patience != inf:
            return
        if attempt.status in _ENDED_BY and may_be_asked:
            self._suspects.append(attempt)
            self.due = time.monotonic() + _SUSPECTED
        elif attempt.status in _KILLED and self._memory_kills is not None:
            attempt.killed_at = self._memory_kills.killed_at(attempt.leader)

    def judge(self, cause: str) -> None:
        """Say what has ended the suspects: a request that this process got as well, or nothing known."""
        for attempt in self._suspects:
            attempt.cause = cause
        self._suspects.clear()
        self.due = inf
