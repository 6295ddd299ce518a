"""Find a shortest cycle, for the message about one. `model.Graph` detects that there is a cycle."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Node = TypeVar("Node", bound=int)

STEPS = 1_000_000
"""The number of edges to follow in search of a shorter cycle. Then the shortest one so far is good enough."""


def shortest_cycle(
    children: Callable[[Node], Sequence[Node]], parents: Callable[[Node], Sequence[Node]], candidates: Sequence[Node]
) -> list[Node]:
    """Return a shortest cycle among the candidates, its first node repeated at the end, or an empty list.

    Every cycle either has no branch, or passes through a node with several children on cycles. The first kind is
    found by walking along it, the second by breadth-first searches from those nodes.
    """
    core = _core(children, parents, candidates)
    if not core:
        return []
    successors = {node: [child for child in children(node) if child in core] for node in core}
    best = min([*_rings(successors), _any_ring(successors)], key=len)
    steps = STEPS
    for start in sorted(node for node, following in successors.items() if len(following) > 1):
        if steps <= 0 or len(best) <= 2:
            break
        found, steps = _shortest_ring(successors, start, len(best) - 2, steps)
        best = found or best
    return best


def _core(
    children: Callable[[Node], Sequence[Node]], parents: Callable[[Node], Sequence[Node]], candidates: Sequence[Node]
) -> set[Node]:
    """Return the candidates without those that only follow a cycle, from which no candidate can be reached."""
    core = set(candidates)
    left = {node: sum(1 for child in children(node) if child in core) for node in core}
    loose = deque(node for node, count in left.items() if not count)
    while loose:
        node = loose.popleft()
        core.discard(node)
        for parent in parents(node):
            if parent in core:
                left[parent] -= 1
                if not left[parent]:
                    loose.append(parent)
    return core


def _rings(successors: dict[Node, list[Node]]) -> list[list[Node]]:
    """Return each cycle without a branch once."""
    rings: list[list[Node]] = []
    walked: dict[Node, Node] = {}
    for start in sorted(successors):
        node, path = start, []
        while len(successors[node]) == 1 and node not in walked:
            walked[node] = start
            path.append(node)
            node = successors[node][0]
        if walked.get(node) == start and path:
            rings.append([*path[path.index(node) :], node])
    return rings


def _any_ring(successors: dict[Node, list[Node]]) -> list[Node]:
    """Return some cycle: every node has a child, so a walk returns to a node that it has visited."""
    node = min(successors)
    place: dict[Node, int] = {}
    while node not in place:
        place[node] = len(place)
        node = successors[node][0]
    return [*list(place)[place[node] :], node]


def _shortest_ring(successors: dict[Node, list[Node]], start: Node, longest: int, steps: int) -> tuple[list[Node], int]:
    """Return a shortest path from a node to itself of at most `longest` edges, and the remaining steps."""
    came_from = {start: start}
    ring = [start]
    for _ in range(longest):
        following: list[Node] = []
        for node in ring:
            steps -= len(successors[node])
            for child in successors[node]:
                if child == start:
                    return _path(came_from, start, node), steps
                if child not in came_from:
                    came_from[child] = node
                    following.append(child)
        ring = following
        if steps <= 0 or not ring:
            break
    return [], steps


def _path(came_from: dict[Node, Node], start: Node, end: Node) -> list[Node]:
    path = [start, end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]
