"""The queue of ready nodes: the longest way first, among those whose slots are free."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ReadyQueue:
    """One heap for each number of wanted slots; entries may be outdated, so whoever pops says what still holds."""

    __slots__ = ("_heaps", "_ways")

    def __init__(self, ways: Sequence[float]) -> None:
        self._ways = ways
        self._heaps: dict[int, list[tuple[float, int]]] = {}

    def push(self, node: int, slots: int) -> None:
        """Let a node wait for its slots; pushing it twice does no harm."""
        heap = self._heaps.get(slots)
        if heap is None:
            heap = self._heaps[slots] = []
        heapq.heappush(heap, (-self._ways[node], node))

    def clear(self) -> None:
        """Forget all entries: none of them still holds."""
        self._heaps.clear()

    def pop(self, free: int, holds: Callable[[int], bool]) -> int | None:
        """Take the most urgent node that wants at most so many slots and for which `holds`; None without one."""
        best: list[tuple[float, int]] | None = None
        for slots, heap in self._heaps.items():
            if slots > free:
                continue
            while heap and not holds(heap[0][1]):
                heapq.heappop(heap)
            if heap and (best is None or heap[0] < best[0]):
                best = heap
        return heapq.heappop(best)[1] if best else None
