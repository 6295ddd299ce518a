from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, item_name, matrix_graph, ran, still

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from dagtui.runs.view import RunView


def shown(navigator: Navigator, graph: Graph) -> list[str]:
    outline = navigator.outline
    return [item_name(outline.layout, graph, outline.item(row)) for row in range(len(outline))]


def run() -> RunView:
    graph = matrix_graph(20)
    return still(graph, [*ran(0, 1, 5), *ran(1, 6, 9), *ran(2, 6, 8, code=7), *ran(3, 6)])


@given(graph=graphs(), data=st.data())
def test_the_cursor_is_always_on_a_row_in_sight_and_stays_on_its_node(graph: Graph, data: st.DataObject) -> None:
    navigator = Navigator(still(graph).state)
    queries = ["", "t", "[0]", "!t1", "no such name"]
    for _ in range(data.draw(st.integers(1, 12))):
        node = navigator.node
        action = data.draw(
            st.sampled_from(["row", "node", "fold", "unfold", "toggle", "fold all", "view", "filter", "find"])
        )
        if action == "row":
            navigator.to_row(data.draw(st.integers(-3, 60)))
        elif action == "node":
            node = data.draw(st.integers(0, len(graph) - 1))
            navigator.to_node(node)
            assert navigator.cursor == node
        elif action == "find":
            found = navigator.find(data.draw(st.sampled_from(queries)), backwards=data.draw(st.booleans()))
            assert not found or navigator.cursor == navigator.node
        elif action == "view":
            navigator.show(navigator.view.following())
            assert node is None or navigator.filter_query or navigator.cursor == node
        elif action == "filter":
            navigator.set_filter(data.draw(st.sampled_from(queries)))
            if node is not None and navigator.cursor < len(graph) and navigator.outline.row(node) is not None:
                assert navigator.node is not None
        else:
            {
                "fold": navigator.fold,
                "unfold": navigator.unfold,
                "toggle": navigator.toggle,
                "fold all": navigator.fold_all,
            }[action]()
        if len(navigator.outline):
            assert navigator.outline.row(navigator.cursor) == navigator.row
        else:
            assert navigator.node is None
            assert navigator.filter_query


def test_matrices_begin_folded_and_everything_else_does_not() -> None:
    session = run()
    assert shown(Navigator(session.state, View.DEPENDENCY), session.graph) == [
        "prep",
        "<matrix train×20>",
        "score",
        "notify",
    ]


def test_left_folds_and_then_goes_up_and_right_unfolds_and_then_goes_down() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    navigator.to_row(3)
    navigator.fold()
    assert item_name(navigator.outline.layout, session.graph, navigator.cursor) == "prep"
    navigator.fold()
    assert len(navigator.outline) == 1
    navigator.unfold()
    assert len(navigator.outline) == 4
    navigator.unfold()
    assert navigator.outline.layout.head(navigator.cursor).kind is GroupKind.MATRIX
    navigator.unfold()
    assert len(navigator.outline) == 24
    navigator.unfold()
    assert navigator.node == 1


def test_finding_goes_round_the_end_and_unfolds_what_hides_a_hit() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    assert navigator.find("seed=1", backwards=False)
    assert session.graph.labels[navigator.node] == "train[seed=1]"
    for _ in range(11):
        navigator.find("SEED=1", backwards=False)
    assert session.graph.labels[navigator.node] == "train[seed=1]"
    navigator.find("seed=1", backwards=True)
    assert session.graph.labels[navigator.node] == "train[seed=19]"
    assert not navigator.find("nothing like it", backwards=False)


def test_the_next_failure_is_found_where_it_is_folded_away() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    assert navigator.next_with({NodeStatus.FAILED}, backwards=False)
    assert session.graph.labels[navigator.node] == "train[seed=1]"
    assert navigator.next_with({NodeStatus.RUNNING}, backwards=True)
    assert session.graph.labels[navigator.node] == "train[seed=2]"
    assert not navigator.next_with({NodeStatus.CANCELLED}, backwards=False)


@pytest.mark.parametrize("view", View)
def test_failures_that_are_allowed_are_found_only_where_no_other_is(view: View) -> None:
    tasks = [Task("a", allow_failure=True), Task("b"), Task("c", allow_failure=True), Task("d"), Task("e")]
    session = still(Graph([task.name for task in tasks], [], tasks=tasks), [])
    navigator = Navigator(session.state, view)

    def found(*ends: int, backwards: bool = False) -> list[int | None]:
        for node in ends:
            for event in ran(node, 1, 2, code=1):
                session.state.apply(event)
        navigator.take(ends)
        return [navigator.node for _ in range(3) if navigator.next_failure(backwards=backwards)]

    assert not found()
    assert set(found(0, 2)) == {0, 2}
    assert set(found(1)) == {1}
    assert set(found(3)) == {1, 3}
    assert set(found(backwards=True)) == {1, 3}


def test_a_filter_shows_matches_with_what_is_above_them_and_ends_when_another_node_is_wanted() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    before = shown(navigator, session.graph)
    navigator.set_filter("seed=1]")
    assert shown(navigator, session.graph) == ["prep", "<matrix train×20>", "train[seed=1]"]
    navigator.set_filter("!train")
    assert shown(navigator, session.graph) == ["prep", "score", "notify"]
    navigator.to_node(5)
    assert navigator.filter_query == ""
    assert navigator.node == 5
    navigator.outline.fold(navigator.outline.layout.parents[5])
    assert shown(navigator, session.graph) == before


def test_a_filter_holds_in_every_view() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    navigator.set_filter("score")
    for view in [View.GROUP, View.TROUBLE, View.TASKS, View.DEPENDENCY]:
        navigator.show(view)
        assert "score" in shown(navigator, session.graph)
        assert "notify" not in shown(navigator, session.graph)


def test_the_views_follow_each_other_and_the_cursor_stays_on_its_node() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    navigator.to_node(2)
    for view in [View.GROUP, View.TROUBLE, View.TIME, View.TASKS, View.MAP, View.DEPENDENCY]:
        navigator.show(navigator.view.following())
        assert navigator.view is view
        assert navigator.cursor == 2


def test_the_cursor_stays_on_a_row_that_stands_for_many_and_comes_back_to_it() -> None:
    names = ["first", *(f"chunk{number}" for number in range(5))]
    graph = Graph(names, [], tasks=[Task(name) for name in names])
    navigator = Navigator(still(graph).state, View.TASKS)
    navigator.to_node(graph.node("chunk3"))
    navigator.fold()
    group = item_name(navigator.outline.layout, graph, navigator.cursor)
    assert navigator.is_on_many
    navigator.show(View.TIME)
    assert item_name(navigator.outline.layout, graph, navigator.cursor) == group
    navigator.show(View.TROUBLE)
    assert item_name(navigator.outline.layout, graph, navigator.cursor) != group
    navigator.show(View.TASKS)
    assert item_name(navigator.outline.layout, graph, navigator.cursor) == group


def test_another_screen_goes_on_from_a_dump_by_names() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    navigator.to_node(3)
    navigator.to_node(session.graph.node("score"))
    navigator.fold()
    navigator.show(View.GROUP)
    navigator.set_filter("train")
    navigator.show(View.DEPENDENCY)
    navigator.to_node(7)
    other = Navigator(session.state, View.DEPENDENCY)
    other.restore(navigator.dump())
    assert other.node == 7
    assert shown(other, session.graph) == shown(navigator, session.graph)
    for each in (navigator, other):
        each.set_filter("")
    assert shown(other, session.graph) == shown(navigator, session.graph)
    assert len(other.outline) == 24  # the matrix is unfolded, score is folded


def test_a_dump_of_another_graph_does_no_harm() -> None:
    session = run()
    navigator = Navigator(session.state, View.DEPENDENCY)
    navigator.to_node(7)
    navigator.fold_all()
    other = Navigator(still(Graph(["prep", "else"], [], tasks=[Task("prep"), Task("else")])).state)
    other.restore(navigator.dump())
    assert other.node == 0


def test_a_graph_without_nodes_has_no_cursor() -> None:
    navigator = Navigator(still(Graph([], [])).state)
    for action in (navigator.fold, navigator.unfold, navigator.toggle, navigator.fold_all, navigator.unfold_all):
        action()
    navigator.to_row(3)
    navigator.show(View.TROUBLE)
    navigator.set_filter("x")
    assert navigator.node is None
    assert not navigator.find("x", backwards=False)
    assert not navigator.next_with({NodeStatus.FAILED}, backwards=True)
