"""Trees by group and by status: nodes below folders, which are nested at slashes, or below sections."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import numbered_tasks
from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout
from dagtui.tui.graph.tallies import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, TaskIndex

SECTIONS = (
    NodeStatus.FAILED,
    NodeStatus.RUNNING,
    NodeStatus.CANCELLING,
    NodeStatus.RETRYING,
    NodeStatus.FAILED_PARENT,
    NodeStatus.READY,
    NodeStatus.WAITING,
    NodeStatus.CANCELLED,
    NodeStatus.SKIPPED,
    NodeStatus.COMPLETED,
)
"""The order of the sections."""


def group_layout(graph: Graph) -> TreeLayout:
    """Return the rows of the tree by group, in order of first appearance in the file."""
    return _Folders(graph).layout()


class _Folders:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.heads: list[GroupRow] = []
        self.above_heads: list[int] = []
        self.folders: dict[str, int] = {}
        self.sequence: list[int] = []
        self.sizes = Counter(graph.task_of)

    def layout(self) -> TreeLayout:
        task_of = self.graph.task_of
        large = [self.sizes[task] > 8 for task, _ in numbered_tasks(self.graph.tasks)]
        above_task: dict[TaskIndex, int] = {}
        parents: list[int] = []
        for node, task in enumerate(task_of):
            above = above_task.get(task)
            if above is None:
                above = above_task[task] = self._open(task, large=bool(large[task]))
            parents.append(above)
            self.sequence.append(node)
        return TreeLayout(len(self.graph), self.heads, parents + self.above_heads, self.sequence)

    def _open(self, number: TaskIndex, *, large: bool) -> int:
        task = self.graph.tasks[number]
        above, path = TOP, ""
        for part in task.group.split("/"):
            if not part:
                continue
            path = f"{path}/{part}"
            if path not in self.folders:
                self.folders[path] = self._add(above, GroupRow(GroupKind.FOLDER, part, 0, f"folder {path}"))
            above = self.folders[path]
        if large:
            count = self.sizes[number]
            above = self._add(above, GroupRow(GroupKind.MATRIX, task.name, count, f"{task.name} in folder {path}"))
        return above

    def _add(self, above: int, head: GroupRow) -> int:
        item = len(self.graph) + len(self.heads)
        self.heads.append(head)
        self.above_heads.append(above)
        self.sequence.append(item)
        return item


def status_layout(status: Sequence[int]) -> TreeLayout:
    """Return the rows of the tree by status, each section in file order. `status` is indexed by node.

    Nodes that are not part of the run come last. Their status is OUTSIDE.
    """
    count = len(status)
    members: list[list[int]] = [[] for _ in (*NodeStatus, OUTSIDE)]
    for node, value in enumerate(status):
        members[value].append(node)
    heads: list[GroupRow] = []
    sequence: list[int] = []
    item_of = [TOP] * len(members)
    sections = [(value.value, GroupKind.SECTION, value.name, f"section {value.name}") for value in SECTIONS]
    for value, kind, title, key in (*sections, (OUTSIDE, GroupKind.OUTSIDE, NOT_SELECTED, "outside")):
        if members[value]:
            item_of[value] = count + len(heads)
            heads.append(GroupRow(kind, title, len(members[value]), key))
            sequence.append(item_of[value])
            sequence += members[value]
    parents = [item_of[value] for value in status] + [TOP] * len(heads)
    return TreeLayout(count, heads, parents, sequence)
