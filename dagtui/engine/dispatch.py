"""Dispatch: submit ready nodes to the executor, given slots, critical-path order and slots kept for a wide node."""

from __future__ import annotations

import heapq
from array import array
from typing import TYPE_CHECKING, cast

from dagtui.engine.events import NodeChange
from dagtui.engine.messages import ONE_SLOT, Slots, Start, Withdraw
from dagtui.engine.rules.propagation import Propagation
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import Seconds


class ReadyQueue:
    """A priority queue with one heap for each number of slots that nodes need.

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

    def push(self, node: NodeIndex, slots: Slots) -> None:
        """Add a node that needs this many slots. Adding it twice is harmless."""
        heap = self._heaps.get(slots)
        if heap is None:
            heap = self._heaps[slots] = []
        heapq.heappush(heap, self._ranks[node])

    def clear(self) -> None:
        """Remove all entries."""
        self._heaps.clear()

    def first(self, holds: Callable[[NodeIndex], bool]) -> NodeIndex | None:
        """Return the most urgent node for which `holds`, of any number of slots, or None. It stays in the queue."""
        order = self._order
        best = len(order)
        for heap in self._heaps.values():
            while heap and not holds(order[heap[0]]):
                heapq.heappop(heap)
            if heap and heap[0] < best:
                best = heap[0]
        return order[best] if best < len(order) else None

    def pop(self, free: Slots, holds: Callable[[NodeIndex], bool]) -> NodeIndex | None:
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


LOOKAHEAD_SECONDS, LOOKAHEAD_MOST = 0.05, 64
"""Lookahead: the attempts that should begin within this many seconds, judged by recent ones, and their maximum."""
_ANY = Slots(1 << 30)
TYPICAL = 1.0
"""Expected seconds of an attempt before any attempt has ended."""


class Dispatch(Propagation):
    """A propagation that also submits ready nodes while slots are free.

    Work is conserved, and wide nodes, which need more than one slot, don't starve (rule 5 in `rules`).
    """

    def __init__(self, graph: Graph, state: RunState, order: Sequence[float], lookahead: int) -> None:
        """Create a dispatcher. `order` is the critical-path length of each node: longer paths start first."""
        super().__init__(graph, state)
        self.ready = ReadyQueue(order)
        self._typical = TYPICAL
        """Moving average of the seconds that recent attempts took."""
        self._lookahead = 0
        self._lookahead_most = lookahead
        self._passed_over = NO_NODE
        """The first node in order, while others start before it because it needs more slots than are free."""
        self._passed_since = NO_TIME

    def _fill(self) -> None:
        """Submit ready nodes: as many as fit the free slots, and a few more if attempts are short."""
        state, capacity = self.state, self.capacity
        if capacity.size != state.jobs:
            capacity.resize(state.jobs)
        if not state.counts[NodeStatus.READY]:
            self.ready.clear()
        if capacity.any_wide:
            self._fill_by_width()
        elif not state.paused:
            while (node := self._next(capacity.free)) is not None:
                self._submit(node)

    def _fill_by_width(self) -> None:
        """Fill slots in a graph whose nodes need different numbers of slots."""
        state, capacity = self.state, self.capacity
        kept_before, state.kept_for = state.kept_for, NO_NODE
        if self._passed_over != NO_NODE and not self._startable(self._passed_over):
            self._passed_over = NO_NODE
        if state.paused:
            return
        while (first := self.ready.first(self._startable)) is not None:
            free = capacity.free
            if capacity.width(first) <= free:
                self._submit(first)
            elif self._is_kept_for(first):
                if not capacity.idle:
                    self._keep_for(first, kept_before, free)
                    return
                self._submit(first)
            elif not self._pass_over(first, free):
                return

    def _is_kept_for(self, first: NodeIndex) -> bool:
        """Return whether a node that does not fit has waited long enough, and will fit once others have ended."""
        if self._passed_over != first or self.now - self._passed_since < self._typical:
            return False
        lost = self.capacity.held_by(self.unkillable)
        return not lost or self.capacity.width(first) <= self.capacity.size - lost

    def _keep_for(self, first: NodeIndex, kept_before: NodeIndex, free: Slots) -> None:
        """Start nothing else, and withdraw the attempts submitted ahead of free slots, as they may take long."""
        self.state.kept_for = first
        if kept_before != first and free < 0:
            self._withdraw_submitted()

    def _pass_over(self, first: NodeIndex, free: Slots) -> bool:
        """Submit the first node that fits, or that lookahead allows. Return False if there is none."""
        node = self._next(free)
        by_others = free < 0 if node is None else node != first  # free < 0: submitted attempts are ahead of it
        if by_others and self._passed_over != first and self.capacity.width(first) > 1:
            self._passed_over, self._passed_since = first, self.now
        if node is None:
            return False
        self._submit(node)
        return True

    def _next(self, free: Slots) -> NodeIndex | None:
        """Take the first node that fits, that lookahead allows, or that is too wide and runs when it is alone."""
        node = self.ready.pop(free, self._startable)
        if node is None and self.capacity.idle:
            node = self.ready.pop(_ANY, self._startable)
        if node is None and len(self.submitted) < self._lookahead:
            node = self.ready.pop(ONE_SLOT, self._startable)
        return node

    def _startable(self, node: NodeIndex) -> bool:
        return self.state.status[node] == NodeStatus.READY and node not in self.submitted

    def _submit(self, node: NodeIndex) -> None:
        attempt = self.state.attempt[node] + 1
        self.set(NodeChange(node, NodeStatus.READY, Cause.IN_LINE, attempt=attempt))
        slots = self.capacity.reserve(node)
        if node == self._passed_over:
            self._passed_over = NO_NODE
        if self.stop_deadline:
            self.stop_deadline.pop(node, None)
        self.effects.append(Start(node, attempt, slots))

    def _withdraw_submitted(self) -> None:
        self.effects.extend(Withdraw(node, self.state.attempt[node]) for node in self.submitted)

    def _learn(self, seconds: Seconds) -> None:
        self._typical += 0.2 * (seconds - self._typical)
        expected = LOOKAHEAD_SECONDS * self.state.jobs / max(self._typical, 1e-4)
        self._lookahead = min(self._lookahead_most, int(expected))
