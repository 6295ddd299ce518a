"""The starts that wait for slots, and the count of slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque

    from dagtui.execution.local.attempt import Attempt, Key
else:
    from _collections import deque  # `collections` itself costs start-up time


class WaitingStarts:
    """First come, first that fits; a start that wants more slots than there are begins when nothing else runs."""

    __slots__ = ("_keys", "_order", "_queues", "slots", "used")

    def __init__(self) -> None:
        self.slots = 0
        """Allowed; with 0 nothing begins."""
        self.used = 0
        """Slots of what runs; whoever starts and reaps keeps the count."""
        self._order = 0
        self._keys: dict[Key, Attempt] = {}
        self._queues: dict[int, deque[Attempt]] = {}  # by slots wanted, so that one that is too big delays no other

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
        """Put what was taken last before all others again."""
        self._keys[attempt.key] = attempt
        self._queues[attempt.slots].appendleft(attempt)

    def withdraw(self, key: Key) -> bool:
        """Take back a start; whether it waited."""
        attempt = self._keys.pop(key, None)
        if attempt is None:
            return False
        attempt.withdrawn = True
        return True

    def take(self) -> Attempt | None:
        """Remove and return the first start that fits; the caller counts its slots."""
        if not self._keys or not self.slots:
            return None
        first: Attempt | None = None
        free = self.slots - self.used
        for wanted, queue in self._queues.items():
            while queue and queue[0].withdrawn:
                queue.popleft()
            if queue and (wanted <= free or not self.used) and (first is None or queue[0].order < first.order):
                first = queue[0]
        if first is not None:
            self._queues[first.slots].popleft()
            del self._keys[first.key]
        return first

    def clear(self) -> None:
        """Forget every start that waits."""
        self._keys.clear()
        self._queues.clear()
