from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, dags, graphs, in_statuses, matrix_graph, names

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.tui.graph.folders import group_layout
from dagtui.tui.graph.layout import TOP, GroupKind, TreeLayout
from dagtui.tui.graph.nodes.dominators import dominators, longest_paths
from dagtui.tui.graph.nodes.layout import LEAST_FOLDED, dependency_layout
from dagtui.tui.graph.tasks.stems import alike_keys
from dagtui.tui.graph.views import View, Views

if TYPE_CHECKING:
    from collections.abc import Callable


LAYOUTS = [dependency_layout, group_layout]
ANY_GRAPHS = graphs() | dags()
STATUSES = st.sampled_from([NodeStatus.WAITING, NodeStatus.RUNNING, NodeStatus.FAILED, NodeStatus.COMPLETED])


def above(layout: TreeLayout, item: int) -> list[int]:
    """The items above an item, from the nearest on."""
    found = []
    while (item := layout.parents[item]) != TOP:
        found.append(item)
    return found


def node_above(layout: TreeLayout, item: int) -> int:
    """The nearest node above an item, or TOP."""
    return next((other for other in above(layout, item) if layout.head(other) is None), TOP)


def on_every_path(graph: Graph) -> list[set[int]]:
    """For each node, the nodes on every path from the roots to it, with itself."""
    found: list[set[int]] = [set() for _ in graph.nodes]
    for node in graph.order:
        parents = [found[parent] for parent in graph.parents(node)]
        found[node] = {node}.union(set.intersection(*parents) if parents else ())
    return found


@pytest.mark.parametrize("make", LAYOUTS)
@given(graph=ANY_GRAPHS)
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


@given(graph=ANY_GRAPHS)
def test_a_node_stands_below_the_last_node_on_every_path_to_it(graph: Graph):
    layout = dependency_layout(graph)
    paths = on_every_path(graph)
    for node in graph.nodes:
        expected = max(paths[node] - {node}, key=lambda other: len(paths[other]), default=TOP)
        assert node_above(layout, node) == expected
        assert dominators(graph).parents[node] == expected


@given(graph=ANY_GRAPHS)
def test_every_edge_leads_down(graph: Graph):
    positions = dependency_layout(graph).positions
    assert all(positions[parent] < positions[child] for child in graph.nodes for parent in graph.parents(child))


@given(graph=ANY_GRAPHS)
def test_depths_are_those_of_the_longest_paths(graph: Graph):
    longest: dict[int, int] = {}
    for node in graph.order:
        longest[node] = 1 + max((longest[parent] for parent in graph.parents(node)), default=-1)
    assert dominators(graph).depths == longest_paths(graph) == [longest[node] for node in graph.nodes]


@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY, View.GROUP])
@given(graph=ANY_GRAPHS, data=st.data())
def test_a_view_begins_with_no_more_rows_than_nodes(view: View, graph: Graph, data: st.DataObject):
    status = data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph)))
    assert len(Views(in_statuses(graph, status)).outline(view)) <= len(graph)


@given(graph=graphs(), data=st.data())
def test_folders_begin_folded_where_all_of_them_is_alike_and_nothing_to_look_at(graph: Graph, data: st.DataObject):
    status = data.draw(st.lists(STATUSES, min_size=len(graph), max_size=len(graph)))
    outline = Views(in_statuses(graph, status)).outline(View.GROUP)
    layout = outline.layout
    for item, head in enumerate(layout.heads, len(graph)):
        nodes = [node for node in graph.nodes if item in above(layout, node)]
        if head.kind is GroupKind.MATRIX:
            assert len(nodes) == head.total >= LEAST_FOLDED
            assert outline.is_folded(item)
        elif len({status[node] for node in nodes}) == 1 and status[nodes[0]] == NodeStatus.WAITING:
            assert outline.is_folded(item)


@given(graph=ANY_GRAPHS)
def test_alike_siblings_have_a_head_from_three_on(graph: Graph):
    layout = dependency_layout(graph)
    keys, depths = alike_keys(graph), longest_paths(graph)
    alike: dict[object, list[int]] = {}
    for node in graph.nodes:
        alike.setdefault((node_above(layout, node), keys[graph.task_of[node]], depths[node]), []).append(node)
    for nodes in alike.values():
        heads = {layout.head(layout.parents[node]) if layout.parents[node] != TOP else None for node in nodes}
        assert len(heads) == 1
        head = heads.pop()
        assert (head is not None) == (len(nodes) >= LEAST_FOLDED)
        assert head is None or head.total == len(nodes)
    assert len({head.key for head in layout.heads}) == len(layout.heads)


@given(graph=ANY_GRAPHS)
def test_siblings_that_need_nothing_else_are_in_the_order_of_the_file(graph: Graph) -> None:
    layout = dependency_layout(graph)
    siblings: dict[int, list[int]] = {}
    for item in layout.items:
        first = item if layout.head(item) is None else layout.items[layout.positions[item] + 1]
        if graph.parent_count(first) <= 1 and layout.head(item) is None:
            siblings.setdefault(layout.parents[item], []).append(first)
    assert all(early < late for row in siblings.values() for early, late in pairwise(row))


@given(graph=ANY_GRAPHS)
def test_what_is_in_folders_comes_in_the_order_of_the_file(graph: Graph) -> None:
    layout = group_layout(graph)
    siblings: dict[int, list[int]] = {}
    for item in layout.items:
        below = layout.items[layout.positions[item] : layout.ends[item]]
        siblings.setdefault(layout.parents[item], []).append(min(other for other in below if other < len(graph)))
    assert all(early < late for row in siblings.values() for early, late in pairwise(row))


def test_siblings_of_a_diamond_stand_together_and_its_end_below_its_beginning():
    edges = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "e"), ("c", "e"), ("d", "e"), ("b", "after b")]
    edges += [("e", "f"), ("e", "g"), ("f", "h"), ("g", "h")]
    graph = Graph.from_edges([*"abcdefgh", "after b"], edges)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        *["a", "  b", "    after b", "  c", "  d", "  e", "    f", "    g", "    h"]
    ]


def test_a_join_comes_right_after_the_last_branch_that_it_needs():
    edges = [("a", "a2"), ("b", "b2"), ("a2", "ab"), ("b2", "ab"), ("ab", "abc"), ("c", "abc")]
    graph = Graph.from_edges(["a", "b", "c", "abc", "ab", "a2", "b2"], edges)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == ["a", "  a2", "b", "  b2", "ab", "c", "abc"]


def test_joins_that_one_branch_completes_come_in_the_order_of_that_branch():
    edges = [("a", "a2"), ("a", "ab"), ("b", "ab"), ("a2", "abb"), ("b", "b2"), ("b2", "abb")]
    graph = Graph.from_edges(["a", "b", "abb", "ab", "a2", "b2"], edges)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == ["a", "  a2", "b", "  b2", "ab", "abb"]


def test_finally_nodes_come_after_all_others():
    labels = ["clean", "a", "alert", "b", "c"]
    tasks = [Task(label, is_finally=label in {"clean", "alert"}) for label in labels]
    layout = dependency_layout(Graph(labels, [(1, 2), (1, 3)], tasks=tasks))
    assert [labels[item] for item in layout.items] == ["a", "b", "alert", "c", "clean"]
    assert [layout.parents[labels.index(name)] for name in ("clean", "alert")] == [TOP, labels.index("a")]


def test_finally_nodes_come_after_joins_too():
    labels = ["clean", "a", "b", "both"]
    tasks = [Task(label, is_finally=label == "clean") for label in labels]
    layout = dependency_layout(Graph(labels, [(1, 3), (2, 3)], tasks=tasks))
    assert [labels[item] for item in layout.items] == ["a", "b", "both", "clean"]


def test_what_needs_all_of_a_matrix_stands_beside_it_and_not_in_its_first_cell():
    graph = matrix_graph(9)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "prep",
        "  <matrix train×9>",
        *(f"    train[seed={seed}]" for seed in range(9)),
        "  score",
        "  notify",
    ]


def test_tasks_that_differ_in_a_number_have_one_row():
    labels = ["top", "load-1", "load-2", "load-3", "check", "check2"]
    graph = Graph(labels, [(0, node) for node in range(1, 6)])
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "top",
        "  <matrix load×3>",
        *["    load-1", "    load-2", "    load-3"],
        *["  check", "  check2"],
    ]


def test_cells_that_need_each_other_are_not_put_together():
    graph = Graph([f"t[{cell}]" for cell in range(6)], [(0, 3), (1, 3), (2, 4)], tasks=[Task("t")], task_of=[0] * 6)
    layout = dependency_layout(graph)
    assert names(layout, graph, range(len(layout))) == [
        "<matrix t×4>",
        *["  t[0]", "  t[1]", "  t[2]", "    t[4]", "  t[5]"],
        "t[3]",
    ]


def test_a_chain_of_any_length_has_a_layout():
    layout = dependency_layout(chain(100_000))
    assert layout.depths[99_999] == 99_999
    assert layout.ends[0] == 100_000


def test_joins_of_long_chains_are_found_by_jumps():
    """Two chains of 20,000 nodes, joined at every step: walked one by one, that would be 200 million steps."""
    steps = 20_000
    edges = [(0, 1), (0, 2)]
    for one in range(1, 3 * steps, 3):
        edges += [(one, one + 2), (one + 1, one + 2)]
        if one + 3 < 3 * steps:
            edges += [(one, one + 3), (one + 1, one + 4)]
    graph = Graph([f"n-{node}-" for node in range(3 * steps + 1)], edges)
    parents = dominators(graph).parents
    assert {parents[join] for join in range(3, 3 * steps, 3)} == {0}


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


def test_alike_nodes_of_a_group_share_a_row_and_a_folder_around_all_is_left_out():
    labels = ["load1", "fit", "load2", "load3", "load4", "end"]
    groups = ["all/in", "all/model", "all/in", "all/in", "all", "all"]
    tasks = [Task(label, group=group) for label, group in zip(labels, groups, strict=True)]
    layout = group_layout(Graph(labels, [], tasks=tasks))
    assert names(layout, Graph(labels, [], tasks=tasks), range(len(layout))) == [
        "<folder in×0>",
        "  <matrix load×3>",
        *["    load1", "    load2", "    load3"],
        "<folder model×0>",
        "  fit",
        *["load4", "end"],
    ]


def test_many_alike_nodes_without_groups_are_one_row():
    graph = Graph([f"part{node}" for node in range(5_000)], [])
    assert len(Views(in_statuses(graph, bytes(5_000))).outline(View.GROUP)) == 1


def test_folders_with_failures_open_first():
    tasks = [Task(name, group=name[0]) for name in ("a1x", "a2y", "b1x", "b2y", "c1x", "c2y", "d1x", "d2y")]
    graph = Graph([task.name for task in tasks], [], tasks=tasks)
    status = [NodeStatus.RUNNING, NodeStatus.COMPLETED] * 3 + [NodeStatus.FAILED, NodeStatus.COMPLETED]
    outline = Views(in_statuses(graph, status)).outline(View.GROUP)
    assert names(outline.layout, graph, outline.rows) == [
        *["<folder a×0>", "  a1x", "  a2y", "<folder b×0>", "<folder c×0>"],
        *["<folder d×0>", "  d1x", "  d2y"],
    ]


@pytest.mark.parametrize("make", LAYOUTS)
def test_a_graph_without_nodes_has_no_rows(make: Callable[[Graph], TreeLayout]):
    assert len(make(Graph([], []))) == 0
