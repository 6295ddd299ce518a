"""Where rows say that edges lead, and which rows are marked as the neighbours of the cursor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import dags, graphs, matrix_graph, still

from dagtui.graph.model import Graph, Task
from dagtui.text import cell_width
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.graph.folders import group_layout
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.neighbours import Neighbours
from dagtui.tui.graph.nodes.further_edges import FurtherEdges, row_of
from dagtui.tui.graph.nodes.layout import dependency_layout
from dagtui.tui.graph.outline import Outline
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = ["日本語のとても長い名前", "a\x1b[31m", "x" * 60, "e\u0301" * 9, "ok"]
ANY_GRAPHS = graphs() | dags()


def drawn(graph: Graph, width: int, look: Look = IN_UNICODE, *, unfolded: bool = False) -> list[str]:
    """The rows of the nodes view, with the cursor on the first."""
    session = still(graph)
    navigator = Navigator(session.state, View.DEPENDENCY)
    if unfolded:
        navigator.unfold_all()
    rows, outline = Rows(session, navigator, look), navigator.outline
    items = [outline.item(row) for row in range(len(outline))]
    return [
        "".join(span.text for span in rows.spans(item, width, 100.0, cursor=item == navigator.cursor)) for item in items
    ]


@given(graph=ANY_GRAPHS)
def test_every_edge_is_shown_by_nesting_or_counted_in_its_row(graph: Graph):
    layout = dependency_layout(graph)
    edges = FurtherEdges(graph, layout)
    for item in range(len(layout)):
        own = [item] if layout.head(item) is None else [node for node in graph.nodes if layout.parents[node] == item]
        rows = {
            row_of(layout, child): child
            for node in own
            for child in graph.children(node)
            if layout.parents[row_of(layout, child)] != node
        }
        found = edges.of(item)
        assert (found is None) == (not rows)
        if found is not None:
            assert found.others == len(rows) - 1
            nearest = min(rows, key=layout.positions.__getitem__)
            assert found.row == nearest or layout.parents[found.row] == nearest
            assert layout.positions[nearest] > layout.positions[item], "down, as all edges lead"


def test_the_first_row_is_named_and_the_others_are_counted():
    graph = Graph.from_edges([*"abcdef"], [("a", "d"), ("b", "d"), ("b", "e"), ("a", "e"), ("b", "f"), ("c", "f")])
    rows = {row.partition("·")[2].split()[0]: row.partition("→")[2].split() for row in drawn(graph, 60)}
    assert [rows[name] for name in "abc"] == [["d", "+1"], ["d", "+2"], ["f"]]
    assert not any(rows[name] for name in "def")


def test_cells_are_named_alone_and_together_by_their_task():
    tasks = [Task("one"), Task("other"), Task("cells")]
    labels = ["one", "other", *(f"cells[{at}]" for at in range(4))]
    edges = [(0, 2), (1, 2), (0, 3), (0, 4), (0, 5), (1, 4), (1, 5), (1, 3)]
    graph = Graph(labels, edges, tasks=tasks, task_of=[0, 1, 2, 2, 2, 2])
    assert any("→ cells " in row for row in drawn(graph, 60))
    graph = Graph(labels, [*((0, at) for at in range(2, 6)), (1, 5)], tasks=tasks, task_of=[0, 1, 2, 2, 2, 2])
    assert any("other" in row and "→ cells[3] " in row for row in drawn(graph, 60))


@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII])
@given(
    names=st.lists(st.sampled_from(HOSTILE), min_size=14),
    width=st.integers(16, 110),
)
def test_rows_take_exactly_their_width_at_any_depth_and_with_any_names(names: Sequence[str], width: int, look: Look):
    labels = [f"{name} {at}" for at, name in enumerate(names)]
    count = len(labels)
    edges = {(at, at + 1) for at in range(count - 3)} | {(0, count - 1), (3, count - 1), (9, count - 2), (4, count - 2)}
    for row in drawn(Graph(labels, sorted(edges)), width, look):
        assert cell_width(row) == width
        assert "\x1b" not in row


@given(graph=ANY_GRAPHS, data=st.data())
def test_neighbours_are_the_rows_with_parents_and_children(graph: Graph, data: st.DataObject):
    layout = dependency_layout(graph)
    outline = Outline(layout, data.draw(st.sets(st.sampled_from(range(len(layout))))))
    node = outline.item(data.draw(st.integers(0, len(outline) - 1)))
    if layout.head(node) is not None:
        return
    found = Neighbours(graph, outline, node)
    for rows, ends in ((found.parents, graph.parents(node)), (found.children, graph.children(node))):
        assert rows == {outline.item(outline.nearest_row(end)) for end in ends} - {node}


def test_a_row_of_many_has_the_neighbours_of_all_its_nodes():
    graph = matrix_graph(5)
    layout = dependency_layout(graph)
    head = layout.parents[graph.node("train[seed=0]")]
    found = Neighbours(graph, Outline(layout, [head]), head)
    assert found.parents == {graph.node("prep")}
    assert found.children == {graph.node("score")}


def test_a_folder_has_the_neighbours_of_all_nodes_in_it_and_not_these_themselves():
    groups = {"get": "in", "clean": "in/deep", "fit": "model", "score": "model", "end": ""}
    tasks = [Task(name, group=group) for name, group in groups.items()]
    graph = Graph([*groups], [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4)], tasks=tasks)
    layout = group_layout(graph)
    titles = {head.title: item for item, head in enumerate(layout.heads, len(graph))}
    closed = Outline(layout, titles.values())
    found = Neighbours(graph, closed, titles["in"])
    assert (found.parents, found.children) == (set(), {titles["model"]})
    found = Neighbours(graph, Outline(layout), titles["model"])
    assert (found.parents, found.children) == ({graph.node("get"), graph.node("clean")}, {graph.node("end")})
