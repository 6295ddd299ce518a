"""What rows that stand for many nodes say of those that are stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, matrix_graph, ran, still

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph, Task
from dagtui.text import cell_width
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.row_groups import members
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View
from dagtui.tui.node.group_summary import BranchPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.events import Event
    from dagtui.runs.view import RunView


def stale(node: int) -> Event:
    return NodeEvent(9, node, 1, NodeStatus.COMPLETED, Cause.RAN, stale=True)


def shown(session: RunView, navigator: Navigator, item: int, width: int, *, look: Look = IN_UNICODE) -> str:
    rows = Rows(session, navigator, look)
    return "".join(piece.text for piece in rows.spans(item, width, 100.0, cursor=False))


def opened(graph: Graph, events: Sequence[Event], *, view: View = View.DEPENDENCY) -> tuple[RunView, Navigator]:
    session = still(graph, events)
    navigator = Navigator(session.state)
    navigator.show(view)
    return session, navigator


def page(session: RunView, navigator: Navigator, item: int) -> list[str]:
    navigator.cursor = item
    found = BranchPage(session, keymap=Keymap(ACTIONS))
    found._present = lambda: navigator.many
    return [row.text.rstrip() for row in found.rows_about(item, 100.0)]


def trained() -> tuple[RunView, Navigator, int]:
    graph = matrix_graph(12)
    events = [event for node in range(1, 10) for event in ran(node, 1, 2)] + ran(10, 1, 2, code=1) + ran(11, 1)
    session, navigator = opened(graph, [*ran(0, 0, 1), *events, *map(stale, range(1, 4))])
    return session, navigator, navigator.outline.layout.parents[1]


def test_a_folded_matrix_and_its_page_count_what_is_stale():
    session, navigator, head = trained()
    words = shown(session, navigator, head, 60).split()[1:]
    assert words == ["train", "×12", "→", "score", "✓9", "▶1", "✗1", "·1", "≈3"]
    assert " ≈3 stale " in shown(session, navigator, head, 120)
    assert " %3 stale " in shown(session, navigator, head, 120, look=IN_ASCII)
    assert any(line.split() == ["✓", "done", "9", "(3", "stale)"] for line in page(session, navigator, head))
    navigator.cursor = head
    navigator.unfold()
    assert "≈3 stale" in shown(session, navigator, head, 120)


def test_the_page_says_nothing_of_a_row_that_a_filter_has_hidden():
    """It went on with how the nodes stood when they were last in sight."""
    session, navigator, head = trained()
    assert len(page(session, navigator, head)) > 5
    navigator.set_filter("nowhere")
    assert page(session, navigator, navigator.cursor) == ["no row is under the cursor"]


def test_where_there_is_little_room_what_is_well_goes_before_what_is_stale_and_failures_stay():
    session, navigator, head = trained()
    rows = [shown(session, navigator, head, width) for width in range(70, 15, -1)]
    last = {figure: sum(figure in row for row in rows) for figure in ("✓9", "·1", "≈3", "▶1", "✗1")}
    assert last["✓9"] <= last["·1"] <= last["≈3"] <= last["▶1"] <= last["✗1"]
    assert last["✓9"] < last["≈3"]
    assert all(cell_width(row) == width for row, width in zip(rows, range(70, 15, -1), strict=True))


def test_what_is_stale_below_is_told_from_what_is_stale_in_the_row():
    tasks = [Task("prepare"), Task("train")]
    labels = [f"{task.name}[{at}]" for task in tasks for at in range(12)]
    graph = Graph(labels, [(at, 12 + at) for at in range(12)], tasks=tasks, task_of=[0] * 12 + [1] * 12)
    events = [event for node in range(24) for event in ran(node, 1, 2)]
    session, navigator = opened(graph, [*events, *map(stale, (0, 12, 13, 14))])
    head = navigator.outline.layout.parents[0]
    own, below = shown(session, navigator, head, 100).split("+12 below:")
    assert "≈1 stale" in own
    assert "≈3 stale" in below
    navigator.cursor = head
    navigator.unfold()
    navigator.cursor = 0
    navigator.fold()
    assert shown(session, navigator, 0, 100).split()[-8:-2] == ["≈stale", "+1", "below:", "✓1", "≈1", "stale"]


def test_stale_nodes_are_a_trouble_and_stand_outside_everything_else():
    session, navigator = opened(matrix_graph(4), [*ran(0, 0, 1), *ran(1, 1, 2), stale(1)], view=View.TROUBLE)
    layout = navigator.outline.layout
    assert shown(session, navigator, 1, 60).split()[:2] == ["✓", "train[seed=0]"]
    assert "≈stale" in shown(session, navigator, 1, 60)
    assert "1 stale" in shown(session, navigator, layout.items[0], 60)
    (rest,) = layout.foldables()
    assert layout.head(rest).total == len(session.graph) - 1


def test_a_row_is_drawn_again_when_nothing_changed_but_what_is_stale():
    session, navigator = opened(matrix_graph(12), [event for node in range(13) for event in ran(node, 1, 2)])
    head = navigator.outline.layout.parents[1]
    rows = Rows(session, navigator, IN_UNICODE)
    for number in range(1, 4):
        before = rows.signature(head, 60, 100.0)
        session.state.apply(stale(number))
        assert not navigator.take({number})
        assert rows.signature(head, 60, 100.0) != before
        assert f"≈{number}" in shown(session, navigator, head, 60)


@pytest.mark.parametrize("view", View)
@given(graph=graphs(), data=st.data())
def test_what_is_counted_as_stale_is_what_is_stale_behind_the_row(view: View, graph: Graph, data: st.DataObject):
    done = [event for node in range(len(graph)) for event in ran(node, 1, 2)]
    session, navigator = opened(graph, done, view=view)
    for _ in range(2):
        changed = data.draw(st.sets(st.integers(0, len(graph) - 1)))
        for node in changed:
            session.state.apply(stale(node) if not session.state.stale[node] else ran(node, 1, 2)[-1])
        navigator.take(changed)
        navigator.keep(())
        for item, head in enumerate(navigator.outline.layout.heads, len(graph)):
            if head.kind is not GroupKind.NOTE:
                navigator.cursor = item
                assert navigator.many is not None
                expected = sum(session.state.stale[node] for node in members(navigator.outline, item))
                assert navigator.many.stale == expected
