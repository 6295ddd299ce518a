"""Pipes of attempts that have just begun: the supervisor reads them itself, as most short attempts print little."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque

    from dagtui.execution.local.attempt import Attempt
    from dagtui.execution.local.log_link import LogLink
else:
    from _collections import deque  # `collections` itself costs start-up time

_YOUNG = 0.01  # seconds after which the log process reads an attempt's pipe
_READ = 1 << 16


class YoungPipes:
    """Whose pipes are still read by the supervisor, and until when."""

    __slots__ = ("_logs", "_young")

    def __init__(self, logs: LogLink) -> None:
        self._logs = logs
        self._young: deque[tuple[float, Attempt]] = deque()

    @property
    def due(self) -> float:
        """When the first of them is no longer young."""
        return self._young[0][0] if self._young else inf

    def add(self, attempt: Attempt) -> None:
        """Take in an attempt that has just begun."""
        self._young.append((attempt.begun + _YOUNG, attempt))

    def hand_over(self, now: float) -> None:
        """Have the log process read the pipes that are no longer young."""
        young = self._young
        while young and young[0][0] <= now:
            attempt = young.popleft()[1]
            if attempt.pipe >= 0 and not attempt.handed:
                self._logs.hand(attempt, b"")

    def read_rest(self, attempt: Attempt) -> bool:
        """Hand what a leader has printed to the log process, unless that reads the pipe; whether there is no log."""
        if attempt.handed:
            if attempt.left:
                self._logs.remark(attempt)
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
        if data or attempt.left or not ended:
            self._logs.hand(attempt, data)
            return False
        return True
