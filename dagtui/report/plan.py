"""What a run would do and how long it would take: a rehearsal of the traversal, in which every attempt succeeds."""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.critical_path import critical_path_lengths
from dagtui.engine.effects import Start
from dagtui.engine.messages import Ended, EndKind
from dagtui.engine.status import NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.runs.forecast import UNKNOWN, Forecast

if TYPE_CHECKING:
    from dagtui.engine.effects import Effect
    from dagtui.graph.model import Graph
    from dagtui.store.history import History


@dataclass(frozen=True, slots=True)
class Plan:
    """A run as it is expected to go; times in seconds from its beginning."""

    graph: Graph
    jobs: int
    history: History
    order: array[int]
    """The nodes that would run, in the order in which they would begin."""
    begins: array[float]
    """When each node would begin, by node; negative for those that would not."""
    seconds: array[float]
    """How long each node is expected to take, by node; 1 where nothing is known."""
    critical_path: list[int]
    """The nodes of the longest way, in their order."""
    makespan: float
    """When the last node would end."""
    idle: dict[int, str]
    """Why a node would not run, for those that would not."""

    known: bool
    """Whether there is any history; without it every time counts nodes rather than seconds."""

    @property
    def critical_seconds(self) -> float:
        """The length of the longest way: no number of jobs makes the run shorter."""
        return sum(self.seconds[node] for node in self.critical_path)

    @property
    def work(self) -> float:
        """The seconds of all nodes that would run, one after the other."""
        return sum(self.seconds[node] for node in self.order)


def make_plan(graph: Graph, history: History, jobs: int) -> Plan:
    """Rehearse a run of a graph with so many slots; nothing is executed. 100,000 nodes take about two seconds."""
    forecast = Forecast(graph, history)
    seconds = _expected(graph, forecast)
    traversal = Traversal(graph, jobs, seconds, lookahead=0)
    order, begins = array("i"), array("d", [-1.0]) * len(graph)
    running: list[tuple[float, int, int]] = []
    now = 0.0
    traversal.begin(now)
    while True:
        for effect in _effects(traversal):
            if isinstance(effect, Start):
                order.append(effect.node)
                begins[effect.node] = now
                heapq.heappush(running, (now + seconds[effect.node], effect.node, effect.attempt))
        if not running:
            break
        now = running[0][0]
        ended: list[Ended] = []
        while running and running[0][0] <= now:
            _, node, attempt = heapq.heappop(running)
            ended.append(Ended(node, attempt, EndKind.EXIT, 0, "", seconds[node]))
        traversal.handle_results(ended, now)
    state = traversal.state
    idle = {
        node: why(state, node, now) or state.status_of(node).word
        for node in range(len(graph))
        if begins[node] < 0 and state.status[node] != NodeStatus.COMPLETED
    }
    path = _critical_path(graph, seconds, begins)
    return Plan(graph, jobs, history, order, begins, seconds, path, now, idle, forecast.known)


def _effects(traversal: Traversal) -> list[Effect]:
    _events, effects = traversal.take()
    return effects


def _expected(graph: Graph, forecast: Forecast) -> array[float]:
    """The weights; a node that executes nothing takes no time."""
    seconds = array("d", forecast.weights if forecast.weights is not None else [UNKNOWN] * len(graph))
    empty = bytes(task.action is None for task in graph.tasks)
    if any(empty):
        for node, task in enumerate(graph.task_of):
            if empty[task]:
                seconds[node] = 0.0
    return seconds


def _critical_path(graph: Graph, seconds: array[float], begins: array[float]) -> list[int]:
    """The longest way among the nodes that would run."""
    weights = array("d", (own if began >= 0 else 0.0 for own, began in zip(seconds, begins, strict=True)))
    ways = critical_path_lengths(graph, weights)
    roots = (node for node in graph.order if not graph.parent_count(node))
    node = max(roots, key=lambda root: ways[root], default=-1)
    path: list[int] = []
    while node >= 0:
        path.append(node)
        node = max(graph.children(node), key=lambda child: ways[child], default=-1)
    return [node for node in path if begins[node] >= 0]
