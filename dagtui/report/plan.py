"""Predict a run with a simulated traversal in which every attempt succeeds, and find what changed in its sheets."""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.events import RunEvent
from dagtui.engine.messages import Ended, EndKind, Ready, Start, Started, Stop
from dagtui.engine.status import NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.walks import critical_path_lengths
from dagtui.engine.why import why
from dagtui.graph.definition import CellChange, changed_cells
from dagtui.graph.errors import GraphError
from dagtui.graph.gates import Gate
from dagtui.graph.loading import load_recorded
from dagtui.graph.model import NO_NODE
from dagtui.runs.forecast import UNKNOWN, Forecast
from dagtui.store.directory import last_run
from dagtui.store.errors import StoreError
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dagtui.engine.conditions import Conditions
    from dagtui.engine.messages import AttemptNumber, Result
    from dagtui.engine.state import RunState
    from dagtui.engine.targets import Targets
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.judging import PlannedFiles
    from dagtui.store.history import History
    from dagtui.text.amounts import ClockTime, Seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """The expected course of a run, with times in seconds from its start."""

    graph: Graph
    jobs: int
    history: History
    order: Sequence[NodeIndex]
    """Nodes that would run, in order of their start. Those that may run are among them."""
    begins: array[float]
    """Start time of each node. Negative for nodes that would not run."""
    seconds: array[Seconds]
    """Expected duration of each node. 1 where nothing is known."""
    critical_path: list[NodeIndex]
    """Nodes of the critical path, in order."""
    makespan: float
    """When the last node would end."""
    idle: dict[NodeIndex, str]
    """Why each node of the run that would not run does not."""
    outside: frozenset[NodeIndex]
    """Nodes that are not part of the run."""

    known: bool
    """Whether there is any history. Without it, times count nodes rather than seconds."""
    up_to_date: Mapping[NodeIndex, str]
    """Nodes that would not have to run, and what was looked at."""
    reasons: Mapping[NodeIndex, str]
    """Why nodes that were judged would run."""
    unsure: frozenset[NodeIndex]
    """Nodes that may run: only if what they get of parents that run is not the same as before."""

    @property
    def critical_seconds(self) -> float:
        """The length of the critical path. No number of jobs makes the run shorter."""
        return sum(self.seconds[node] for node in self.critical_path)

    @property
    def work(self) -> float:
        """The total seconds of all nodes that would run."""
        return sum(self.seconds[node] for node in self.order)


def make_plan(
    graph: Graph,
    history: History,
    jobs: int,
    targets: Targets | None,
    judging: Callable[[RunState], PlannedFiles] | None = None,
    conditions: Conditions | None = None,
) -> Plan:
    """Simulate a run of the targets with `jobs` slots. Executes nothing. 100,000 nodes take about two seconds.

    `judging` makes what judges the nodes by their files. Without `conditions`, no condition is asked.
    """
    forecast = Forecast(graph, history)
    seconds = _expected(graph, forecast)
    traversal = Traversal(graph, jobs, seconds, lookahead=0)
    traversal.conditions = conditions
    if targets is not None:
        traversal.emit(RunEvent(NO_TIME, "started", targets=targets.nodes, named=targets.named))
    course = _Course(traversal, seconds, None if judging is None else judging(traversal.state), targets)
    course.simulate()
    state, begins, now = traversal.state, course.begins, course.now
    idle = {
        node: why(state, node, now) or state.status_of(node).word
        for node in graph.nodes
        if begins[node] < 0 and state.status[node] != NodeStatus.COMPLETED and not state.is_outside(node)
    }
    outside = frozenset(filter(state.is_outside, graph.nodes) if state.outside else ())
    return Plan(
        graph,
        jobs,
        history,
        cast("Sequence[NodeIndex]", course.order),
        begins,
        seconds,
        _critical_path(graph, seconds, begins, outside),
        now - NO_TIME,
        idle,
        outside,
        forecast.known,
        {node: end.text for node, end in course.up_to_date.items()},
        course.reasons,
        course.unsure,
    )


class _Course:
    """The course of a simulated run."""

    def __init__(
        self, traversal: Traversal, seconds: array[Seconds], files: PlannedFiles | None, targets: Targets | None
    ) -> None:
        self.now = NO_TIME
        self.order = array("i")
        self.begins = array("d", [-1.0]) * len(traversal.graph)
        self.up_to_date: dict[NodeIndex, Ended] = {}
        self.reasons: dict[NodeIndex, str] = {}
        self._traversal = traversal
        self._seconds = seconds
        self._files = files
        self._targets = targets
        self._stopped: set[NodeIndex] = set()
        self._running: list[tuple[ClockTime, NodeIndex, AttemptNumber]] = []

    @property
    def unsure(self) -> frozenset[NodeIndex]:
        """The nodes that may run."""
        return frozenset(() if self._files is None else self._files.unsure)

    def simulate(self) -> None:
        """Let every attempt succeed, until nothing runs any more."""
        self._traversal.begin(self.now)
        running = self._running
        while True:
            _events, effects = self._traversal.take()
            for effect in effects:
                if isinstance(effect, Start):
                    self._start(effect.node, effect.attempt)
                elif isinstance(effect, Stop):  # a service that nothing needs any more
                    self._stopped.add(effect.node)
                    heapq.heappush(running, (self.now, effect.node, effect.attempt))
            if not running:
                break
            self.now = running[0][0]
            results: list[Result] = []
            while running and running[0][0] <= self.now:
                _, node, attempt = heapq.heappop(running)
                if self._traversal.graph.task(node).service is not None and node not in self._stopped:
                    results += [Started(node, attempt), Ready(node, attempt, "")]
                else:
                    end = self.up_to_date.get(node)
                    results.append(end or Ended(node, attempt, EndKind.EXIT, 0, "", self._seconds[node]))
            self._traversal.handle_results(results, self.now)
        if self._files is not None:
            self._files.close()

    def _start(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        if self._files is not None:
            is_named = self._targets is None or node in self._targets.nodes
            found = self._files.judge(node, is_named=is_named)
            if found is not None and found.up_to_date:
                self.up_to_date[node] = Ended(node, attempt, EndKind.UP_TO_DATE, text=found.why, outputs=found.values)
                heapq.heappush(self._running, (self.now, node, attempt))
                return
            if found is not None:
                self.reasons[node] = found.why
        self.order.append(node)
        self.begins[node] = self.now - NO_TIME
        heapq.heappush(self._running, (self.now + self._seconds[node], node, attempt))


def _expected(graph: Graph, forecast: Forecast) -> array[float]:
    """Return the expected durations. Nodes that execute nothing, gates and services take no time of their own."""
    seconds = array("d", forecast.weights if forecast.weights is not None else [UNKNOWN] * len(graph))
    empty = bytes(task.action is None or isinstance(task.action, Gate) or bool(task.service) for task in graph.tasks)
    if any(empty):
        for node, task in zip(graph.nodes, graph.task_of, strict=True):
            if empty[task]:
                seconds[node] = 0.0
    return seconds


def _critical_path(
    graph: Graph, seconds: array[Seconds], begins: array[float], outside: frozenset[NodeIndex]
) -> list[NodeIndex]:
    weights = array("d", (own if began >= 0 else 0.0 for own, began in zip(seconds, begins, strict=True)))
    ways = critical_path_lengths(graph, weights)
    roots = (node for node in graph.order if not graph.parent_count(node) and node not in outside)
    node = max(roots, key=ways.__getitem__, default=NO_NODE)
    path: list[NodeIndex] = []
    while node >= 0:
        path.append(node)
        following = (child for child in graph.children(node) if child not in outside)
        node = max(following, key=ways.__getitem__, default=NO_NODE)
    return [node for node in path if begins[node] >= 0]


class SheetChange(NamedTuple):
    """A task whose cells differ from those in the last run, because its sheet changed."""

    task: str
    sheet: str
    run: int
    """The number of the last run."""
    cells: CellChange


def sheet_changes(graph: Graph, graph_path: Path) -> list[SheetChange]:
    """Return the tasks whose sheets changed since the last run. Empty if there is none, or it can't be read."""
    sheets = {number: task.matrix.sheet for number, task in enumerate(graph.tasks) if task.matrix is not None}
    if not any(sheets.values()):
        return []
    try:
        run = last_run(graph_path)
        if run is None:
            return []
        changes = changed_cells(load_recorded(run.graph_path), graph)
    except (StoreError, GraphError):
        return []
    return [
        SheetChange(graph.tasks[number].name, sheets[number], run.number, change)
        for number, change in changes.items()
        if sheets[number]
    ]
