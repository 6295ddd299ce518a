"""The order of starts: longest critical path first."""

from __future__ import annotations

from engine.oracle import descendants
from engine.random_graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from support.scene import Scene, dag

from dagtui.engine.ready_queue import ReadyQueue
from dagtui.engine.traversal import Traversal
from dagtui.engine.walks import critical_path_lengths, longest_path_among
from dagtui.graph.model import Graph


def longest(graph: Graph, node: int, weights: list[float]) -> float:
    """Return the length by definition."""
    return weights[node] + max((longest(graph, child, weights) for child in graph.children(node)), default=0.0)


@settings(derandomize=True, database=None, deadline=None)
@given(graphs(), st.data())
def test_the_critical_path_is_the_longest_of_all_paths(graph: Graph, data: st.DataObject):
    count = len(graph)
    weights = data.draw(st.lists(st.integers(0, 9).map(float), min_size=count, max_size=count))
    assert list(critical_path_lengths(graph, weights)) == [longest(graph, node, weights) for node in range(count)]
    assert list(critical_path_lengths(graph)) == [longest(graph, node, [1.0] * count) for node in range(count)]


@settings(derandomize=True, database=None, deadline=None)
@given(graphs(), st.sets(st.integers(0, 7)))
def test_the_longest_path_among_nodes_passes_only_through_them(graph: Graph, some: set[int]):
    members = {node for node in some if node < len(graph)}
    weights = [1.0 + node for node in range(len(graph))]

    def way(node: int) -> float:
        return weights[node] + max((way(child) for child in graph.children(node) if child in members), default=0.0)

    assert longest_path_among(graph, members, weights) == max((way(node) for node in members), default=0.0)


def test_the_longest_path_starts_first():
    scene = Scene(dag("a b>x c>y>z"), jobs=1)
    assert scene.run_all() == ["c", "b", "y", "a", "x", "z"]


def test_seconds_count_where_they_are_known():
    graph = dag("a b>x")
    traversal = Traversal(graph, 1, weights=[10.0, 1.0, 1.0])
    traversal.begin(0.0)
    assert list(traversal.submitted) == [graph.node("a")]


def test_equal_ways_go_in_the_order_of_the_file():
    assert Scene(dag("c a b"), jobs=1).run_all() == ["c", "a", "b"]


def test_the_queue_gives_the_most_urgent_of_each_group_and_forgets_what_no_longer_holds():
    queue = ReadyQueue([1.0, 5.0, 3.0, 9.0])
    for node, group in enumerate((0, 0, 1, 2)):
        queue.push(node, group)
    queue.push(1, 0)
    assert [(queue.at(rank), group) for rank, group in sorted(queue.heads(lambda _node: True))] == [
        (3, 2),
        (1, 0),
        (2, 1),
    ]
    assert [queue.at(rank) for rank, _ in queue.heads(lambda node: node not in {1, 3})] == [2, 0]
    assert queue.pop(lambda _node: True) == 0
    assert queue.pop(lambda _node: True) is None


def test_a_chain_does_not_recurse():
    count = 50_000
    graph = Graph([str(node) for node in range(count)], ((node, node + 1) for node in range(count - 1)))
    assert critical_path_lengths(graph)[0] == count
    assert len(descendants(dag("a>b"), 0)) == 1
