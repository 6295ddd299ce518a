"""Reachability from several nodes at once, by one breadth-first search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.triggers import INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dagtui.graph.model import Graph


def reach(nodes: Iterable[int], neighbours: Callable[[int], Iterable[int]]) -> Iterator[int]:
    """Yield the nodes, then all nodes that are reachable from them, each once."""
    found = set(nodes)
    queue = list(found)
    for node in queue:
        yield node
        for other in neighbours(node):
            if other not in found:
                found.add(other)
                queue.append(other)


def subtrees(graph: Graph, nodes: Iterable[int]) -> Iterator[int]:
    """Yield the nodes and all nodes below them."""
    return reach(nodes, graph.children)


def cancelled_subtrees(graph: Graph, nodes: Iterable[int]) -> Iterator[int]:
    """Yield the nodes and the nodes below them, stopping at nodes with an independent trigger."""
    return reach(nodes, lambda node: _marked_children(graph, node))


def _marked_children(graph: Graph, node: int) -> list[int]:
    return [child for child in graph.children(node) if graph.task(child).trigger not in INDEPENDENT]
