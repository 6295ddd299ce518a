"""The runs of a graph against each other: what became of each task in each of them, and what is usual."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, overload

from dagtui.engine.status import SETTLED_NAMES, NodeStatus
from dagtui.runs.usual import median
from dagtui.store.run_index import task_of
from dagtui.store.summary import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.store.run_index import RunTasks, TaskOutcome
    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import Seconds

LEAST_SECONDS: Final = 0.1
"""The least seconds that are compared with what is usual: below them, a share says nothing."""
_FAILED: Final = NodeStatus.FAILED.name
_BLOCKED: Final = frozenset({NodeStatus.FAILED_PARENT.name, NodeStatus.CANCELLED.name})
_SAME: Final = 0.05
"""The share by which times may differ and count as the same."""


class GridOrder(enum.Enum):
    """The order of the rows of a grid. The values are its words."""

    FAILURES = "what fails most first"
    FILE = "as in the file"


class GridRow(NamedTuple):
    """What became of a task, or of one of its nodes, in each of some runs."""

    name: str
    """Of the task, or the label of the node. Foreign text."""
    is_node: bool
    nodes: int
    """The most nodes that the task has in one of the runs."""
    statuses: tuple[NodeStatus | None, ...]
    """The worst status in each run. None: nothing of it is on record there."""
    attempts: tuple[int, ...]
    seconds: tuple[Seconds | None, ...]
    """What its last attempts took in each run. None: there were none, or that is not known."""

    @property
    def failures(self) -> int:
        """The number of runs in which it failed."""
        return self.statuses.count(NodeStatus.FAILED)

    @property
    def blocked(self) -> int:
        """The number of runs in which it was blocked or cancelled."""
        return self.statuses.count(NodeStatus.FAILED_PARENT) + self.statuses.count(NodeStatus.CANCELLED)

    def usual(self, at: int) -> Seconds | None:
        """Return the median of its seconds in the runs in which it completed, without the run at an index."""
        found = [
            seconds
            for other, (status, seconds) in enumerate(zip(self.statuses, self.seconds, strict=True))
            if other != at and status is NodeStatus.COMPLETED and seconds is not None
        ]
        return median(found) if found else None


def usual_seconds(summaries: Iterable[RunSummary], number: int) -> Seconds | None:
    """Return the median of the active seconds of the completed runs, without the one of that number."""
    found = [
        summary.seconds
        for summary in summaries
        if summary.outcome is RunOutcome.COMPLETED and summary.number != number and summary.seconds is not None
    ]
    return median(found) if found else None


def against(seconds: Seconds | None, usual: Seconds | None) -> float | None:
    """Return by which share something took longer than usual. None if one is not known, or both are too short."""
    if seconds is None or usual is None or max(seconds, usual) < LEAST_SECONDS or usual <= 0:
        return None
    share = seconds / usual - 1
    return 0.0 if abs(share) < _SAME else share


class Grid(Sequence["GridRow"]):
    """A row for each task of some runs, and below it one for each of its nodes that failed in one of them.

    There may be 10,000 tasks, so a row is made when it is asked for.
    """

    def __init__(
        self, runs: Sequence[RunTasks] = (), order: GridOrder = GridOrder.FAILURES, named: Sequence[str] = ()
    ) -> None:
        """`named` has the tasks as in the file. Others stand behind them, in the order in which they began."""
        self._runs = runs
        there = dict.fromkeys(name for run in runs for name in run.tasks)
        names = list(dict.fromkeys([*(name for name in named if name in there), *there]))
        failed = _failed_nodes(runs)
        by_failures = order is GridOrder.FAILURES
        if by_failures:
            bad = _bad_runs(runs)
            names.sort(key=lambda name: bad.get(name, (0, 0)))
        self._rows: list[tuple[str, str]] = []
        """The task of each row, and the node if it is the row of one."""
        for name in names:
            self._rows.append((name, ""))
            nodes = failed.get(name)
            if nodes and self._is_of_several(name):
                self._rows += [
                    (name, node) for node in (sorted(nodes, key=nodes.__getitem__) if by_failures else nodes)
                ]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> GridRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[GridRow]: ...
    def __getitem__(self, index: int | slice) -> GridRow | Sequence[GridRow]:
        """Return a row, or some."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        task, node = self._rows[index]
        row = _task_row(task, self._runs)
        return _node_row(node, row, self._runs) if node else row

    def index_of(self, name: str) -> int | None:
        """Return the index of the row of a task or of a node. None: there is no such row."""
        return next((at for at, row in enumerate(self._rows) if name == (row[1] or row[0])), None)

    def _is_of_several(self, name: str) -> bool:
        return any((found := run.tasks.get(name)) is not None and found.nodes > 1 for run in self._runs)


def _bad_runs(runs: Sequence[RunTasks]) -> Mapping[str, tuple[int, int]]:
    """Return, for tasks that failed or were blocked, minus the number of runs in which they did, and were."""
    failed, blocked = Counter[str](), Counter[str]()
    for run in runs:
        failed.update(name for name, outcome in run.tasks.items() if outcome.worst == _FAILED)
        blocked.update(name for name, outcome in run.tasks.items() if outcome.worst in _BLOCKED)
    return {name: (-failed[name], -blocked[name]) for name in failed.keys() | blocked.keys()}


def _failed_nodes(runs: Sequence[RunTasks]) -> Mapping[str, Mapping[str, int]]:
    """Return the nodes that failed in one of the runs, by task, each with minus the number of those runs."""
    found: dict[str, dict[str, int]] = {}
    for run in runs:
        for name, outcome in run.nodes.items():
            if outcome.status == _FAILED:
                nodes = found.setdefault(task_of(name), {})
                nodes[name] = nodes.get(name, 0) - 1
    return found


def _task_row(name: str, runs: Sequence[RunTasks]) -> GridRow:
    found = [run.tasks.get(name) for run in runs]
    return GridRow(
        name,
        False,
        max(one.nodes for one in found if one is not None),
        tuple(worst_of(one) for one in found),
        tuple(0 if one is None else one.attempts for one in found),
        tuple(None if one is None else _seconds_of(one) for one in found),
    )


def _seconds_of(outcome: TaskOutcome) -> Seconds | None:
    """Return what a task took. None: nothing of it ran, or some of it had not ended when the run broke off."""
    if not outcome.attempts or any(name not in SETTLED_NAMES for name in outcome.counts):
        return None
    return outcome.seconds


def _node_row(name: str, task: GridRow, runs: Sequence[RunTasks]) -> GridRow:
    """Return the row of a node. Runs do not name nodes that completed at their first attempt."""
    found = [run.nodes.get(name) for run in runs]
    statuses = tuple(
        (NodeStatus.COMPLETED if whole is NodeStatus.COMPLETED else None) if one is None else status_named(one.status)
        for one, whole in zip(found, task.statuses, strict=True)
    )
    return GridRow(
        name,
        True,
        1,
        statuses,
        tuple(
            int(status is NodeStatus.COMPLETED) if one is None else one.attempts
            for one, status in zip(found, statuses, strict=True)
        ),
        tuple(None if one is None or not one.attempts else one.seconds for one in found),
    )


def worst_of(outcome: TaskOutcome | None) -> NodeStatus | None:
    """Return the worst status of a task's nodes. None without nodes, or for statuses of a later dagtui only."""
    return None if outcome is None else status_named(outcome.worst)


def status_named(name: str) -> NodeStatus | None:
    """Return the status of that name, or None for one of a later dagtui."""
    return NodeStatus.__members__.get(name)
