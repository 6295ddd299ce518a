"""Reachability from several nodes at once, by one breadth-first search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.triggers import INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.graph.model import Graph


def reach(nodes: Iterable[int], neighbours: Callable[[int], Iterable[int]]) -> set[int]:
    """Return the nodes and all nodes that are reachable from them."""
    found = set(nodes)
    queue = list(found)
    for node in queue:
        for other in neighbours(node):
            if other not in found:
                found.add(other)
                queue.append(other)
    return found


def subtrees(graph: Graph, nodes: Iterable[int]) -> set[int]:
    """Return the nodes and all nodes below them."""
    return reach(nodes, graph.children)


def cancelled_subtrees(graph: Graph, nodes: Iterable[int]) -> set[int]:
    """Return the nodes and the nodes below them, stopping at nodes with an independent trigger."""
    return reach(nodes, lambda node: _marked_children(graph, node))


def subtrees_have(graph: Graph, nodes: Iterable[int], wanted: Callable[[int], bool], most: int) -> bool:
    """Return whether one of the subtrees has a wanted node, or may have one below the first `most` edges."""
    return _reaches(nodes, graph.children, wanted, most)


def cancelled_subtrees_have(graph: Graph, nodes: Iterable[int], wanted: Callable[[int], bool], most: int) -> bool:
    """Return the same for the nodes that a cancel of the subtrees marks."""
    return _reaches(nodes, lambda node: _marked_children(graph, node), wanted, most)


def _reaches(
    nodes: Iterable[int], neighbours: Callable[[int], Iterable[int]], wanted: Callable[[int], bool], most: int
) -> bool:
    found = set(nodes)
    queue = list(found)
    if any(map(wanted, queue)):
        return True
    for node in queue:
        for other in neighbours(node):
            most -= 1
            if most < 0 or (other not in found and wanted(other)):
                return True
            if other not in found:
                found.add(other)
                queue.append(other)
    return False


def _marked_children(graph: Graph, node: int) -> Iterable[int]:
    return (child for child in graph.children(node) if graph.task(child).trigger not in INDEPENDENT)
