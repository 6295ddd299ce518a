"""Starts that wait: for slots, and for a moment when the whole run may be ending."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections import deque

    from dagtui.execution.local.attempt import Attempt, Key
else:
    import _signal as signal  # see ownership.py
    from _collections import deque  # `collections` itself costs start-up time

ENDING = frozenset((signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
_ASKED = 5.0  # seconds that the app has to end the run after the supervisor itself got such a signal
_SUSPECTED = 0.2  # seconds to wait for such a signal after an attempt died of one that dagtui did not send
_PEACE = 1.0  # minimum seconds between two suspicions, because some tasks end themselves by signals


class StartQueue:
    """A queue of starts: the first one that fits begins.

    A start that needs more slots than are allowed begins when nothing else runs.
    """

    def __init__(self) -> None:
        self.slots = 0
        """Number of allowed slots. With 0 nothing begins."""
        self.used = 0
        """Number of slots in use. The supervisor updates it when it starts and reaps."""
        self._order = 0
        self._keys: dict[Key, Attempt] = {}
        self._queues: dict[int, deque[Attempt]] = {}  # by number of slots, so that a wide start delays no other

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, attempt: Attempt) -> None:
        """Queue a start."""
        self._order += 1
        attempt.order = self._order
        self._keys[attempt.key] = attempt
        queue = self._queues.get(attempt.slots)
        if queue is None:
            queue = self._queues[attempt.slots] = deque()
        queue.append(attempt)

    def put_back(self, attempt: Attempt) -> None:
        """Put the attempt that was taken last back to the front."""
        self._keys[attempt.key] = attempt
        self._queues[attempt.slots].appendleft(attempt)

    def withdraw(self, key: Key) -> bool:
        """Withdraw a start. Return whether it was waiting."""
        attempt = self._keys.pop(key, None)
        if attempt is None:
            return False
        attempt.withdrawn = True
        return True

    def take(self) -> Attempt | None:
        """Remove and return the first start that fits, or None. The caller counts its slots."""
        if not self._keys or not self.slots:
            return None
        first: Attempt | None = None
        free = self.slots - self.used
        for wanted, queue in self._queues.items():
            while queue and queue[0].withdrawn:
                queue.popleft()
            if queue and (wanted <= max(0, free) or not self.used) and (first is None or queue[0].order < first.order):
                first = queue[0]
        if first is not None:
            self._queues[first.slots].popleft()
            del self._keys[first.key]
        return first

    def clear(self) -> None:
        """Remove all waiting starts."""
        self._keys.clear()
        self._queues.clear()


class StartHold:
    """Tells whether starts are held back, because the whole run may be ending.

    A service manager sends TERM to all processes of a run at once. The supervisor learns of the attempts' deaths before
    the app tells it that the run ends, and must not start other attempts in between. The signals are blocked in this
    process, and are read as pending.
    """

    def __init__(self) -> None:
        self.due = inf
        """Time at which starts continue. Infinity: they are not held back."""
        self._suspected = -inf

    def holds(self, now: float) -> bool:
        """Return whether starts are held back now."""
        asked = ENDING & signal.sigpending()
        if asked:
            signal.sigwait(asked)
            self.due = now + _ASKED
        elif now >= self.due:
            self.due = inf
        return self.due != inf

    def suspect(self, now: float) -> None:
        """Hold starts back after an attempt died of such a signal that dagtui did not send."""
        if self.due == inf and now - self._suspected >= _PEACE:
            self._suspected, self.due = now, now + _SUSPECTED
