"""The graph itself: order, parents and children, reach, cycles."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph import cycles
from dagtui.graph.errors import CycleError
from dagtui.graph.model import Graph

PAIRS = st.integers(1, 9).flatmap(
    lambda size: st.tuples(
        st.just(size), st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), unique=True)
    )
)
FORWARD = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        st.permutations(range(size)),
        st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), unique=True),
    )
)


def dag_of(drawn: tuple[list[int], list[tuple[int, int]]]) -> tuple[Graph, list[tuple[int, int]]]:
    place, pairs = drawn
    edges = [pair for pair in pairs if place[pair[0]] < place[pair[1]]]
    return Graph([f"n{node}" for node in range(len(place))], edges), edges


@given(FORWARD)
def test_parents_and_children_agree(drawn: tuple[list[int], list[tuple[int, int]]]):
    graph, edges = dag_of(drawn)
    for node in range(len(graph)):
        assert list(graph.children(node)) == [child for parent, child in edges if parent == node]
        assert list(graph.parents(node)) == [parent for parent, child in edges if child == node]
        assert graph.parent_count(node) == len(graph.parents(node))


@given(FORWARD)
def test_the_order_is_topological(drawn: tuple[list[int], list[tuple[int, int]]]):
    graph, edges = dag_of(drawn)
    place = {node: index for index, node in enumerate(graph.order)}
    assert sorted(place) == list(range(len(graph)))
    assert all(place[parent] < place[child] for parent, child in edges)


def shortest(size: int, edges: list[tuple[int, int]]) -> int | None:
    """The length of a shortest cycle, by powers of the adjacency relation."""
    reach = set(edges)
    for length in range(1, size + 1):
        if any(start == end for start, end in reach):
            return length
        reach = {(start, end) for start, middle in reach for other, end in edges if middle == other}
    return None


@given(PAIRS)
def test_a_cycle_is_a_shortest_one(drawn: tuple[list[int], list[tuple[int, int]]]):
    size, edges = drawn
    labels = [str(node) for node in range(size)]
    length = shortest(size, edges)
    if length is None:
        assert len(Graph(labels, edges).order) == size
        return
    with pytest.raises(CycleError) as caught:
        Graph(labels, edges)
    nodes = caught.value.nodes
    assert len(nodes) - 1 == length
    assert nodes[0] == nodes[-1]
    assert all(pair in edges for pair in pairwise(nodes))


def test_a_cycle_of_100_000_nodes_is_told_in_20_names():
    count = 100_000
    with pytest.raises(CycleError) as caught:
        Graph([str(node) for node in range(count)], [(node, (node + 1) % count) for node in range(count)])
    assert len(caught.value.nodes) == count + 1
    assert len(str(caught.value).split(" → ")) <= 20


def test_a_short_cycle_behind_a_long_one():
    count = 2000
    ring = [(node, (node + 1) % count) for node in range(count)]
    with pytest.raises(CycleError) as caught:
        Graph([str(node) for node in range(count)], [*ring, (1500, 1499)])
    assert caught.value.nodes in {(1499, 1500, 1499), (1500, 1499, 1500)}


def test_the_work_of_finding_a_shortest_cycle_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cycles, "STEPS", 50)
    count = 200
    ring = [(node, (node + 1) % count) for node in range(count)]
    with pytest.raises(CycleError) as caught:
        Graph([str(node) for node in range(count)], [*ring, *[(node, node + 2) for node in range(0, count - 2, 2)]])
    assert len(caught.value.nodes) - 1 in {100, 200}


def test_labels():
    graph = Graph.from_edges(["b", "a"], [("a", "b")])
    assert (graph.node("a"), graph.find("a"), graph.find("c")) == (1, 1, None)
    assert list(graph.order) == [1, 0]
    assert repr(graph) == "<Graph 'graph': 2 nodes, 1 edges>"
    with pytest.raises(KeyError):
        graph.node("c")


def test_mistakes_of_callers():
    with pytest.raises(ValueError, match="same label"):
        Graph.from_edges("aa", [])
    with pytest.raises(ValueError, match="two edges are the same"):
        Graph.from_edges("ab", [("a", "b"), ("a", "b")])
    with pytest.raises(KeyError):
        Graph.from_edges("ab", [("a", "c")])
    with pytest.raises(CycleError, match="a → a"):
        Graph.from_edges("a", [("a", "a")])
