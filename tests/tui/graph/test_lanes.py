"""Families, their order, and the lanes beside them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, matrix_graph

from dagtui.graph.model import Graph, Task
from dagtui.text.look import ASCII, UNICODE
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.tasks.families import families_of, stem
from dagtui.tui.graph.tasks.lane_cells import LaneCells
from dagtui.tui.graph.tasks.lanes import MOST_LANES, Lanes, lanes_of
from dagtui.tui.graph.tasks.layout import TasksLayout
from dagtui.tui.graph.tasks.lines import Lit
from dagtui.tui.graph.tasks.order import Aim, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.tui.graph.tasks.families import Families

NO_LIMIT = 1 << 20


@st.composite
def numbered_graphs(draw: st.DrawFn) -> Graph:
    """Tasks written one by one, whose names differ in numbers, with edges from earlier to later ones."""
    names = draw(st.lists(st.sampled_from(["a", "b", "c_", "d-x"]), min_size=1, max_size=14))
    labels = [f"{name}{number}" for number, name in enumerate(names)]
    count = len(labels)
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = {(min(pair), max(pair)) for pair in draw(st.lists(pairs, max_size=30)) if pair[0] != pair[1]}
    return Graph(labels, sorted(edges), tasks=[Task(label) for label in labels])


def diamonds(number: int) -> Graph:
    """A row of diamonds: a → b, c, d → a → …"""
    labels = ["a0"]
    edges: list[tuple[str, str]] = []
    for at in range(1, number + 1):
        labels += [f"{letter}{at}" for letter in "bcda"]
        edges += [(f"a{at - 1}", f"{letter}{at}") for letter in "bcd"]
        edges += [(f"{letter}{at}", f"a{at}") for letter in "bcd"]
    places = {label: at for at, label in enumerate(labels)}
    pairs = [(places[parent], places[child]) for parent, child in edges]
    return Graph(labels, pairs, tasks=[Task(label) for label in labels])


def arranged(graph: Graph, least: int = 3, most: int = NO_LIMIT) -> tuple[Families, list[int], Lanes]:
    families = families_of(graph)
    order = ordered(families, Aim.FEW_LANES)
    return families, order, lanes_of(families, order, least, most)


def drawn(lanes: Lanes, glyphs: object = UNICODE) -> list[str]:
    assert glyphs in {UNICODE, ASCII}
    cells = LaneCells(lanes, UNICODE if glyphs is UNICODE else ASCII)
    return ["".join(span.text for span in cells.at_row(row, "", (), ())) for row in lanes.rows]


@given(graph=graphs() | numbered_graphs())
def test_families_are_all_nodes_once_and_never_a_cycle(graph: Graph) -> None:
    families = families_of(graph)
    assert sorted(node for family in families.members for node in family.nodes) == list(graph.nodes)
    for number, family in enumerate(families.members):
        assert all(families.of_node[node] == number for node in family.nodes)
        assert list(family.nodes) == sorted(family.nodes)
    edges = {
        (families.of_node[parent], families.of_node[node]) for node in graph.nodes for parent in graph.parents(node)
    }
    assert {(parent, child) for parent, found in enumerate(families.children) for child in found} == edges
    assert {(parent, child) for child, found in enumerate(families.parents) for parent in found} == edges
    for aim in Aim:
        order = ordered(families, aim)
        assert sorted(order) == list(range(len(families.members)))
        place = {family: at for at, family in enumerate(order)}
        assert all(place[parent] < place[child] for parent, child in edges)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chunk00.40", "chunk"),
        ("mProject_ID0000012", "mProject"),
        ("align-7", "align"),
        ("load", "load"),
        ("v2_load", "v2_load"),
        ("17", ""),
        ("step3b", "step3b"),
    ],
)
def test_the_stem_of_a_name_is_what_stands_before_its_number(name: str, expected: str) -> None:
    assert stem(name) == expected


def test_tasks_that_were_written_one_by_one_are_one_family() -> None:
    count = 12
    labels = ["prepare", *(f"chunk{at:02}" for at in range(count)), "total"]
    edges = [(0, at) for at in range(1, count + 1)] + [(at, count + 1) for at in range(1, count + 1)]
    graph = Graph(labels, edges, tasks=[Task(label) for label in labels])
    layout = TasksLayout(graph)
    assert [(family.title, len(family.nodes)) for family in layout.families.members] == [
        ("prepare", 1),
        ("chunk", count),
        ("total", 1),
    ]


def test_siblings_in_a_row_of_diamonds_are_next_to_each_other() -> None:
    layout = TasksLayout(diamonds(8))
    assert len(layout) == 33
    assert layout.lanes.column_count <= 3
    for number, children in enumerate(layout.families.children):
        places = sorted(layout.place_of[child] for child in children)
        assert all(after - before <= 2 for before, after in pairwise(places)), number


@given(graph=graphs() | numbered_graphs(), least=st.sampled_from([2, 3, NO_LIMIT]))
def test_an_edge_follows_one_lane_from_its_parent_to_its_child(graph: Graph, least: int) -> None:
    families, order, lanes = arranged(graph, least)
    place = {family: at for at, family in enumerate(order)}
    edges = {(parent, child) for parent, found in enumerate(families.children) for child in found}
    assert set(lanes.over) == edges
    for (parent, child), lane in lanes.over.items():
        rows = lanes.rows[place[parent] : place[child]]
        columns = {column for row in rows for column, number in row.below.items() if number == lane}
        assert all(lane in row.below.values() for row in rows)
        assert len(columns) == 1
        for family in (parent, child):
            row = lanes.rows[place[family]]
            assert row.column in columns or any(tie.lane == lane for tie in row.ties)
    for row in lanes.rows:
        assert len(set(row.below.values())) == len(row.below)
        assert row.column not in row.passing


@given(graph=graphs() | numbered_graphs())
def test_no_line_is_drawn_where_no_edge_is(graph: Graph) -> None:
    families, order, lanes = arranged(graph)
    place = {family: at for at, family in enumerate(order)}
    ends: dict[int, set[int]] = {}
    for (parent, child), lane in lanes.over.items():
        ends.setdefault(lane, set()).update((place[parent], place[child]))
    for at, row in enumerate(lanes.rows):
        met = {tie.lane for tie in row.ties}
        met |= {lane for column, lane in row.below.items() if column == row.column}
        above = lanes.rows[at - 1].below if at else {}
        met |= {lane for column, lane in above.items() if column == row.column}
        assert all(at in ends[lane] for lane in met)
    assert families.members


@given(graph=numbered_graphs(), most=st.integers(1, 4))
def test_no_more_lanes_are_drawn_than_there_may_be(graph: Graph, most: int) -> None:
    lanes = arranged(graph, most=most)[2]
    assert all(column < most for row in lanes.rows for column in row.below)
    assert all(len(line) == 2 * lanes.column_count for line in drawn(lanes))


def test_a_tree_looks_like_one() -> None:
    graph = matrix_graph(5)
    lanes = TasksLayout(graph).lanes
    assert drawn(lanes) == ["●   ", "├─● ", "│ ● ", "●─╯ "]
    assert drawn(lanes, ASCII) == ["O   ", "|-O ", "| O ", "O-' "]


def test_lanes_of_several_parents_to_one_child_are_drawn_apart() -> None:
    labels = ["start", "one", "two", "three", "end"]
    edges = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]
    lanes = TasksLayout(Graph(labels, edges, tasks=[Task(label) for label in labels])).lanes
    assert drawn(lanes) == ["●     ", "├─●   ", "├─╂─● ", "●─┨   ", "  ●   "]


@given(graph=graphs(), data=st.data())
def test_only_the_edges_of_the_cursor_are_lit(graph: Graph, data: st.DataObject) -> None:
    layout = TasksLayout(graph)
    lit = Lit(layout, data.draw(st.sampled_from(list(layout.items))))
    if lit.family is None:
        return
    own = layout.place_of[lit.family]
    around = {*layout.families.parents[lit.family], *layout.families.children[lit.family]}
    places = {layout.place_of[family] for family in around}
    for place in range(len(layout.order)):
        assert not lit.ties_at(place) or place in {own, *places}
        assert set(lit.bars_below(place)) <= set(layout.lanes.rows[place].below.values())
    assert not lit.bars_below(max(own, *places)) if places else not lit.bars_at(own)


@given(graph=graphs() | numbered_graphs())
def test_there_are_no_more_rows_than_nodes(graph: Graph) -> None:
    layout = TasksLayout(graph)
    tops = [item for item in layout.items if layout.parents[item] < 0]
    below = [item for item in layout.items if layout.parents[item] >= 0 and _is_folder(layout, layout.parents[item])]
    assert len(tops) + len(below) <= len(graph)
    assert layout.lanes.column_count <= MOST_LANES + 1


def _is_folder(layout: TasksLayout, item: int) -> bool:
    head = layout.head(item)
    return head is not None and head.kind is GroupKind.FOLDER


def test_groups_that_stand_together_get_headings() -> None:
    def chain(group: str, names: Sequence[str]) -> list[Task]:
        return [Task(name, group=group) for name in names]

    tasks = [*chain("load", ["a", "b", "c"]), *chain("model", ["d", "e", "f"])]
    edges = [(at, at + 1) for at in range(5)]
    short = TasksLayout(Graph([task.name for task in tasks], edges, tasks=tasks))
    assert not short.heads  # there would be more rows than nodes
    cells = ["m[0]", "m[1]", "m[2]", "m[3]"]
    tasks.append(Task("m", group="model"))
    labels = [*(task.name for task in tasks[:-1]), *cells]
    graph = Graph(labels, [*edges, *((5, 6 + at) for at in range(4))], tasks=tasks, task_of=[*range(6), 6, 6, 6, 6])
    heads = [(head.kind, head.title) for head in TasksLayout(graph).heads]
    assert heads == [(GroupKind.FOLDER, "load"), (GroupKind.FOLDER, "model"), (GroupKind.MATRIX, "m")]


def test_finally_tasks_stand_after_all_others() -> None:
    tasks = [Task("clean", is_finally=True), Task("note", is_finally=True), Task("load"), Task("report")]
    graph = Graph([task.name for task in tasks], [(2, 3), (2, 1)], tasks=tasks)
    layout = TasksLayout(graph)
    assert [graph.labels[item] for item in layout.items] == ["load", "report", "clean", "note"]


def test_a_task_alone_stands_where_the_file_has_it() -> None:
    tasks = [Task(name) for name in ["one", "two", "three", "free"]]
    layout = TasksLayout(Graph([task.name for task in tasks], [(0, 1), (1, 2)], tasks=tasks))
    assert list(layout.items) == [0, 1, 2, 3]
