from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, ran, still

from dagtui.engine.state import RunState
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.graph.map.cells import SHARE
from dagtui.tui.graph.map.layout import MapLayout, first_part
from dagtui.tui.graph.map.outline import MapOutline
from dagtui.tui.graph.map.plan import LineKind, plan_of
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.pace import Pace, sparkline
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.tasks.layout import TasksLayout
from dagtui.tui.graph.views import MOST_ROWS, View, Views, first_view
from dagtui.tui.graph.weights import WORST_FIRST
from dagtui.tui.lines.rows import Role, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.tui.lines.rows import Span

STATUSES = st.integers(0, len(NodeStatus) - 1)
WIDTHS, HEIGHTS = st.integers(20, 160), st.integers(1, 50)


def of_families(sizes: Iterable[int], groups: Iterable[str] = ()) -> Graph:
    """Tasks of so many cells, each with two axes if it can have, and no edges."""
    labels, task_of, tasks = [], [], []
    in_groups = [*groups]
    for number, size in enumerate(sizes):
        tasks.append(Task(f"t{'abcdefgh'[number % 8]}{number}x", group=in_groups[number] if in_groups else ""))
        name, side = tasks[-1].name, max(1, int(size**0.5))
        labels += [f"{name}[a={at // side},b={at % side}]" if size > 1 else name for at in range(size)]
        task_of += [number] * size
    return Graph(labels, (), tasks=tasks, task_of=task_of)


@st.composite
def families(draw: st.DrawFn) -> Graph:
    sizes = draw(st.lists(st.sampled_from([1, 1, 2, 9, 70, 400]), min_size=1, max_size=24))
    groups = draw(st.lists(st.sampled_from(["", "x", "y/z"]), min_size=len(sizes), max_size=len(sizes)))
    return of_families(sizes, groups)


def on_map(graph: Graph, width: int = 60, height: int = 30) -> Navigator:
    navigator = Navigator(still(graph).state, View.MAP)
    navigator.fit(width, height)
    return navigator


def outline_of(navigator: Navigator) -> MapOutline:
    assert isinstance(navigator.outline, MapOutline)
    return navigator.outline


def cells(outline: MapOutline) -> list[tuple[int, int]]:
    return [outline.plan.places(number) for number in range(outline.plan.cell_count)]


# Places


@given(graph=families(), width=WIDTHS, height=HEIGHTS)
def test_every_node_is_in_one_cell_and_cells_stand_in_order_within_the_pane(graph: Graph, width: int, height: int):
    plan = plan_of(MapLayout(graph), width, height)
    found = [plan.places(number) for number in range(plan.cell_count)]
    assert [place for start, end in found for place in range(start, end)] == list(range(len(graph)))
    assert len(plan.lines) == height
    spots = set()
    for number, (start, end) in enumerate(found):
        cell = plan.cell(start)
        assert cell == plan.cell(end - 1)
        assert cell.number == number == plan.number(start) == plan.number(end - 1)
        assert 0 < cell.column < width
        spots.add((cell.row, cell.column))
    assert len(spots) == len(found)


def test_places_follow_the_order_of_tasks_and_of_the_file_in_every_size():
    graph = Graph(
        ["late", "b2", "a1", "b1", "a2", "a3", "b3"], [(2, 1), (2, 3), (2, 6), (1, 0)], tasks=None, name="mixed"
    )
    layout, tasks = MapLayout(graph), TasksLayout(graph)
    assert list(layout.items) == [item for item in tasks.items if item < len(graph)]
    assert [graph.labels[node] for node in layout.items] == ["a1", "a2", "a3", "b2", "b1", "b3", "late"]
    assert [layout.positions[node] for node in layout.items] == list(range(len(graph)))


def test_a_cell_is_one_node_where_there_is_room_and_few_otherwise():
    assert plan_of(MapLayout(of_families([1, 50, 400])), 60, 30).per == 1
    plan = plan_of(MapLayout(of_families([1, 50, 4000])), 60, 30)
    assert plan.per == 6
    lines = [line for line in plan.lines if line.parts]
    assert [line.parts[0].per for line in lines[:2]] == [1, 2], "a small family has cells of its own"


def test_large_families_are_wrapped_into_blocks_with_the_first_part_of_the_name():
    graph = Graph([f"chunk{shard:02}.{at:02}" for shard in range(12) for at in range(40)], ())
    plan = plan_of(MapLayout(graph), 60, 20)
    assert [part.label for line in plan.lines for part in line.parts] == [f"{at:02}" for at in range(12)]
    assert plan.per == 1
    assert first_part("train[seed=1,model=s]", "train") == "1"
    assert first_part("train[seed=1]", "train") is None
    assert first_part("other", "train") is None


def test_many_small_families_share_lines():
    plan = plan_of(MapLayout(chain(300)), 40, 20)
    assert plan.cell_count == 300 or plan.per > 1
    graph = of_families([1] * 500, ["in"] * 250 + [""] * 250)
    titles = [line.title for line in plan_of(MapLayout(graph), 40, 20).lines if line.title]
    assert titles == ["in/", "250 tasks"]
    few = plan_of(MapLayout(of_families([1, 1, 900, 1])), 60, 5)
    assert [line.title for line in few.lines if line.title] == ["ta0x … tb1x", "tc2x ×900", "td3x"]


# Statuses


@given(graph=families(), width=WIDTHS, data=st.data())
def test_at_every_moment_the_worst_of_a_cell_shows_and_counts_add_up(graph: Graph, width: int, data: st.DataObject):
    status = bytearray(len(graph))
    run = still(graph)
    run.state.status[:] = status
    navigator = Navigator(run.state, View.MAP)
    outline = outline_of(navigator)
    navigator.fit(width, 20)
    layout = outline.layout
    for _ in range(4):
        shown = {}
        for line in outline.plan.lines:
            for part in line.parts:
                shown |= zip(
                    range(part.start, part.end, part.per), outline.cells.shown(part, navigator.tallies), strict=True
                )
        for start, end in cells(outline):
            there = [run.state.status[layout.items[place]] for place in range(start, end)]
            assert shown[start] % SHARE == min(there, key=WORST_FIRST.index)
        total = [0] * len(navigator.tallies.counts(0, 0))
        for number in range(outline.plan.cell_count):
            for value, count in enumerate(navigator.tallies.counts(*outline.plan.places(number))):
                total[value] += count
        assert total == [run.state.status.count(value) for value in range(len(total))]
        changes = data.draw(st.dictionaries(st.sampled_from(graph.nodes), STATUSES, max_size=40))
        for node, value in changes.items():
            run.state.status[node] = value
        navigator.take(changes)


def test_a_view_that_was_out_of_sight_shows_what_happened_meanwhile():
    graph = of_families([400])
    run = still(graph)
    navigator = Navigator(run.state, View.MAP)
    outline = outline_of(navigator)
    line = next(line for line in outline.plan.lines if line.parts)
    outline.cells.shown(line.parts[0], navigator.tallies)
    navigator.show(View.TASKS)
    run.state.status[0] = NodeStatus.FAILED
    navigator.take([0])
    navigator.show(View.MAP)
    assert outline.cells.shown(line.parts[0], navigator.tallies)[0] == NodeStatus.FAILED


# The cursor


@given(graph=families(), sizes=st.lists(st.tuples(WIDTHS, HEIGHTS), min_size=1, max_size=4), data=st.data())
def test_another_size_of_the_pane_keeps_the_node_under_the_cursor(
    graph: Graph, sizes: list[tuple[int, int]], data: st.DataObject
):
    navigator = on_map(graph)
    node = data.draw(st.sampled_from(graph.nodes))
    navigator.to_node(node)
    for width, height in sizes:
        navigator.fit(width, height)
        start, end = outline_of(navigator).span(navigator.cursor)
        assert navigator.cursor == node
        assert start <= navigator.outline.layout.positions[node] < end
    navigator.show(View.DEPENDENCY)
    assert navigator.node == node
    navigator.show(View.MAP)
    assert navigator.cursor == node


@given(graph=families(), width=WIDTHS, height=st.integers(8, 40))
def test_keys_walk_over_all_cells_and_back(graph: Graph, width: int, height: int):
    navigator = on_map(graph, width, height)
    outline = outline_of(navigator)
    navigator.to_row(0)
    seen = [outline.cell(navigator.cursor).number]
    while True:
        navigator.unfold()
        number = outline.cell(navigator.cursor).number
        if number == seen[-1]:
            break
        seen.append(number)
    assert sorted(seen) == list(range(outline.plan.cell_count))
    for number in reversed(seen):
        assert outline.cell(navigator.cursor).number == number
        navigator.fold()
    rows = {navigator.row}
    for _ in outline.plan.cell_rows:
        navigator.move(1)
        rows.add(navigator.row)
    assert rows == set(outline.plan.cell_rows)
    navigator.move(-1000)
    assert navigator.row == outline.plan.cell_rows[0]


def test_the_cursor_returns_to_its_column_past_short_lines():
    navigator = on_map(of_families([30, 1, 30]))
    navigator.to_node(20)
    navigator.move(1)
    assert navigator.node == 30
    navigator.move(1)
    assert navigator.node == 51
    navigator.fold()
    navigator.move(-2)
    assert navigator.node == 19


def test_parents_and_children_are_gone_to_in_their_cells():
    graph = chain(400)
    navigator = on_map(graph)
    navigator.to_node(200)
    assert navigator.to_neighbour(up=False)
    assert navigator.node == 201
    assert navigator.to_neighbour(up=True)
    assert navigator.node == 200


def test_cells_of_parents_and_children_light_up_and_look_different_without_colours():
    labels = ["a", *(f"b[n={at}]" for at in range(300)), "c"]
    edges = [*((0, at) for at in range(1, 301)), (7, 301)]
    graph = Graph(labels, edges, tasks=[Task("a"), Task("b"), Task("c")], task_of=[0, *[1] * 300, 2])
    run = still(graph, [event for node in range(302) for event in ran(node, 1, 2)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(60, 20)
    rows = Rows(run, navigator, IN_UNICODE)
    navigator.to_node(7)

    def lit() -> list[str]:
        drawn = (rows.spans(row, 60, run.clock(), cursor=False) for row in outline_of(navigator).plan.cell_rows)
        return [span.text for spans in drawn for span in spans if span.role is Role.LIT]

    assert lit() == ["✓", "✓"]
    before = [rows.lit(row) for row in range(20)]
    navigator.unfold()
    assert lit() == ["✓"]
    cells = outline_of(navigator)
    changed = [row for row in range(20) if rows.lit(row) != before[row] and cells.plan.lines[row].parts]
    assert changed == [cells.cell(7).row, cells.cell(301).row]


def test_failures_are_found_cell_by_cell():
    graph = of_families([4000])
    run = still(graph, [event for node in (5, 6, 7, 3000) for event in ran(node, 1, 2, code=1)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(60, 16)
    assert outline_of(navigator).plan.per > 4
    found = []
    for _ in range(3):
        assert navigator.next_with({NodeStatus.FAILED}, backwards=False)
        found.append(navigator.cursor)
    assert found == [3000, 5, 3000], "the cursor is in the cell of 5 already"
    assert navigator.next_with({NodeStatus.FAILED}, backwards=True)
    assert navigator.cursor == 7, "the last one before the cell"


def test_commands_mean_the_nodes_of_the_cell_and_those_that_a_filter_lets_through():
    graph = of_families([4000])
    navigator = on_map(graph, 60, 16)
    start, end = outline_of(navigator).span(navigator.cursor)
    assert end - start > 4
    assert navigator.node is None
    assert navigator.targets == tuple(range(start, end))
    assert navigator.is_on_many
    assert navigator.many is not None
    assert sum(navigator.many.counts) == navigator.many.head.total == end - start
    navigator.set_filter("a=0,b=1")
    assert navigator.match_count == 11
    assert set(navigator.targets) < set(range(start, end))
    one = on_map(of_families([20]))
    assert one.node == 0
    assert one.targets == (0,)
    assert not one.is_on_many


def test_a_filter_dims_the_cells_without_a_hit_and_shows_the_worst_hit():
    graph = of_families([4000])
    run = still(graph, ran(1, 1, 2, code=1))
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(60, 16)
    rows = Rows(run, navigator, IN_UNICODE)
    navigator.to_node(3000)
    navigator.set_filter("a=0,b=0]")
    row = outline_of(navigator).plan.cell_rows[0]
    spans = rows.spans(row, 60, run.clock(), cursor=False)
    assert [span.role for span in spans].count(Role.GUIDE) == 1
    assert not any(span.role == Role.BADGE for span in spans)
    navigator.set_filter("")
    spans = rows.spans(row, 60, run.clock(), cursor=False)
    assert any(span.role == Role.BADGE for span in spans)


def test_another_graph_of_the_run_keeps_the_map_and_the_node_under_its_cursor():
    before = on_map(of_families([1, 400]), 60, 14)
    before.to_node(200)
    name = "tb1x[a=9,b=19]"
    after = Navigator(still(of_families([1, 400, 30])).state)
    after.carry_over(before)
    assert after.view is View.MAP
    assert still(of_families([1, 400, 30])).graph.labels[after.cursor] == name


# Lines


def text(spans: list[Span]) -> str:
    return "".join(span.text for span in spans)


@given(graph=families(), width=WIDTHS, height=HEIGHTS, look=st.sampled_from([IN_UNICODE, IN_ASCII]), data=st.data())
def test_lines_have_exactly_the_width_of_the_pane(
    graph: Graph, width: int, height: int, look: Look, data: st.DataObject
):
    codes = data.draw(st.lists(st.sampled_from([0, 0, 0, 1]), max_size=min(len(graph), 20)))
    run = still(graph, [event for node, code in enumerate(codes) for event in ran(node, 1, 2, code=code)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(width, height)
    rows = Rows(run, navigator, look)
    for row in range(len(navigator.outline)):
        spans = rows.spans(row, width, run.clock(), cursor=row == navigator.row)
        assert width_of(spans) == width
        assert not look.ascii or text(spans).isascii()
        assert rows.signature(row, width, run.clock()) == rows.signature(row, width, run.clock())


def test_trouble_stands_above_and_what_is_under_the_cursor_below():
    graph = of_families([1, 400])
    run = still(graph, [event for node in (3, 9) for event in ran(node, 1, 2, code=7)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(80, 24)
    navigator.to_node(3)
    rows = Rows(run, navigator, IN_UNICODE)
    lines = [text(rows.spans(row, 80, run.clock(), cursor=False)).strip() for row in range(24)]
    kinds = [line.kind for line in outline_of(navigator).plan.lines]
    assert lines[0] == "✗ 2 failed"
    assert lines[1].startswith("exit 7: tb1x[a=0,b=2]  tb1x[a=0,b=8]")
    assert lines[kinds.index(LineKind.HERE)].startswith("tb1x[a=0,b=2] ✗ exit 7")
    assert "a cell = a node" in lines[kinds.index(LineKind.PACE)]


def test_failures_that_are_allowed_are_not_named_above_the_map():
    tasks = [Task("mild", allow_failure=True), Task("grave"), Task("well")]
    run = still(Graph([task.name for task in tasks], [], tasks=tasks), [*ran(0, 1, 2, code=7), *ran(1, 1, 2, code=1)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(80, 24)
    rows = Rows(run, navigator, IN_UNICODE)
    lines = [text(rows.spans(row, 80, run.clock(), cursor=False)).strip() for row in range(2)]
    assert lines == ["✗ 1 failed", "exit 1: grave"]


def test_half_done_cells_look_different_from_those_in_which_nothing_is_done():
    graph = of_families([4000])
    run = still(graph, [event for node in range(130) for event in ran(node, 1, 2)])
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(60, 16)
    navigator.to_node(3999)
    outline = outline_of(navigator)
    rows = Rows(run, navigator, IN_ASCII)
    shown = text(rows.spans(outline.plan.cell_rows[0], 60, run.clock(), cursor=False))
    assert [sign for sign, after in pairwise(shown.split()[-1]) if sign != after] == ["+", ":"]


# Which graphs it is first shown for


def test_a_graph_of_many_rows_or_of_edges_that_no_lanes_have_room_for_is_first_a_map():
    few = of_families([1] * MOST_ROWS)
    assert first_view(few) is View.TASKS
    assert first_view(of_families([1] * (MOST_ROWS + 1))) is View.MAP
    assert first_view(of_families([5000, 1])) is View.TASKS
    crossed = {(child * step % 59, 60 + child) for child in range(60) for step in (7, 11, 17, 23)}
    assert first_view(Graph([f"n{number}x" for number in range(120)], sorted(crossed))) is View.MAP
    assert first_view(chain(300)) is View.TASKS


def test_the_views_share_one_arrangement():
    graph = of_families([3, 1, 8])
    views = Views(RunState(graph))
    tasks, cells = views.outline(View.TASKS).layout, views.outline(View.MAP).layout
    assert isinstance(tasks, TasksLayout)
    assert isinstance(cells, MapLayout)
    assert [family.title for family in cells.families] == [
        tasks.families.members[family].title for family in tasks.order
    ]


# Pace


def test_the_pace_is_read_from_times_and_goes_on_with_counts():
    graph = chain(100)
    run = still(graph, [event for node in range(60) for event in ran(node, 30 + node, 31 + node)], now=95.5)
    pace = Pace(run.state, run.clock())
    assert sum(pace.bars(95.5, 60)) == 55
    assert pace.rate(95.5) == pytest.approx(0.6)
    run.state.counts[NodeStatus.COMPLETED] += 20
    pace.take(95.6)
    assert pace.bars(96.0, 60)[-1] == 20
    assert pace.bars(96.0, 30)[-1] == 20
    run.state.counts[NodeStatus.COMPLETED] += 900
    pace.take(140.0)
    assert max(pace.bars(141.0, 60)) == 1, "what ended out of sight did not end in this second"
    assert sparkline([0, 1, 4, 8], " ▁▂▃▄▅▆▇█") == " ▁▄█"
    assert sparkline([0, 0], " ▁█") == "  "


def test_the_pace_of_a_settled_run_is_not_said():
    graph = of_families([2])
    run = still(graph, [event for node in (0, 1) for event in ran(node, 1, 2)])
    assert run.settled
    navigator = Navigator(run.state, View.MAP)
    navigator.fit(80, 24)
    assert text(Rows(run, navigator, IN_UNICODE).spans(23, 80, run.clock(), cursor=False)).strip() == "a cell = a node"
