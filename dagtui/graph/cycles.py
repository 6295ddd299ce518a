"""A shortest cycle among nodes of which some lie on one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph

STEPS = 1_000_000
"""Edges that are followed at most in search of a shorter cycle: then the shortest one so far is good enough."""


def shortest_cycle(graph: Graph, candidates: Sequence[int]) -> list[int]:
    """A shortest cycle among the candidates, its first node repeated at the end; empty when there is none.

    The first cycle is met by walking on; breadth-first searches from each node then look for shorter ones, as long
    as their work is bearable. A path of n nodes and one edge back costs no more than its length.
    """
    core = _core(graph, candidates)
    if not core:
        return []
    best = _walk(graph, core)
    steps = STEPS
    for start in sorted(core):
        if steps <= 0 or len(best) <= 2:
            break
        found, steps = _way_back(graph, start, core, len(best) - 2, steps)
        best = found or best
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


def _walk(graph: Graph, core: set[int]) -> list[int]:
    """Some cycle: every node of the core has a child in it, so a walk comes back to where it was."""
    node = min(core)
    place: dict[int, int] = {}
    while node not in place:
        place[node] = len(place)
        node = next(child for child in graph.children(node) if child in core)
    return [*list(place)[place[node] :], node]


def _way_back(graph: Graph, start: int, core: set[int], longest: int, steps: int) -> tuple[list[int], int]:
    """A shortest way from a node to itself inside the core of at most `longest` edges, and the steps that are left."""
    came_from = {start: start}
    ring = [start]
    for _ in range(longest):
        following: list[int] = []
        for node in ring:
            children = graph.children(node)
            steps -= len(children)
            for child in children:
                if child == start:
                    return _path(came_from, start, node), steps
                if child in core and child not in came_from:
                    came_from[child] = node
                    following.append(child)
            if steps <= 0:
                return [], 0
        ring = following
        if not ring:
            break
    return [], steps


def _path(came_from: dict[int, int], start: int, end: int) -> list[int]:
    path = [start, end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
