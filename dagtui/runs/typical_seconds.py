"""How long an attempt of a node takes, from its own successes or those of other cells of its task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, NodeIndex, TaskIndex
    from dagtui.store.history import History
    from dagtui.text.amounts import Seconds

_MOST = 50
"""Cells of a task that are looked at."""
_KEPT = 1.0
"""Seconds for which what was found of a task is kept, as many of its nodes are asked for at once."""


class TypicalSeconds:
    """Tells what executors need to know of nodes before they run. Without successes nothing is known.

    A forecast says more: it assumes something of each node, so that a run has an end.
    """

    def __init__(self, graph: Graph, labels: Sequence[str], history: History) -> None:
        self._graph = graph
        self._labels = labels
        self._history = history
        self._cells: dict[TaskIndex, list[NodeIndex]] = {}
        self._of_tasks: dict[TaskIndex, tuple[float, Seconds | None]] = {}

    def __call__(self, node: NodeIndex) -> Seconds | None:
        """Return the seconds of an attempt, or None if they are not known."""
        own = self._own(node)
        if own is not None:
            return own
        task = self._graph.task_of[node]
        now = time.monotonic()
        until, found = self._of_tasks.get(task, (0.0, None))
        if now >= until:
            found = self._median(task)
            self._of_tasks[task] = now + _KEPT, found
        return found

    def _own(self, node: NodeIndex) -> Seconds | None:
        label = self._labels[node]
        return self._history.estimate(label, "") if self._history.knows(label) else None

    def _median(self, task: TaskIndex) -> Seconds | None:
        """Return the median of the cells of a task that have succeeded."""
        if not self._cells:
            for node in self._graph.nodes:
                self._cells.setdefault(self._graph.task_of[node], []).append(node)
        found: list[Seconds] = []
        for node in self._cells.get(task, ()):
            seconds = self._own(node)
            if seconds is not None:
                found.append(seconds)
                if len(found) == _MOST:
                    break
        return sorted(found)[len(found) // 2] if found else None
