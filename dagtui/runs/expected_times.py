"""When the nodes of a run are expected to run, and the chain of nodes that decides how long it takes."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.capacity import UNLIMITED, slots_of, slots_of_executor, slots_there
from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.engine.why import root_cause
from dagtui.graph.model import LOCAL, Trigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

MOST: Final = 2_000
"""The most nodes that are left to run for which it is played through when they will."""
_LEFT: Final = (NodeStatus.READY, NodeStatus.RETRYING, NodeStatus.WAITING)
_MOST_LINKS: Final = 10_000
"""The most edges of the chain."""


class ExpectedTimes(NamedTuple):
    """The expected rest of a run."""

    spans: Mapping[NodeIndex, tuple[ClockTime, ClockTime]]
    """When nodes are expected to begin and to end."""
    chain: Sequence[NodeIndex]
    """The critical path, from its first node: the parent that ended last, of each node, back from the last end."""

    def end(self, clock: ClockTime) -> ClockTime:
        """Return when the last of them is expected to end, at the earliest now."""
        return max((end for _, end in self.spans.values()), default=clock)


def expected_times(
    graph: Graph, state: RunState, weights: Sequence[float] | None, clock: ClockTime, priorities: Sequence[float]
) -> ExpectedTimes:
    """Return what is expected of a run by the usual seconds of its nodes. Without them, only what has been."""
    spans: Mapping[NodeIndex, tuple[ClockTime, ClockTime]] = {}
    if weights is not None and state.unsettled:
        spans = _Play(graph, state, weights, clock, priorities).spans
    return ExpectedTimes(spans, critical_chain(graph, state, spans))


def critical_chain(
    graph: Graph, state: RunState, spans: Mapping[NodeIndex, tuple[ClockTime, ClockTime]]
) -> Sequence[NodeIndex]:
    """Return the chain of nodes that ended, or will end, as the last ones. Empty while that is not known."""

    def end(node: NodeIndex) -> ClockTime:
        return spans[node][1] if node in spans else state.ended[node]

    if spans and state.unsettled > MOST:
        return ()
    if spans:
        last = max(spans, key=end)
    elif state.unsettled or not len(graph):
        return ()
    else:
        last = graph.nodes[max(range(len(graph)), key=state.ended.__getitem__)]
    chain = [last]
    while len(chain) < _MOST_LINKS:
        parents = graph.parents(chain[-1])
        causes = (root_cause(state, node) if _is_blocked(state, node) else node for node in parents)
        before = max(causes, key=end, default=None)
        if before is None or (before not in spans and not state.attempt[before]):
            break
        chain.append(before)
    return chain[::-1]


def _is_blocked(state: RunState, node: NodeIndex) -> bool:
    return state.status[node] == NodeStatus.FAILED_PARENT


class _Play:
    """Plays the rest of a run through: nodes start in the order of the run while their executors have free slots."""

    def __init__(
        self,
        graph: Graph,
        state: RunState,
        weights: Sequence[float],
        clock: ClockTime,
        priorities: Sequence[float],
    ) -> None:
        self.spans: dict[NodeIndex, tuple[ClockTime, ClockTime]] = {}
        self._graph, self._state, self._weights, self._priorities = graph, state, weights, priorities
        self._slots = {LOCAL: int(state.jobs)}
        """Number of slots by executor."""
        for name in graph.executors:
            self._slots[name] = slots_of_executor(state, name) or UNLIMITED
        self._free = dict(self._slots)
        self._busy = dict.fromkeys(self._slots, 0)
        """Number of nodes that run, by executor."""
        self._ready: dict[str, list[tuple[float, NodeIndex]]] = {name: [] for name in self._slots}
        self._ends: list[tuple[ClockTime, NodeIndex]] = []
        self._missing: dict[NodeIndex, int] = {}
        """For each node that has not begun, the parents that have not ended."""
        for status in ALIVE:
            for node in state.nodes_with(status):
                self._begin(node, state.started[node], max(clock, state.started[node] + weights[node]))
        if state.unsettled <= MOST:
            self._wait(clock)

    def _wait(self, now: ClockTime) -> None:
        """Play through what has not begun. Finally nodes come last."""
        graph, state = self._graph, self._state
        left = [node for status in _LEFT for node in state.nodes_with(status)]
        left = [node for node in left if graph.task(node).trigger is not Trigger.ANY_FAILED]
        for are_last in (False, True):
            added = [node for node in left if graph.task(node).is_finally is are_last]
            awaited = {*added, *(node for _, node in self._ends)}
            self._missing = {node: sum(parent in awaited for parent in graph.parents(node)) for node in added}
            for node in added:
                if not self._missing[node]:
                    self._await(node)
            now = self._play(now)

    def _play(self, now: ClockTime) -> ClockTime:
        """Let time pass until nothing runs. Return when that is."""
        self._fill(now)
        while self._ends:
            now, node = heapq.heappop(self._ends)
            executor = self._executor(node)
            self._free[executor] += self._wanted(node, executor)
            self._busy[executor] -= 1
            for child in self._graph.children(node):
                if child in self._missing:
                    self._missing[child] -= 1
                    if not self._missing[child]:
                        self._await(child)
            self._fill(now)
        return now

    def _await(self, node: NodeIndex) -> None:
        heapq.heappush(self._ready[self._executor(node)], (-self._priorities[node], node))

    def _fill(self, now: ClockTime) -> None:
        for executor, ready in self._ready.items():
            if ready:
                self._fill_one(executor, ready, now)

    def _fill_one(self, executor: str, ready: list[tuple[float, NodeIndex]], now: ClockTime) -> None:
        """Start what fits on an executor. A node that does not fit lets others pass."""
        passed: list[tuple[float, NodeIndex]] = []
        while ready and (self._free[executor] > 0 or not self._busy[executor]):
            entry = heapq.heappop(ready)
            node = entry[1]
            if self._wanted(node, executor) <= self._free[executor] or not self._busy[executor]:
                start = max(now, self._state.due.get(node, now))
                self._begin(node, start, start + self._weights[node])
            else:
                passed.append(entry)
        for entry in passed:
            heapq.heappush(ready, entry)

    def _begin(self, node: NodeIndex, start: ClockTime, end: ClockTime) -> None:
        executor = self._executor(node)
        self._free[executor] -= self._wanted(node, executor)
        self._busy[executor] += 1
        self.spans[node] = start, end
        heapq.heappush(self._ends, (end, node))

    def _executor(self, node: NodeIndex) -> str:
        name = self._graph.task(node).executor
        return name if name in self._slots else LOCAL

    def _wanted(self, node: NodeIndex, executor: str) -> int:
        graph = self._graph
        wanted = slots_of(graph, node) if executor == LOCAL else slots_there(graph, graph.task(node))
        return min(wanted, self._slots[executor])
