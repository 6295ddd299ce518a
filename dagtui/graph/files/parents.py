"""Which parents of a node `needs` names, and which are parents only because the node reads what they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, NodeIndex


def parents_of_needs(graph: Graph, node: NodeIndex) -> Sequence[NodeIndex]:
    """Return the parents that `needs` names."""
    edges, parents = graph.file_edges, graph.parents(node)
    return parents if edges is None else [parent for parent in parents if not edges.has(parent, node)]


def parents_by_files(graph: Graph, node: NodeIndex) -> Sequence[NodeIndex]:
    """Return the parents that only files make."""
    edges = graph.file_edges
    return () if edges is None else [parent for parent in graph.parents(node) if edges.has(parent, node)]
