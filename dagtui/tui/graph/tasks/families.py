"""Families: the nodes that one row of the tasks view stands for, and the graph that they form.

A family is a task with all its cells, or tasks that were written one by one and whose names differ in a number. The
graph of families never has a cycle: where one would arise, families are split by depth.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dagtui.tui.graph.nodes.dominators import longest_paths
from dagtui.tui.graph.tasks.stems import LEAST_ALIKE, alike_keys, stem, without_common_end

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from dagtui.graph.model import Graph, NodeIndex

MOST_TASKS = 5_000
"""The most tasks that are looked through for alike ones, and for edges between them."""
MOST_LINKED = 2_000
"""The most families between which edges are looked for."""


class Family(NamedTuple):
    """The nodes of one row."""

    title: str
    """The task, or the common beginning of several tasks. As read from the file."""
    nodes: list[NodeIndex]
    """In file order."""
    group: str

    def shown_name(self, graph: Graph) -> str:
        """Return the name of the row, as read from the file. A node alone has its own."""
        return graph.labels[self.nodes[0]] if len(self.nodes) == 1 else self.title


class Families(NamedTuple):
    """The families of a graph, in file order, and the edges between them."""

    members: list[Family]
    of_node: list[int]
    """For each node, the number of its family."""
    parents: list[list[int]]
    """For each family, the families that it needs, ascending."""
    children: list[list[int]]
    """For each family, the families that need it, ascending."""
    is_linked: bool
    """Whether the edges are known. Between too many families, they are not looked for."""


def families_of(graph: Graph) -> Families:
    """Return the families of a graph. Takes linear time in nodes and edges."""
    if len(graph.tasks) > MOST_TASKS:
        return _linked(graph, _numbered(graph.task_of), None)
    keys = _keys(graph)
    of_node = _numbered(keys)
    count = max(of_node, default=-1) + 1
    if count > MOST_LINKED:
        return _linked(graph, of_node, None)
    edges = _edges(graph, of_node)
    if between := _between_cycles(count, edges):
        of_node = _numbered(_split(graph, keys, [family in between for family in of_node]))
        edges = _edges(graph, of_node)
    return _linked(graph, of_node, edges if max(of_node, default=0) < MOST_LINKED else None)


def _keys(graph: Graph) -> list[Hashable]:
    """Return a key for each node. Nodes with equal keys are to be one family."""
    keys = alike_keys(graph)
    return [keys[task] for task in graph.task_of]


def _split(graph: Graph, keys: Sequence[Hashable], is_split: Sequence[bool]) -> list[Hashable]:
    """Return the keys with the nodes' depths added where families are split. Few tasks of one depth stay alone."""
    depths = longest_paths(graph)
    split: list[Hashable] = [
        (key, depth) if cut else key for key, depth, cut in zip(keys, depths, is_split, strict=True)
    ]
    sizes = Counter(split)
    return [
        ("alone", node) if cut and not isinstance(key, int) and sizes[finer] < LEAST_ALIKE else finer
        for node, (key, finer, cut) in enumerate(zip(keys, split, is_split, strict=True))
    ]


def _numbered(keys: Iterable[Hashable]) -> list[int]:
    """Number the different keys in the order in which they first occur."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _edges(graph: Graph, of_node: Sequence[int]) -> set[tuple[int, int]]:
    """Return the edges between families. An edge from a family to itself makes it a cycle."""
    return {(of_node[parent], own) for node, own in enumerate(of_node) for parent in graph.parents(graph.nodes[node])}


def _between_cycles(count: int, edges: Iterable[tuple[int, int]]) -> set[int]:
    """Return the families in cycles and on the ways between cycles."""
    forwards, backwards = _linked_ends(count, edges)
    return _left_over(forwards, backwards) & _left_over(backwards, forwards)


def _left_over(children: Sequence[Sequence[int]], parents: Sequence[Sequence[int]]) -> set[int]:
    """Return the families that can't be put into an order in which parents come first."""
    missing = [len(found) for found in parents]
    ready = [family for family, number in enumerate(missing) if not number]
    for family in ready:
        for child in children[family]:
            missing[child] -= 1
            if not missing[child]:
                ready.append(child)
    return set(range(len(missing))).difference(ready)


def _linked_ends(count: int, edges: Iterable[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    children: list[list[int]] = [[] for _ in range(count)]
    parents: list[list[int]] = [[] for _ in range(count)]
    for parent, child in sorted(edges):
        children[parent].append(child)
        parents[child].append(parent)
    return children, parents


def _linked(graph: Graph, of_node: list[int], edges: set[tuple[int, int]] | None) -> Families:
    members: list[Family] = []
    for node, family in zip(graph.nodes, of_node, strict=True):
        if family == len(members):
            task = graph.task(node)
            members.append(Family(task.name, [], task.group))
        members[family].nodes.append(node)
    of_many = [
        number
        for number, (_, nodes, _) in enumerate(members)
        if len(nodes) > 1 and graph.task_of[nodes[0]] != graph.task_of[nodes[-1]]
    ]
    titles = without_common_end([stem(members[number].title) for number in of_many])
    for number, title in zip(of_many, titles, strict=True):
        members[number] = members[number]._replace(title=title)
    children, parents = _linked_ends(len(members), edges or ())
    return Families(members, of_node, parents, children, edges is not None)
