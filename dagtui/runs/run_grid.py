"""The runs of a graph against each other: what became of each task in each of them, and what is usual."""

from __future__ import annotations

import enum
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.store.run_index import task_of
from dagtui.store.summary import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagtui.store.run_index import RunTasks, TaskOutcome
    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import Seconds

WORST_FIRST: Final = (
    NodeStatus.FAILED,
    NodeStatus.CANCELLED,
    NodeStatus.FAILED_PARENT,
    NodeStatus.CANCELLING,
    NodeStatus.RETRYING,
    NodeStatus.RUNNING,
    NodeStatus.READY,
    NodeStatus.WAITING,
    NodeStatus.COMPLETED,
    NodeStatus.SKIPPED,
)
"""The statuses by which a task with several nodes is known, the first one first."""
LEAST_SECONDS: Final = 0.1
"""The least seconds that are compared with what is usual: below them, a share says nothing."""
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


def grid(runs: Sequence[RunTasks], order: GridOrder, file_order: Sequence[str] = ()) -> list[GridRow]:
    """Return a row for each task of some runs, and below it one for each of its nodes that failed in one of them.

    `file_order` has the tasks as in the file. Others stand behind them, in the order in which they began.
    """
    names = dict.fromkeys(file_order) | dict.fromkeys(name for run in runs for name in run.tasks)
    there = {name for run in runs for name in run.tasks}
    failed = _failed_nodes(runs)
    rows = [_task_row(name, runs) for name in names if name in there]
    if order is GridOrder.FAILURES:
        rows.sort(key=lambda row: (-row.failures, -row.blocked))
    found: list[GridRow] = []
    for row in rows:
        found.append(row)
        if row.nodes > 1:
            nodes = [_node_row(name, row, runs) for name in failed.get(row.name, ())]
            if order is GridOrder.FAILURES:
                nodes.sort(key=lambda node: -node.failures)
            found += nodes
    return found


def _failed_nodes(runs: Sequence[RunTasks]) -> Mapping[str, Sequence[str]]:
    """Return the nodes that failed in one of the runs, by task."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, outcome in run.nodes.items():
            if outcome.status == NodeStatus.FAILED.name:
                found.setdefault(task_of(name), {})[name] = None
    return {task: list(names) for task, names in found.items()}


def _task_row(name: str, runs: Sequence[RunTasks]) -> GridRow:
    found = [run.tasks.get(name) for run in runs]
    return GridRow(
        name,
        False,
        max(sum(one.counts.values()) for one in found if one is not None),
        tuple(worst_of(one) for one in found),
        tuple(0 if one is None else one.attempts for one in found),
        tuple(None if one is None or not one.attempts else one.seconds for one in found),
    )


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
    if outcome is None:
        return None
    return next((status for status in WORST_FIRST if outcome.counts.get(status.name)), None)


def status_named(name: str) -> NodeStatus | None:
    """Return the status of that name, or None for one of a later dagtui."""
    return NodeStatus.__members__.get(name)
