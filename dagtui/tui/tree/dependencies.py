"""The tree by dependency: every node once, matrices folded to one row, further edges as references."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from dagtui.tui.tree.layout import Head, HeadKind, Layout
from dagtui.tui.tree.paths import TOP, LongestPaths, longest_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.model import Graph

SHOWN_SIBLINGS = 8
"""More siblings of one task than that get a row that stands for them."""
SHOWN_REFERENCES = 2
"""More references below one row than that get a row that stands for them."""
LISTED_REFERENCES = 64
"""At most so many references of one row can be unfolded; the row that stands for them says how many there are."""


def large_tasks(graph: Graph) -> bytes:
    """By task: whether it has enough nodes that a row may stand for them."""
    counts = Counter(graph.task_of)
    return bytes(counts[task] > SHOWN_SIBLINGS for task in range(len(graph.tasks)))


def dependency_layout(graph: Graph) -> Layout:
    """The rows of the tree by dependency; about linear in nodes and edges."""
    paths = longest_paths(graph)
    order = sorted(range(len(graph)), key=paths.depths.__getitem__)
    matrices = _Matrices(graph, paths)
    if any(large := large_tasks(graph)):
        order = matrices.gather(order, large)
    references = _References(graph, paths, matrices)
    sequence = references.insert(order) if references.sources else order
    return Layout(
        len(graph), matrices.heads, references.targets, matrices.parents, sequence, _partly_folded(matrices)
    )


def _partly_folded(matrices: _Matrices) -> dict[int, int]:
    return {head: last for head, last in matrices.last_member.items() if head in matrices.shared}


class _Matrices:
    """Siblings of one task get a head between them and what is above them.

    What needs several nodes of one head hangs below the head itself, after its members, and stays in sight when they
    are folded away: it is reached through all of them, not through the first.
    """

    def __init__(self, graph: Graph, paths: LongestPaths) -> None:
        self.graph = graph
        self.paths = paths
        self.parents = paths.parents[:]
        """By item: the item above."""
        self.heads: list[Head] = []
        self.head_of: dict[int, int] = {}
        """By member: the head's item."""
        self.last_member: dict[int, int] = {}
        """By head."""
        self.shared: set[int] = set()
        """Heads that have more below them than their members."""

    def gather(self, order: list[int], large: bytes) -> list[int]:
        """Make the heads; returns the order of all items, parents before children."""
        sequence: list[int] = []
        for level in _levels(order, self.paths.depths):
            if self.heads:
                self._hang_below_heads(level)
            sequence += self._gather_level(level, large)
        return sequence

    def _hang_below_heads(self, level: list[int]) -> None:
        head_of, parents = self.head_of, self.parents
        for node in level:
            above = parents[node]
            head = head_of.get(above)
            if head is None or self.graph.parent_count(node) < 2:
                continue
            if any(head_of.get(other) == head for other in self.graph.parents(node) if other != above):
                parents[node] = head
                self.shared.add(head)

    def _gather_level(self, level: list[int], large: bytes) -> list[int]:
        task_of, parents = self.graph.task_of, self.parents
        members = [node for node in level if large[task_of[node]]]
        if len(members) <= SHOWN_SIBLINGS:
            return level
        families = Counter((parents[node], task_of[node]) for node in members)
        made: dict[tuple[int, int], int] = {}
        sequence: list[int] = []
        for node in level:
            family = (parents[node], task_of[node])
            if families.get(family, 0) > SHOWN_SIBLINGS:
                head = made.get(family)
                if head is None:
                    head = made[family] = self._add_head(family, families[family])
                    sequence.append(head)
                parents[node] = head
                self.head_of[node] = head
                self.last_member[head] = node
            sequence.append(node)
        return sequence

    def _add_head(self, family: tuple[int, int], count: int) -> int:
        above, task = family
        name = self.graph.tasks[task].name
        self.parents.append(above)
        self.heads.append(Head(HeadKind.MATRIX, name, count, f"{name} below {self._key(above)}"))
        return len(self.parents) - 1

    def _key(self, item: int) -> str:
        if item == TOP:
            return "the top"
        count = len(self.graph)
        return self.graph.labels[item] if item < count else self.heads[item - count].key


def _levels(order: list[int], depths: list[int]) -> Iterator[list[int]]:
    """Cut the nodes, which are sorted by depth, into those of one depth each."""
    for _, level in groupby(order, key=depths.__getitem__):
        yield list(level)


class _References:
    """Edges that are not in the tree become rows below their parent that point to the child."""

    def __init__(self, graph: Graph, paths: LongestPaths, matrices: _Matrices) -> None:
        self.targets: list[int] = []
        self.sources: dict[int, list[int]] = {}
        """By item: the rows that follow it at once: references, or the head that stands for them and its rows."""
        self._matrices = matrices
        pointed = self._pointed(graph, paths.joins)
        large = {source: children for source, children in pointed.items() if len(children) > SHOWN_REFERENCES}
        for source, children in large.items():
            self._add_head(graph, source, len(children))
        for source, children in pointed.items():
            self._add_rows(source, children[:LISTED_REFERENCES])

    def _pointed(self, graph: Graph, joins: list[int]) -> dict[int, list[int]]:
        """By item: the nodes that it points to. Several members of a head that point to one node are one reference."""
        pointed: dict[int, list[int]] = {}
        parents, head_of = self._matrices.parents, self._matrices.head_of
        in_tree = self._matrices.paths.parents
        for node in joins:
            above = parents[node]
            others = [parent for parent in graph.parents(node) if parent != in_tree[node]]
            heads = Counter(head for head in map(head_of.get, others) if head is not None)
            sources = (
                head if (head := head_of.get(parent)) is not None and (heads[head] > 1 or head == above) else parent
                for parent in others
            )
            for source in dict.fromkeys(sources):
                if source != above:
                    pointed.setdefault(source, []).append(node)
        return pointed

    def _add_head(self, graph: Graph, source: int, count: int) -> None:
        matrices = self._matrices
        name = graph.labels[source] if source < len(graph) else matrices.heads[source - len(graph)].key
        matrices.parents.append(source)
        matrices.heads.append(Head(HeadKind.MORE, "", count, f"references of {name}"))
        self.sources[source] = [len(matrices.parents) - 1]

    def _add_rows(self, source: int, children: list[int]) -> None:
        rows = self.sources.setdefault(source, [])
        above = rows[0] if rows else source
        parents = self._matrices.parents
        rows += range(len(parents), len(parents) + len(children))
        parents += [above] * len(children)
        self.targets += children
        if source in self._matrices.last_member:
            self._matrices.shared.add(source)

    def insert(self, order: list[int]) -> list[int]:
        """The order of all items: a node's references follow it at once, a head's follow its last member."""
        after: dict[int, list[int]] = {}
        for source, rows in self.sources.items():
            after.setdefault(self._matrices.last_member.get(source, source), []).extend(rows)
        nothing: list[int] = []
        sequence: list[int] = []
        for item in order:
            sequence.append(item)
            sequence += after.get(item, nothing)
        return sequence
