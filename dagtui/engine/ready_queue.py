"""The queue of ready nodes, most urgent first, in groups of nodes that take the same slots and pools."""

from __future__ import annotations

import heapq
from array import array
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.graph.model import NodeIndex


class ReadyQueue:
    """A priority queue with one heap for each group, so that 100,000 nodes that want a full pool cost as much as one.

    Entries may be outdated. Callers pass a predicate that tells whether a node is still ready.
    """

    __slots__ = ("_heaps", "_order", "_ranks")

    def __init__(self, lengths: Sequence[float]) -> None:
        """Create a queue. `lengths` are critical-path lengths. Nodes of equal length stay in the order of the file."""
        nodes = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        self._order = cast("Sequence[NodeIndex]", array("i", nodes))
        """The nodes, most urgent first. Heaps hold positions in it, which take a third of the memory of pairs."""
        self._ranks = array("i", bytes(4 * len(lengths)))
        for rank, node in enumerate(self._order):
            self._ranks[node] = rank
        self._heaps: dict[int, list[int]] = {}

    def push(self, node: NodeIndex, group: int) -> None:
        """Add a node to its group. Adding it twice is harmless."""
        heap = self._heaps.get(group)
        if heap is None:
            heap = self._heaps[group] = []
        heapq.heappush(heap, self._ranks[node])

    def clear(self) -> None:
        """Remove all entries."""
        self._heaps.clear()

    def pop(self, holds: Callable[[NodeIndex], bool]) -> NodeIndex | None:
        """Remove and return the most urgent node of the only group for which `holds`, or None."""
        heap, order = self._heaps.get(0), self._order
        while heap:
            node = order[heapq.heappop(heap)]
            if holds(node):
                return node
        return None

    def heads(self, holds: Callable[[NodeIndex], bool]) -> list[tuple[int, int]]:
        """Return a heap with the first rank of each group for which `holds`, and its group."""
        found = [(rank, group) for group in list(self._heaps) if (rank := self.first(group, holds)) is not None]
        heapq.heapify(found)
        return found

    def first(self, group: int, holds: Callable[[NodeIndex], bool]) -> int | None:
        """Return the rank of the most urgent node of a group for which `holds`, or None. It stays in the queue."""
        heap, order = self._heaps[group], self._order
        while heap:
            if holds(order[heap[0]]):
                return heap[0]
            heapq.heappop(heap)
        del self._heaps[group]
        return None

    def at(self, rank: int) -> NodeIndex:
        """Return the node of a rank."""
        return self._order[rank]
