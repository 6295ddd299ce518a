"""Walks over a graph: what is reachable from some nodes, and how long the paths to its end are."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from dagtui.graph.model import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex

INDEPENDENT = frozenset({Trigger.ALL_DONE, Trigger.ANY_FAILED})
"""Triggers of nodes that run even if a node above them did not. A mark on a subtree stops at these nodes."""


def reach(nodes: Iterable[NodeIndex], neighbours: Callable[[NodeIndex], Iterable[NodeIndex]]) -> set[NodeIndex]:
    """Return the nodes and all nodes that are reachable from them."""
    return set(_walk(nodes, neighbours))


def subtrees(graph: Graph, nodes: Iterable[NodeIndex]) -> set[NodeIndex]:
    """Return the nodes and all nodes below them."""
    return reach(nodes, graph.children)


def cancelled_subtrees(graph: Graph, nodes: Iterable[NodeIndex]) -> set[NodeIndex]:
    """Return the nodes and the nodes below them, stopping at nodes with an independent trigger."""
    return reach(nodes, lambda node: _marked_children(graph, node))


def subtrees_have(graph: Graph, nodes: Sequence[NodeIndex], wanted: Callable[[NodeIndex], bool], most: int) -> bool:
    """Return whether one of the subtrees has a wanted node, or may have one beyond the first `most` edges."""
    return _finds(_walk(nodes, graph.children), wanted, len(nodes) + most)


def cancelled_subtrees_have(
    graph: Graph, nodes: Sequence[NodeIndex], wanted: Callable[[NodeIndex], bool], most: int
) -> bool:
    """Return the same for the nodes that a cancel of the subtrees marks."""
    return _finds(_walk(nodes, lambda node: _marked_children(graph, node)), wanted, len(nodes) + most)


def _finds(nodes: Iterable[NodeIndex], wanted: Callable[[NodeIndex], bool], most: int) -> bool:
    return any(number == most or wanted(node) for number, node in enumerate(nodes))


def _walk(nodes: Iterable[NodeIndex], neighbours: Callable[[NodeIndex], Iterable[NodeIndex]]) -> Iterator[NodeIndex]:
    """Yield the nodes, then the end of each edge that is reachable from them."""
    found = set(nodes)
    queue = list(found)
    yield from queue
    for node in queue:
        for other in neighbours(node):
            yield other
            if other not in found:
                found.add(other)
                queue.append(other)


def _marked_children(graph: Graph, node: NodeIndex) -> Iterable[NodeIndex]:
    children = ((child, graph.task(child)) for child in graph.children(node))
    return (child for child, task in children if task.trigger not in INDEPENDENT and not task.is_finally)


def critical_path_lengths(graph: Graph, weights: Sequence[float] | None = None) -> array[float]:
    """Return, for each node, the length of the longest path from its start to the end of the graph.

    `weights` are seconds by node. Without them each node counts 1. Source: critical-path scheduling (HLF/HEFT rank).
    """
    lengths = array("d", weights if weights is not None else [1.0]) * (1 if weights is not None else len(graph))
    for node in reversed(graph.order):
        longest = 0.0
        for child in graph.children(node):
            longest = max(longest, lengths[child])
        lengths[node] += longest
    return lengths


def longest_path_among(graph: Graph, nodes: Iterable[NodeIndex], weights: Sequence[float]) -> float:
    """Return the length of the longest path that consists of the given nodes only."""
    lengths: dict[int, float] = {}
    members = set(nodes)
    position = {node: place for place, node in enumerate(graph.order) if node in members}
    for node in sorted(members, key=position.__getitem__, reverse=True):
        longest = max((lengths.get(child, 0.0) for child in graph.children(node)), default=0.0)
        lengths[node] = weights[node] + longest
    return max(lengths.values(), default=0.0)
