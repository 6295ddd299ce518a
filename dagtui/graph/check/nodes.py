"""Messages about nodes that a graph can't have together. Imported only when there are some."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from dagtui.graph.errors import quoted

if TYPE_CHECKING:
    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.errors import CycleError
    from dagtui.graph.files.links import FileLinks
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import NodeIndex

MOST_FILES = 4
"""Number of files of a cycle that are named."""


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


def cycle(
    diagnostics: Diagnostics, error: CycleError, layout: GraphLayout, origins: Origins, files: FileLinks | None
) -> None:
    """Record a cycle, at the first task on it. The files that join its nodes are named."""
    task_of = list(layout.task_of())
    on_it = {layout.tasks[task_of[node]].name: task_of[node] for node in error.nodes}
    pairs = pairwise(cast("tuple[NodeIndex, ...]", error.nodes))
    joined = [(parent, child) for parent, child in pairs if files is not None and files.has(parent, child)]
    if files is not None and joined:
        _cycle_of_files(diagnostics, error, layout, origins, files, joined)
        return
    hint = "remove one of these needs" if len(on_it) > 1 else "select only the cells that come before"
    diagnostics.value(origins.of(min(on_it.values()), "needs"), str(error), hint)


def _cycle_of_files(
    diagnostics: Diagnostics,
    error: CycleError,
    layout: GraphLayout,
    origins: Origins,
    files: FileLinks,
    joined: list[tuple[NodeIndex, NodeIndex]],
) -> None:
    """Record a cycle at the first input that is on it."""
    read = []
    for parent, child in joined[:MOST_FILES]:
        number, first = layout.task_at(child), layout.task_at(parent)
        label = layout.label(number, child - layout.firsts[number])
        other = layout.label(first, parent - layout.firsts[first])
        file = files.meeting(parent, child)[0].from_folder
        read.append(f"{quoted(label)} reads {quoted(file)}, which {quoted(other)} writes")
    parent, child = joined[0]
    wanted, position = files.meeting(parent, child)
    more = f" and {len(joined) - MOST_FILES:,} more" if len(joined) > MOST_FILES else ""
    at = origins.of(layout.task_at(child), "inputs", position)
    diagnostics.value(at, str(error), "; ".join(read) + more, needle=wanted.text)
