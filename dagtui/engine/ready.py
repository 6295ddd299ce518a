"""The queue of ready nodes: longest critical path first, among the nodes that fit the free slots."""

from __future__ import annotations

import heapq
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ReadyQueue:
    """A priority queue with one heap for each number of slots that nodes need.

    Entries may be outdated. Callers pass a predicate that tells whether a node is still ready.
    """

    __slots__ = ("_heaps", "_order", "_ranks")

    def __init__(self, lengths: Sequence[float]) -> None:
        """Create a queue. `lengths` are critical-path lengths. Nodes of equal length stay in the order of the file."""
        self._order = array("i", sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True))
        """The nodes, most urgent first. Heaps hold positions in it, which take a third of the memory of pairs."""
        self._ranks = array("i", bytes(4 * len(lengths)))
        for rank, node in enumerate(self._order):
            self._ranks[node] = rank
        self._heaps: dict[int, list[int]] = {}

    def push(self, node: int, slots: int) -> None:
        """Add a node that needs this many slots. Adding it twice is harmless."""
        heap = self._heaps.get(slots)
        if heap is None:
            heap = self._heaps[slots] = []
        heapq.heappush(heap, self._ranks[node])

    def clear(self) -> None:
        """Remove all entries."""
        self._heaps.clear()

    def first(self, holds: Callable[[int], bool]) -> int | None:
        """Return the most urgent node for which `holds`, of any number of slots, or None. It stays in the queue."""
        order = self._order
        best = len(order)
        for heap in self._heaps.values():
            while heap and not holds(order[heap[0]]):
                heapq.heappop(heap)
            if heap and heap[0] < best:
                best = heap[0]
        return order[best] if best < len(order) else None

    def pop(self, free: int, holds: Callable[[int], bool]) -> int | None:
        """Remove and return the most urgent node that needs at most `free` slots and for which `holds`, or None."""
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
