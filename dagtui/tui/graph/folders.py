"""Tree by group: nodes below folders, which are nested at slashes."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING

from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout, unique_key
from dagtui.tui.graph.tasks.stems import LEAST_ALIKE, alike_keys, shared_title

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from dagtui.graph.model import Graph, TaskIndex


class FolderLayout(TreeLayout):
    """The rows of the tree by group, in order of first appearance in the file."""

    __slots__ = ()


def group_layout(graph: Graph) -> FolderLayout:
    """Return the rows of the tree by group.

    Alike nodes of a group share a row: cells of one task, and tasks whose names differ in a number. A folder around all
    nodes says nothing, and is left out.
    """
    return _Folders(graph).layout()


class _Folders:
    """Puts nodes below the rows of folders and of alike nodes, which come where their first node does."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.heads: list[GroupRow] = []
        self.above_heads: list[int] = []
        self.folders: dict[str, int] = {}
        self.sequence: list[int] = []
        self._around_all = _common_path([task.group for task in graph.tasks])
        """The number of folders around all nodes."""
        self._alike = alike_keys(graph)
        self._keys: Counter[str] = Counter()
        self._paths: dict[str, int] = {}
        """The folder of each group, as it is written in the file."""

    def layout(self) -> FolderLayout:
        graph = self.graph
        families = [self._alike[task] for task in graph.task_of]
        sizes = Counter(families)
        above_family: dict[Hashable, int] = {}
        parents: list[int] = []
        for node, family in zip(graph.nodes, families, strict=True):
            above = above_family.get(family)
            if above is None:
                above = above_family[family] = self._open(graph.task_of[node], sizes[family])
            parents.append(above)
            self.sequence.append(node)
        return FolderLayout(len(graph), self.heads, parents + self.above_heads, self.sequence)

    def _open(self, number: TaskIndex, size: int) -> int:
        """Return the row that the nodes of a family stand below."""
        task = self.graph.tasks[number]
        path = "/".join(filter(None, task.group.split("/")))
        above = self._paths.get(task.group)
        if above is None:
            above = self._paths[task.group] = self._folder(path)
        if size < LEAST_ALIKE:
            return above
        title = shared_title(self.graph, self._alike, number)
        key = unique_key(f"{title} in folder {path and '/'}{path}", self._keys)
        return self._add(above, GroupRow(GroupKind.MATRIX, title, size, key))

    def _folder(self, path: str) -> int:
        above, so_far = TOP, ""
        for depth, part in enumerate(path.split("/") if path else ()):
            so_far = f"{so_far}/{part}"
            if depth < self._around_all:
                continue
            if so_far not in self.folders:
                self.folders[so_far] = self._add(above, GroupRow(GroupKind.FOLDER, part, 0, f"folder {so_far}"))
            above = self.folders[so_far]
        return above

    def _add(self, above: int, head: GroupRow) -> int:
        item = len(self.graph) + len(self.heads)
        self.heads.append(head)
        self.above_heads.append(above)
        self.sequence.append(item)
        return item


def _common_path(groups: Iterable[str]) -> int:
    """Return how many folders all groups begin with."""
    paths = [[part for part in group.split("/") if part] for group in dict.fromkeys(groups)]
    parts = zip(*paths, strict=False)
    return sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, parts))
