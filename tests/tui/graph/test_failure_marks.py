"""The scroll bar of the left pane shows where failures are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import graphs, matrix_graph, ran, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.graph.failure_marks import failed_parts
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from dagtui.tui.graph.tallies import Tallies


@given(graph=graphs(), data=st.data())
def test_a_part_is_marked_if_one_of_its_rows_shows_or_hides_a_failure(graph: Graph, data: st.DataObject):
    failed = data.draw(st.sets(st.integers(0, len(graph) - 1)))
    session = still(graph, [event for node in failed for event in ran(node, 1.0, 2.0, code=1)])
    navigator = Navigator(session.state, data.draw(st.sampled_from([View.DEPENDENCY, View.TASKS, View.GROUP])))
    if data.draw(st.booleans()):
        navigator.unfold_all()
    if data.draw(st.booleans()):
        navigator.set_filter("1")
    outline = navigator.outline
    parts = data.draw(st.integers(1, 12))
    rows = {outline.nearest_row(node) for node in failed if outline.lets_through(outline.layout.positions[node])}
    assert failed_parts(outline, navigator.tallies, parts) == sorted({row * parts // len(outline) for row in rows})


def bar(pane: TreePane) -> list[str]:
    return [strip.text for strip in pane.vertical_scrollbar.render_lines(pane.vertical_scrollbar.size.region)]


@pytest.mark.anyio
@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
async def test_marks_follow_failures_and_cost_nothing_without(look: Look):
    session = still(matrix_graph(300))
    pane = TreePane(session, look)
    sign = look.glyphs.statuses[NodeStatus.FAILED]
    async with WidgetHarness(pane).run_test(size=(40, 11)) as pilot:
        pane.show_view(View.DEPENDENCY)
        pane.unfold_all()
        await pilot.pause()
        pane.flush(1.0)
        assert sign not in bar(pane)
        last = session.graph.node("train[seed=299]")
        for event in ran(last, 1.0, 2.0, code=1):
            session.state.apply(event)
        pane.flush(2.0)
        await pilot.pause()
        drawn = bar(pane)
        assert drawn.count(sign) == 1
        assert drawn.index(sign) >= 9
        assert pane._marks is not None
        refreshed: list[object] = []
        pane.vertical_scrollbar.refresh = lambda *regions, **_: refreshed.extend(regions)
        for event in ran(3, 3.0, 4.0):
            session.state.apply(event)
        for clock in (3.0, 4.0, 5.0):
            pane.flush(clock)
        assert refreshed == []


@pytest.mark.anyio
async def test_other_rows_are_marked_at_once_also_when_nothing_happens_any_more():
    graph = matrix_graph(300)
    pane = TreePane(still(graph, ran(graph.node("train[seed=299]"), 1.0, 2.0, code=1)))
    sign = IN_UNICODE.glyphs.statuses[NodeStatus.FAILED]
    async with WidgetHarness(pane).run_test(size=(40, 11)) as pilot:
        pane.show_view(View.DEPENDENCY)
        await pilot.pause()
        pane.unfold_all()
        await pilot.pause()
        assert bar(pane).count(sign) == 1


def test_rows_are_searched_once_for_each_part(monkeypatch: pytest.MonkeyPatch):
    graph = Graph([f"n{node}" for node in range(100_000)], [], name="many")
    navigator = Navigator(still(graph).state, View.GROUP)
    looked = 0
    having = type(navigator.tallies).having

    def counted(tallies: Tallies, *given: int) -> object:
        nonlocal looked
        looked += 1
        return having(tallies, *given)

    monkeypatch.setattr(type(navigator.tallies), "having", counted)
    failed_parts(navigator.outline, navigator.tallies, 40)
    assert looked == 40, "one search for each part, whose speed is that of bytearray.find"
