"""The queue of ready nodes: the longest way first, among those whose slots are free."""

from __future__ import annotations

import heapq
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ReadyQueue:
    """One heap for each number of wanted slots; entries may be outdated, so whoever pops says what still holds."""

    __slots__ = ("_heaps", "_order", "_ranks")

    def __init__(self, ways: Sequence[float]) -> None:
        """Of equal ways, the first in the order of the file is the most urgent."""
        self._order = array("i", sorted(range(len(ways)), key=ways.__getitem__, reverse=True))
        """The nodes, the most urgent first; heaps hold places in it, a third of what ways and nodes would take."""
        self._ranks = array("i", bytes(4 * len(ways)))
        for rank, node in enumerate(self._order):
            self._ranks[node] = rank
        self._heaps: dict[int, list[int]] = {}

    def push(self, node: int, slots: int) -> None:
        """Let a node wait for its slots; pushing it twice does no harm."""
        heap = self._heaps.get(slots)
        if heap is None:
            heap = self._heaps[slots] = []
        heapq.heappush(heap, self._ranks[node])

    def clear(self) -> None:
        """Forget all entries: none of them still holds."""
        self._heaps.clear()

    def first(self, holds: Callable[[int], bool]) -> int | None:
        """The most urgent node for which `holds`, whatever it wants; None without one. It stays in the queue."""
        order = self._order
        best = len(order)
        for heap in self._heaps.values():
            while heap and not holds(order[heap[0]]):
                heapq.heappop(heap)
            if heap and heap[0] < best:
                best = heap[0]
        return order[best] if best < len(order) else None

    def pop(self, free: int, holds: Callable[[int], bool]) -> int | None:
        """Take the most urgent node that wants at most so many slots and for which `holds`; None without one."""
        order = self._order
        best: list[int] | None = None
        for slots, heap in self._heaps.items():
            if slots > free:
                continue
            while heap and not holds(order[heap[0]]):
                heapq.heappop(heap)
            if heap and (best is None or heap[0] < best[0]):
                best = heap
        return order[heapq.heappop(best)] if best else None
