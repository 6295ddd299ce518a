"""Reachability from several nodes at once, compared with the oracle's, which goes edge by edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import oracle
from engine.random_graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.engine.walks import cancelled_subtrees, reach, subtrees

if TYPE_CHECKING:
    from dagtui.graph.model import Graph


@settings(derandomize=True, database=None, deadline=None)
@given(graphs(), st.sets(st.integers(0, 7)))
def test_several_nodes_reach_what_each_of_them_reaches(graph: Graph, some: set[int]):
    nodes = {node for node in some if node < len(graph)}
    assert subtrees(graph, nodes) == nodes.union(*(oracle.descendants(graph, node) for node in nodes))
    assert reach(nodes, graph.parents) == nodes.union(*(oracle.ancestors(graph, node) for node in nodes))
    assert cancelled_subtrees(graph, nodes) == set().union(*(oracle.cancelled_by_subtree(graph, n) for n in nodes))
