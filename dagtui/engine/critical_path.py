"""Critical-path lengths, which define the order in which ready nodes start."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.graph.model import Graph, NodeIndex


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
