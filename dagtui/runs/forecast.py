"""Estimate how long nodes and the run will take, from earlier runs."""

from __future__ import annotations

import time
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Final

from dagtui.engine.capacity import slots_of_executor, slots_there
from dagtui.engine.status import SETTLED, NodeStatus
from dagtui.engine.walks import longest_path_among
from dagtui.runs.eta_range import EtaRange, Rest, eta_range
from dagtui.store.history import Spread
from dagtui.text.amounts import ClockTime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.store.history import History
    from dagtui.text.amounts import Seconds

UNKNOWN = 1.0
"""Seconds assumed for a node when there is no history at all."""
_CERTAIN: Final = Spread(0.0, 1_000_000)
"""Of what takes no time."""
REFRESH_PER_NODE = 1e-4
"""Seconds that a forecast stays valid, per unsettled node, so that large graphs are computed less often."""
SLICE: Final = 0.004
"""Seconds that one question spends on the next forecast. Until that is ready, the one before is told."""
_TOO_OLD: Final = 60.0
"""Seconds after the end of its validity from which on a forecast is not told any more."""
_PIECE: Final = 500
"""The nodes between two looks at the time."""


class Forecast:
    """Expected seconds by node: from its own history, else its group's median, else the overall median."""

    def __init__(self, graph: Graph, history: History | None) -> None:
        self._graph = graph
        self._history = history
        labels = graph.labels
        self._estimates: list[float | None] = [None] * len(graph)
        if history is not None:
            self._estimates = [history.estimate(labels[node], graph.task(node).group) for node in graph.nodes]
        if graph.any_services:  # their time is that of what needs them
            for node in graph.nodes:
                if graph.task(node).service is not None and self._estimates[node] is not None:
                    self._estimates[node] = 0.0
        self.known = any(estimate is not None for estimate in self._estimates)
        self.weights: list[float] | None = (
            [UNKNOWN if estimate is None else estimate for estimate in self._estimates] if self.known else None
        )
        self._gates = [node for node in graph.nodes if graph.gate(node) is not None] if graph.any_gates else []
        if self.weights is not None:
            for node in self._gates:
                self.weights[node] = 0.0  # how long a person takes is not known
        self._last: tuple[ClockTime, tuple[float, int] | None] = (ClockTime(-1e9), None)
        self._together = 0.0 if history is None else history.together.share
        self._range: EtaRange | None = None
        """The range of the last judgement."""
        self._judging: Iterator[None] | None = None
        """The judgement that is under way, with a stop after each piece of it."""

    def estimate(self, node: NodeIndex) -> float | None:
        """Return the expected seconds of a node, or None without history."""
        return self._estimates[node]

    def knows(self, node: NodeIndex) -> bool:
        """Return whether the estimate comes from the node's own successes, and not from those of other nodes."""
        return self._history is not None and self._history.knows(self._graph.labels[node])

    def seconds_for(self, nodes: Collection[NodeIndex], jobs: int) -> float | None:
        """Return the expected seconds to run only some nodes on `jobs` slots, or None without history.

        This is the larger of the critical path among them and their total work divided by the slots, or by a pool. Time
        in the queues of executors on other machines is not known.
        """
        if self.weights is None:
            return None
        work = sum(self.weights[node] * self._share(node, jobs) for node in nodes)
        pools = _PoolWork(self._graph)
        for node in nodes:
            pools.add(node, self.weights[node])
        return max(work, pools.longest(), longest_path_among(self._graph, nodes, self.weights))

    def _share(self, node: NodeIndex, jobs: int) -> float:
        """Return the share of this machine that a node takes."""
        task = self._graph.task(node)
        return 0.0 if task.executor in self._graph.executors else min(1.0, task.slots / max(1, jobs))

    def remaining(self, state: RunState, clock: ClockTime) -> tuple[float, int] | None:
        """Return the expected seconds until all nodes are settled, and the node that bounds it. None without history.

        The time is the larger of the critical path among the unsettled nodes and all their work divided by the slots,
        or by a pool.
        """
        if self.weights is None or not state.unsettled:
            self._judging = None
            return None
        overdue = clock - self._last[0] - max(0.5, REFRESH_PER_NODE * state.unsettled)
        if overdue >= 0 and (self._judging is None or overdue > _TOO_OLD):
            self._judging = self._judge(state, clock, self.weights)
        if self._judging is not None:
            self._go_on(self._judging, inf if overdue > _TOO_OLD else SLICE)
        at, found = self._last
        return (max(0.0, found[0] - (clock - at)), found[1]) if found else None

    def _go_on(self, judging: Iterator[None], seconds: Seconds) -> None:
        """Go on with a judgement for some seconds, or to its end."""
        until = time.perf_counter() + seconds
        for _ in judging:
            if time.perf_counter() >= until:
                return
        self._judging = None

    def eta_range(self, state: RunState, clock: ClockTime) -> EtaRange | None:
        """Return the range of `remaining`. None without history."""
        if self.remaining(state, clock) is None or self._range is None:
            return None
        return self._range.after(clock - self._last[0])

    def answers_left(self, state: RunState) -> int:
        """Return the number of answers that the run may still wait for. No estimate has their time."""
        return sum(state.selected[node] and state.status[node] not in SETTLED for node in self._gates)

    def _judge(self, state: RunState, clock: ClockTime, weights: list[float]) -> Iterator[None]:
        """Judge how long the rest takes, piece by piece. What changes meanwhile counts as it then is."""
        graph, work, pools = self._graph, 0.0, _PoolWork(self._graph)
        lengths: dict[NodeIndex, float] = {}
        bound, longest = -1, -1.0
        for number, node in enumerate(reversed(graph.order), 1):
            if not number % _PIECE:
                yield
            status = state.status[node]
            if status in SETTLED or not state.selected[node]:
                continue
            own = weights[node]
            if status == NodeStatus.RUNNING:
                own = max(0.0, own - (clock - state.started[node]))
            work += own * self._share(node, state.jobs)
            length = own + max((lengths.get(child, 0.0) for child in graph.children(node)), default=0.0)
            lengths[node] = length
            pools.add(node, own)
            if length > longest:
                bound, longest = node, length
        if bound < 0:
            self._last = (clock, None)
            return
        rest = Rest(lengths, graph.nodes[bound], work, pools.longest(state), state.jobs, self._together)
        self._range = eta_range(graph, rest, self._spread, partial(self._share, jobs=state.jobs))
        self._last = (clock, (max(longest, work, rest.pools), bound))

    def _spread(self, node: NodeIndex) -> Spread:
        """Return what the estimate of a node rests on. What takes no time of its own does not vary."""
        weight = 0.0 if self.weights is None else self.weights[node]
        if self._history is None or not weight:
            return _CERTAIN
        return self._history.spread(self._graph.labels[node], weight)


class _PoolWork:
    """The seconds for which nodes use the pools of a graph. Executors on other machines are pools, too."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._any = bool(graph.pools or graph.executors)
        self._used = dict.fromkeys((*(pool.name for pool in graph.pools), *graph.executors), 0.0)

    def add(self, node: NodeIndex, seconds: Seconds) -> None:
        """Add a node that runs for some seconds."""
        if not self._any:
            return
        graph, task = self._graph, self._graph.task(node)
        for name, amount in task.pools:
            self._used[name] += seconds * amount
        if task.executor in graph.executors:
            self._used[task.executor] += seconds * slots_there(graph, task)

    def longest(self, state: RunState | None = None) -> float:
        """Return how long the pool lasts that is used longest. A state may have given executors other slots."""
        graph = self._graph
        sizes: dict[str, float] = {pool.name: pool.size for pool in graph.pools}
        for name, settings in graph.executors.items():
            sizes[name] = (settings.jobs if state is None else slots_of_executor(state, name)) or inf
        return max((self._used[name] / size for name, size in sizes.items()), default=0.0)
