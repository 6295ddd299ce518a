"""Messages about nodes that a graph can't have together. Imported only when there are some."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted

if TYPE_CHECKING:
    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.errors import CycleError
    from dagtui.graph.layout import GraphLayout


def same_names(diagnostics: Diagnostics, labels: list[str], layout: GraphLayout) -> None:
    """Record every task with a node named like an earlier node."""
    task_of = array("i", layout.task_of())
    seen: dict[str, int] = {}
    for node, found in enumerate(labels):
        first = seen.setdefault(found, node)
        if first == node:
            continue
        one, other = layout.tasks[task_of[first]].name, layout.tasks[task_of[node]].name
        matrix = layout.tasks[task_of[node]].matrix
        if one == other and matrix is not None and matrix.is_listed:
            message = f"the matrix of task {quoted(one)} has the cell {quoted(found, 200)} twice"
            diagnostics.key(("tasks", other, "matrix"), message, "remove one of them")
            continue
        message = f"two nodes are named {quoted(found, 200)}: one of task {quoted(one)} and one of task {quoted(other)}"
        diagnostics.key(("tasks", other), message, "give one of them another name")


def cycle(diagnostics: Diagnostics, error: CycleError, layout: GraphLayout, origins: Origins) -> None:
    """Record a cycle, at the first task on it."""
    task_of = list(layout.task_of())
    on_it = {layout.tasks[task_of[node]].name: task_of[node] for node in error.nodes}
    hint = "remove one of these needs" if len(on_it) > 1 else "select only the cells that come before"
    diagnostics.value(origins.of(min(on_it.values()), "needs"), str(error), hint)
