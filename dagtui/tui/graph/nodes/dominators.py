"""Dominators: for each node, the nearest one that lies on every path from the roots to it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.tui.graph.layout import TOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, NodeIndex

_SINGLE_STEPS = 16
"""Down to this level, jumps lead to the node directly above: longer ones would cost more to find than they save."""
_UNKNOWN = cast("Sequence[NodeIndex]", array("i"))


class Dominators(NamedTuple):
    """The tree of dominators, and the longest paths from the roots."""

    parents: list[int]
    """For each node, its immediate dominator: its only parent, or for a join the nearest common dominator of its
    parents. TOP if not even a root lies on every path."""
    depths: list[int]
    """For each node, the number of nodes before it on the longest path to it."""
    has_joins: bool
    """Whether any node has several parents."""


def dominators(graph: Graph) -> Dominators:
    """Return the immediate dominator of each node. Takes about linear time in nodes and edges.

    This is the algorithm of Cooper, Harvey and Kennedy. On a graph without cycles, one pass in topological order is
    enough. The common dominator of two nodes is found by jumps, so that long chains cost no more than short ones.
    """
    counts = graph.parent_counts
    if max(counts, default=0) <= 1:
        return _without_joins(graph)
    tree = _Tree(len(graph))
    parents, jumps, levels = tree.parents, tree.jumps, tree.levels
    depths = [0] * len(graph)
    depth_of = depths.__getitem__
    starts, ends = graph.flat_parents
    before, above, depth = _UNKNOWN, TOP, 0
    for node in graph.order:
        count = counts[node]
        if not count:
            continue
        start = starts[node]
        if count == 1:
            above = ends[start]
            depth = depths[above] + 1
            before = _UNKNOWN
        elif (candidates := ends[start : start + count]) != before:  # cells of a matrix often have the same parents
            above = tree.common(candidates)
            depth = max(map(depth_of, candidates)) + 1
            before = candidates
        depths[node] = depth
        parents[node] = above
        levels[node] = level = levels[above] + 1
        if level <= _SINGLE_STEPS:
            jumps[node] = above
            continue
        far = jumps[above]
        further = jumps[far]
        jumps[node] = further if level - 1 - levels[far] == levels[far] - levels[further] else above
    del parents[TOP]
    return Dominators(parents, depths, has_joins=True)


def longest_paths(graph: Graph) -> list[int]:
    """Return for each node the number of nodes before it on the longest path to it."""
    depths = [0] * len(graph)
    for node in graph.order:
        parents = graph.parents(node)
        if parents:
            depths[node] = max(map(depths.__getitem__, parents)) + 1
    return depths


def _without_joins(graph: Graph) -> Dominators:
    parents, depths = [TOP] * len(graph), [0] * len(graph)
    starts, ends = graph.flat_parents
    for node in graph.order:
        start = starts[node]
        if start < starts[node + 1]:
            above = parents[node] = ends[start]
            depths[node] = depths[above] + 1
    return Dominators(parents, depths, has_joins=False)


class _Tree:
    """A tree in which each node knows the node above it, and one further up to jump to.

    Jumps are those of skew binary numbers, with which any node above is reached in logarithmic steps (Myers 1983). The
    last element of each list is that of TOP.
    """

    def __init__(self, count: int) -> None:
        self.parents = [TOP] * (count + 1)
        self.jumps = [TOP] * (count + 1)
        self.levels = [1] * count + [0]
        """The number of nodes on the path to each node, with itself. Roots and TOP are set already."""

    def common(self, nodes: Sequence[int]) -> int:
        """Return the lowest node at or above all of some nodes, or TOP."""
        found = nodes[0]
        for node in nodes:
            if node != found:
                found = self._common(found, node)
                if found == TOP:
                    break
        return found

    def _common(self, one: int, other: int) -> int:
        parents, jumps, levels = self.parents, self.jumps, self.levels
        if levels[one] < levels[other]:
            one, other = other, one
        level = levels[other]
        while levels[one] > level:
            far = jumps[one]
            one = far if levels[far] >= level else parents[one]
        while one != other:
            far = jumps[one]
            if far == jumps[other]:
                one, other = parents[one], parents[other]
            else:
                one, other = far, jumps[other]
        return one
