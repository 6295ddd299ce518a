from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, graphs, matrix_graph, names

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.tui.graph.dependencies import (
    LISTED_REFERENCES,
    SHOWN_REFERENCES,
    SHOWN_SIBLINGS,
    dependency_layout,
    longest_paths,
)
from dagtui.tui.graph.folders import SECTIONS, group_layout, status_layout
from dagtui.tui.graph.layout import TOP, GroupKind, TreeLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


LAYOUTS = [dependency_layout, group_layout, lambda graph: status_layout([node % 10 for node in range(len(graph))])]


def above(layout: TreeLayout, item: int) -> list[int]:
    """The items above an item, from the nearest on."""
    found = []
    while (item := layout.parents[item]) != TOP:
        found.append(item)
    return found


def is_matrix(layout: TreeLayout, item: int) -> bool:
    head = None if item == TOP else layout.head(item)
    return head is not None and head.kind is GroupKind.MATRIX


def member_of(layout: TreeLayout, graph: Graph, node: int) -> int | None:
    """The head of the matrix that a node is a member of."""
    parent = layout.parents[node]
    head = None if parent == TOP else layout.head(parent)
    if head is None or head.kind is not GroupKind.MATRIX or layout.positions[node] >= layout.shut_end(parent):
        return None
    return parent if graph.task(node).name == head.title else None


@pytest.mark.parametrize("make", LAYOUTS)
@given(graph=graphs())
def test_every_node_stands_once_and_branches_are_ranges(make: Callable[[Graph], TreeLayout], graph: Graph):
    layout = make(graph)
    assert sorted(layout.items) == list(range(len(layout)))
    assert {layout.items[layout.positions[item]] for item in range(len(layout))} == set(range(len(layout)))
    below = Counter(other for item in range(len(layout)) for other in [item, *above(layout, item)])
    for item in range(len(layout)):
        start, end = layout.positions[item], layout.ends[item]
        assert end - start == below[item]
        assert all(item in {other, *above(layout, other)} for other in layout.items[start:end])
        assert layout.depths[item] == len(above(layout, item))
        assert start < layout.shut_end(item) <= end


@given(graph=graphs(most_cells=4))
def test_a_node_hangs_below_the_parent_that_comes_last_on_its_longest_path(graph: Graph):
    layout = dependency_layout(graph)
    longest: dict[int, int] = {}
    for node in graph.order:
        longest[node] = 1 + max((longest[parent] for parent in graph.parents(node)), default=0)
        parent = layout.parents[node]
        if not graph.parent_count(node):
            assert parent == TOP
            continue
        last = [other for other in graph.parents(node) if longest[other] == longest[node] - 1]
        assert parent == last[0]


@given(graph=graphs())
def test_heads_stand_between_a_node_and_its_parent_only_where_they_must(graph: Graph):
    layout = dependency_layout(graph)
    expected = longest_paths(graph).parents
    for node in range(len(graph)):
        parent = layout.parents[node]
        own = member_of(layout, graph, node)
        if own is not None:
            parent = layout.parents[own]
        if parent == expected[node]:
            continue
        # It hangs below a head around its parent, and needs nodes in the branches of several members of it.
        assert is_matrix(layout, parent)
        assert parent in above(layout, expected[node])
        members = {
            other
            for other in range(len(graph))
            if member_of(layout, graph, other) == parent
            and any(other in {needed, *above(layout, needed)} for needed in graph.parents(node))
        }
        assert len(members) > 1
        if own is None:
            assert layout.positions[node] >= layout.shut_end(parent)


@given(graph=graphs())
def test_more_than_a_few_siblings_of_one_task_have_a_head_and_few_have_none(graph: Graph):
    """Of one depth, that is: those that wait for longer ways may join the same place later, one by one."""
    layout = dependency_layout(graph)
    depths = longest_paths(graph).depths
    families = Counter(
        (layout.parents[node], graph.task_of[node], depths[node])
        for node in range(len(graph))
        if member_of(layout, graph, node) is None
    )
    assert all(count <= SHOWN_SIBLINGS for count in families.values())
    for item in range(len(graph), len(graph) + len(layout.heads)):
        head = layout.head(item)
        if head.kind is GroupKind.MATRIX:
            members = [node for node in range(len(graph)) if member_of(layout, graph, node) == item]
            assert head.total == len(members) > SHOWN_SIBLINGS


@given(graph=graphs())
def test_siblings_in_the_tree_are_in_the_order_of_the_file(graph: Graph) -> None:
    """Below a matrix: its cells, then what needs them all, what has the shorter way to it first."""
    layout = dependency_layout(graph)
    depths = longest_paths(graph).depths
    siblings: dict[int, list[tuple[bool, int, int]]] = {}
    for item in layout.items:
        head, parent = layout.head(item), layout.parents[item]
        if layout.is_reference(item) or (head and head.kind is GroupKind.MORE):
            continue
        node = item if head is None else layout.items[layout.positions[item] + 1]
        in_sight = parent == TOP or layout.positions[item] >= layout.shut_end(parent)
        siblings.setdefault(parent, []).append((in_sight, depths[node], node))
    assert all(early < late for row in siblings.values() for early, late in pairwise(row))


@given(graph=graphs())
def test_what_is_in_folders_comes_in_the_order_of_the_file(graph: Graph) -> None:
    layout = group_layout(graph)
    siblings: dict[int, list[int]] = {}
    for item in layout.items:
        below = layout.items[layout.positions[item] : layout.ends[item]]
        siblings.setdefault(layout.parents[item], []).append(min(other for other in below if other < len(graph)))
    assert all(early < late for row in siblings.values() for early, late in pairwise(row))


@given(graph=graphs(most_cells=3))
def test_every_other_edge_is_a_reference_below_its_parent(graph: Graph):
    layout = dependency_layout(graph)
    expected = {
        parent: {child for child in graph.children(parent) if layout.parents[child] != parent}
        for parent in range(len(graph))
    }
    found: dict[int, set[int]] = {parent: set() for parent in expected}
    more = {}
    for item in range(len(graph), len(layout)):
        parent = layout.parents[item]
        head = layout.head(item)
        if head is not None:
            more[parent] = head.total
            continue
        if parent >= len(graph):
            parent = layout.parents[parent]
        found[parent].add(layout.node(item))
    assert found == expected
    assert more == {parent: len(nodes) for parent, nodes in expected.items() if len(nodes) > SHOWN_REFERENCES}


def test_finally_nodes_come_after_all_others():
    labels = ["clean", "a", "alert", "b", "c"]
    tasks = [Task(label, is_finally=label in {"clean", "alert"}) for label in labels]
    layout = dependency_layout(Graph(labels, [(1, 2), (1, 3)], tasks=tasks))
    assert [labels[item] for item in layout.items] == ["a", "b", "alert", "c", "clean"]
    assert [layout.parents[labels.index(name)] for name in ("clean", "alert")] == [TOP, labels.index("a")]


def test_what_needs_all_of_a_matrix_stands_below_its_row_and_not_in_its_first_cell():
    graph = matrix_graph(9)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "prep",
        "  -> notify",
        "  <matrix train×9>",
        *(f"    train[seed={seed}]" for seed in range(9)),
        "    score",
        "      notify",
    ]
    head = layout.parents[graph.node("score")]
    assert layout.shut_end(head) == layout.positions[graph.node("score")]


def test_what_needs_something_below_all_of_a_matrix_stands_below_its_row_too():
    cells = range(9)
    labels = [*(f"a[{cell}]" for cell in cells), *(f"b[{cell}]" for cell in cells), "end"]
    edges = [*((cell, 9 + cell) for cell in cells), *((9 + cell, 18) for cell in cells)]
    graph = Graph(labels, edges, tasks=[Task("a"), Task("b"), Task("end")], task_of=[0] * 9 + [1] * 9 + [2])
    layout = dependency_layout(graph)
    assert layout.head(layout.parents[18]).title == "a"
    assert layout.depths[18] == 1
    assert not layout.targets


def test_two_references_from_one_matrix_are_one_of_its_row():
    tasks = [Task("a"), Task("x"), Task("y"), Task("end")]
    edges = [*((cell, 11) for cell in range(9)), (9, 10), (10, 11)]
    graph = Graph(
        [*(f"a[{cell}]" for cell in range(9)), "x", "y", "end"], edges, tasks=tasks, task_of=[0] * 9 + [1, 2, 3]
    )
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "<matrix a×9>",
        *(f"  a[{cell}]" for cell in range(9)),
        "  -> end",
        "x",
        "  y",
        "    end",
    ]
    assert layout.shut_end(graph.parents(11)[0]) == 2  # a member is foldable by nothing
    assert layout.shut_end(12) == 10  # the reference stays in sight


def test_only_so_many_references_are_listed():
    children = range(2, 200)
    edges = [(0, 1), *((0, child) for child in children), *((1, child) for child in children)]
    graph = Graph([f"n{node}" for node in range(200)], edges)
    layout = dependency_layout(graph)
    assert [head.total for head in layout.heads] == [198]
    assert len(layout.targets) == LISTED_REFERENCES


def test_a_chain_of_any_length_has_a_layout():
    layout = dependency_layout(chain(100_000))
    assert layout.depths[99_999] == 99_999
    assert layout.ends[0] == 100_000


def test_folders_nest_at_slashes_in_the_order_of_the_file():
    tasks = [Task("a", group="data/raw"), Task("b"), Task("c", group="data"), Task("d", group="/data//raw/")]
    graph = Graph([*"abcd"], [], tasks=tasks, task_of=range(4))
    layout = group_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "<folder data×0>",
        "  <folder raw×0>",
        "    a",
        "    d",
        "  c",
        "b",
    ]


@given(status=st.lists(st.sampled_from(NodeStatus), max_size=30))
def test_sections_come_in_a_fixed_order_with_failures_first(status: Sequence[int]):
    layout = status_layout(status)
    titles = [NodeStatus[head.title] for head in layout.heads]
    assert titles == [section for section in SECTIONS if section in status]
    assert SECTIONS[:2] == (NodeStatus.FAILED, NodeStatus.RUNNING)
    for node, value in enumerate(status):
        assert layout.head(layout.parents[node]).title == value.name
    for head in layout.heads:
        assert head.total == status.count(NodeStatus[head.title])


@pytest.mark.parametrize("make", LAYOUTS)
def test_a_graph_without_nodes_has_no_rows(make: Callable[[Graph], TreeLayout]):
    assert len(make(Graph([], []))) == 0
