"""Longest paths: each node hangs below the last parent on its longest path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dagtui.graph.model import Graph, NodeIndex

TOP = -1
"""The parent of items without one."""


class LongestPaths(NamedTuple):
    """The longest paths from the roots, counted in nodes."""

    parents: list[int]
    """For each node, its predecessor on the longest path. Ties go to the first in the file. TOP for roots."""
    depths: list[int]
    """For each node, the number of nodes before it on its longest path."""
    joins: list[NodeIndex]
    """The nodes with several parents, parents before children."""


def longest_paths(graph: Graph) -> LongestPaths:
    """Return the longest path to every node. Takes linear time in nodes and edges."""
    parents = [TOP] * len(graph)
    depths = [0] * len(graph)
    joins: list[NodeIndex] = []
    depth_of = depths.__getitem__
    parents_of = graph.parents
    for node in graph.order:
        candidates = parents_of(node)
        if not candidates:
            continue
        if len(candidates) == 1:
            last = candidates[0]
        else:
            last = max(candidates, key=depth_of)
            joins.append(node)
        parents[node] = last
        depths[node] = depths[last] + 1
    return LongestPaths(parents, depths, joins)
