"""Reachability from several nodes at once, by one breadth-first search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.triggers import INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex


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
    return (child for child in graph.children(node) if graph.task(child).trigger not in INDEPENDENT)
