"""Tree by dependency: each node once, matrices folded into one row, further edges as references."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.model import numbered_tasks
from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex, TaskIndex

SHOWN_SIBLINGS = 8
"""More siblings than this, of one task and depth, get a group row."""
SHOWN_REFERENCES = 2
"""More references than this below one row get a group row."""
LISTED_REFERENCES = 64
"""The most references of one row that can be unfolded. Their group row shows the total."""


class LongestPaths(NamedTuple):
    """The longest paths from the roots, counted in nodes."""

    parents: list[int]
    """For each node, its predecessor on the longest path. Ties go to the first in the file. TOP for roots."""
    depths: list[int]
    """For each node, the number of nodes before it on its longest path."""
    joins: list[NodeIndex]
    """The nodes with several parents, parents before children."""


def longest_paths(graph: Graph) -> LongestPaths:
    """Return the longest path to every node. Takes linear time in nodes and edges."""
    parents = [TOP] * len(graph)
    depths = [0] * len(graph)
    joins: list[NodeIndex] = []
    depth_of = depths.__getitem__
    parents_of = graph.parents
    for node in graph.order:
        candidates = parents_of(node)
        if not candidates:
            continue
        if len(candidates) == 1:
            last = candidates[0]
        else:
            last = max(candidates, key=depth_of)
            joins.append(node)
        parents[node] = last
        depths[node] = depths[last] + 1
    return LongestPaths(parents, depths, joins)


def large_tasks(graph: Graph) -> bytes:
    """Return for each task whether it has enough nodes for a group row."""
    if len(graph.tasks) == len(graph):
        return bytes(len(graph))
    counts = Counter(graph.task_of)
    return bytes(counts[task] > SHOWN_SIBLINGS for task, _ in numbered_tasks(graph.tasks))


def dependency_layout(graph: Graph) -> TreeLayout:
    """Return the rows of the tree by dependency. Takes roughly linear time in nodes and edges."""
    paths = longest_paths(graph)
    nodes = sorted(_finally_last(graph) if graph.any_finally else graph.nodes, key=paths.depths.__getitem__)
    matrices = _Matrices(graph, paths)
    large = large_tasks(graph)
    order = matrices.gather(nodes, large) if any(large) else nodes
    references = _References(graph, paths, matrices)
    sequence = references.insert(order) if references.pointed else order
    partly_folded = {head: last for head, last in matrices.last_member.items() if head in matrices.shared}
    return TreeLayout(len(graph), matrices.heads, references.targets, matrices.parents, sequence, partly_folded)


def _finally_last(graph: Graph) -> list[NodeIndex]:
    """Return the nodes in the order of the file, but finally nodes after all others, as they run."""
    return sorted(graph.nodes, key=lambda node: graph.task(node).is_finally)


class _Matrices:
    """Inserts a group row between siblings of one task and the item above them.

    A node that needs several members of a group, or nodes below several of them, hangs below the group row itself,
    after the members, and stays in sight when they are folded: it is reached through all of them, not through the
    first.
    """

    def __init__(self, graph: Graph, paths: LongestPaths) -> None:
        self.graph = graph
        self.paths = paths
        self.parents = paths.parents[:]
        """For each item, the item above it."""
        self.heads: list[GroupRow] = []
        self.head_around: list[int] = []
        """For each item, the nearest group row in whose members' branches it is, or TOP."""
        self._member_above: list[int] = []
        """For each item, the member of that group in whose branch it is. For a member, itself."""
        self.last_member: dict[int, int] = {}
        """Keyed by group row."""
        self.shared: set[int] = set()
        """Group rows that have more below them than their members."""

    def gather(self, order: list[NodeIndex], large: bytes) -> Sequence[int]:
        """Create the group rows. Return the order of all items, parents before children."""
        self.head_around = [TOP] * len(self.graph)
        self._member_above = [TOP] * len(self.graph)
        sequence: list[int] = []
        for _, nodes in groupby(order, key=self.paths.depths.__getitem__):  # they are sorted by depth
            level = list(nodes)
            if self.heads:
                self._hang_below_heads(level)
            sequence += self._gather_level(level, large)
        return sequence

    def heads_around(self, item: int) -> Iterator[int]:
        """Yield the group rows in whose members' branches an item is, nearest first."""
        head = self.head_around[item]
        while head != TOP:
            yield head
            head = self.head_around[head]

    def _hang_below_heads(self, level: list[NodeIndex]) -> None:
        parents, around, member_above = self.parents, self.head_around, self._member_above
        for node in level:
            above = parents[node]
            if above == TOP:
                continue
            if around[above] != TOP and self.graph.parent_count(node) > 1:
                above = self._lifted(node, above)
                parents[node] = above
            around[node] = around[above]
            member_above[node] = member_above[above]

    def _lifted(self, node: NodeIndex, above: int) -> int:
        """Return the outermost group row of which the node needs several members' branches, otherwise `above`."""
        for head in list(self.heads_around(above)):
            member = self._member_of(head, above)
            if any(self._member_of(head, parent) not in {member, TOP} for parent in self.graph.parents(node)):
                self.shared.add(head)
                above = head
        return above

    def _member_of(self, head: int, item: int) -> int:
        """Return the member of a group in whose branch an item is, or TOP."""
        while (around := self.head_around[item]) not in {head, TOP}:
            item = around
        return self._member_above[item] if around == head else TOP

    def _gather_level(self, level: list[NodeIndex], large: bytes) -> Sequence[int]:
        task_of, parents = self.graph.task_of, self.parents
        members = [node for node in level if large[task_of[node]]]
        if len(members) <= SHOWN_SIBLINGS:
            return level
        families = Counter((parents[node], task_of[node]) for node in members)
        made: dict[tuple[int, TaskIndex], int] = {}
        sequence: list[int] = []
        for node in level:
            family = (parents[node], task_of[node])
            if families.get(family, 0) > SHOWN_SIBLINGS:
                head = made.get(family)
                if head is None:
                    head = made[family] = self._add_head(family, families[family])
                    sequence.append(head)
                parents[node] = self.head_around[node] = head
                self._member_above[node] = node
                self.last_member[head] = node
            sequence.append(node)
        return sequence

    def _add_head(self, family: tuple[int, TaskIndex], count: int) -> int:
        above, task = family
        name = self.graph.tasks[task].name
        self.parents.append(above)
        self.head_around.append(TOP if above == TOP else self.head_around[above])
        self._member_above.append(TOP if above == TOP else self._member_above[above])
        self.heads.append(GroupRow(GroupKind.MATRIX, name, count, f"{name} below {self._key(above)}"))
        return len(self.parents) - 1

    def _key(self, item: int) -> str:
        if item == TOP:
            return "the top"
        count = len(self.graph)
        return self.graph.labels[item] if item < count else self.heads[item - count].key


class _References:
    """Adds a row for each edge that is not in the tree: below the parent, pointing to the child."""

    def __init__(self, graph: Graph, paths: LongestPaths, matrices: _Matrices) -> None:
        self.targets: list[NodeIndex] = []
        self.pointed: dict[int, list[NodeIndex]] = {}
        """For each item, the nodes that it points to."""
        self._matrices = matrices
        self._more: dict[int, int] = {}
        """For each item, the group row for its references."""
        if matrices.heads:
            self._point_from_heads(graph, paths)
        else:
            self._point(graph, paths)
        for source, children in self.pointed.items():
            if len(children) > SHOWN_REFERENCES:
                self._add_head(graph, source, len(children))

    def _point(self, graph: Graph, paths: LongestPaths) -> None:
        pointed, in_tree, parents_of = self.pointed, paths.parents, graph.parents
        for node in paths.joins:
            best = in_tree[node]
            for parent in parents_of(node):
                if parent == best:
                    continue
                if parent in pointed:
                    pointed[parent].append(node)
                else:
                    pointed[parent] = [node]

    def _point_from_heads(self, graph: Graph, paths: LongestPaths) -> None:
        for node in paths.joins:
            others = [parent for parent in graph.parents(node) if parent != paths.parents[node]]
            for source in self._sources(others, self._matrices.parents[node]):
                self.pointed.setdefault(source, []).append(node)

    def _sources(self, others: Sequence[int], above: int) -> Iterable[int]:
        """Return where the references to a node stand, given its other parents and what it hangs below.

        Several nodes in one group make one reference, of their group row. A group row that the node hangs below needs
        none.
        """
        around = self._matrices.head_around
        crowds = Counter(around[parent] for parent in others)
        sources = dict.fromkeys(
            head if (head := around[parent]) != TOP and crowds[head] > 1 else parent for parent in others
        )
        if above == TOP or above < len(self._matrices.graph):
            return [source for source in sources if source != above]
        heads_around = self._matrices.heads_around
        return [source for source in sources if source != above and above not in heads_around(source)]

    def _add_head(self, graph: Graph, source: int, total: int) -> None:
        matrices = self._matrices
        name = graph.labels[source] if source < len(graph) else matrices.heads[source - len(graph)].key
        self._more[source] = len(matrices.parents)
        matrices.parents.append(source)
        matrices.heads.append(GroupRow(GroupKind.MORE, "", total, f"references of {name}"))

    def insert(self, order: Sequence[int]) -> list[int]:
        """Return the order of all items. A node's references follow it, a group row's references its last member."""
        matrices, pointed, rows = self._matrices, self.pointed, self._rows
        count = len(matrices.graph)
        ending: dict[int, list[int]] = {}
        for head, member in matrices.last_member.items():
            if head in pointed:
                ending.setdefault(member, []).append(head)
                matrices.shared.add(head)
        sequence: list[int] = []
        for item in order:
            sequence.append(item)
            if item in pointed and item < count:
                rows(item, sequence)
            if ending and item in ending:
                for head in ending[item]:
                    rows(head, sequence)
        return sequence

    def _rows(self, source: int, sequence: list[int]) -> None:
        """Append new items for the references of one item."""
        children = self.pointed[source]
        parents = self._matrices.parents
        first, above = len(parents), source
        if source in self._more:
            above = self._more[source]
            sequence.append(above)
            children = children[:LISTED_REFERENCES]
        parents += [above] * len(children)
        self.targets += children
        sequence += range(first, len(parents))
