"""A shortest cycle among nodes of which some lie on one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph

SEARCHES = 200
"""Starting points that are tried at most: beyond that, the shortest cycle found so far is good enough."""


def shortest_cycle(graph: Graph, candidates: Sequence[int]) -> list[int]:
    """A shortest cycle through one of the candidates, its first node repeated at the end.

    Source: breadth-first search from each node; the first way back to the start closes its shortest cycle.
    """
    core = _core(graph, candidates)
    best: list[int] = []
    for start in sorted(core)[:SEARCHES]:
        found = _way_back(graph, start, core, len(best) - 1 if best else len(core) + 1)
        if found and (not best or len(found) < len(best)):
            best = found
    return best


def _core(graph: Graph, candidates: Sequence[int]) -> set[int]:
    """The candidates without those that only follow a cycle: those from which no candidate can be reached."""
    core = set(candidates)
    left = {node: sum(1 for child in graph.children(node) if child in core) for node in core}
    loose = deque(node for node, count in left.items() if not count)
    while loose:
        node = loose.popleft()
        core.discard(node)
        for parent in graph.parents(node):
            if parent in core:
                left[parent] -= 1
                if not left[parent]:
                    loose.append(parent)
    return core


def _way_back(graph: Graph, start: int, core: set[int], longest: int) -> list[int]:
    """A shortest way from a node to itself inside the core, if it is shorter than `longest` edges."""
    came_from = {start: start}
    ring = [start]
    for _ in range(longest):
        following: list[int] = []
        for node in ring:
            for child in graph.children(node):
                if child == start:
                    path = [start, node]
                    while path[-1] != start:
                        path.append(came_from[path[-1]])
                    return path[::-1] if node != start else [start, start]
                if child in core and child not in came_from:
                    came_from[child] = node
                    following.append(child)
        ring = following
    return []
