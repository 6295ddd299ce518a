"""Pipes of attempts that have just begun. The supervisor reads them itself, as most short attempts print little."""

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
    """The attempts whose pipes the supervisor still reads, and until when."""

    __slots__ = ("_logs", "_young")

    def __init__(self, logs: LogLink) -> None:
        self._logs = logs
        self._young: deque[tuple[float, Attempt]] = deque()

    @property
    def due(self) -> float:
        """Time at which the first attempt is no longer young, or infinity."""
        return self._young[0][0] if self._young else inf

    def add(self, attempt: Attempt) -> None:
        """Add an attempt that has just begun."""
        self._young.append((attempt.begun + _YOUNG, attempt))

    def pass_on(self, now: float) -> None:
        """Hand the pipes that are no longer young to the log process."""
        young = self._young
        while young and young[0][0] <= now:
            attempt = young.popleft()[1]
            if attempt.pipe >= 0 and not attempt.passed_on:
                self._logs.pass_on(attempt, b"")

    def read_rest(self, attempt: Attempt) -> None:
        """Hand the output of an ended leader to the log process, unless it reads the pipe already."""
        if attempt.passed_on:
            if attempt.left:
                self._logs.remark(attempt)
            return
        data, ended = b"", False
        try:
            for _ in range(2):
                chunk = os.read(attempt.pipe, _READ)
                if not chunk:
                    ended = True
                    break
                data += chunk
        except BlockingIOError:  # other processes still hold the pipe, and may print more
            pass
        if ended:
            os.close(attempt.pipe)
            attempt.pipe = -1
        if data or attempt.left or not ended:
            self._logs.pass_on(attempt, data)
