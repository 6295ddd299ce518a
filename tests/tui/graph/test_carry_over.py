"""What a tree shows is carried over to another graph, by names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tui.graph.samples import graphs

from dagtui.engine.state import RunState
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.row_cursor import NOTHING
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from dagtui.graph.model import Graph


def label_at(navigator: Navigator, graph: Graph) -> str | None:
    """The label of the row under the cursor, if it is a node's own row."""
    layout, cursor = navigator.outline.layout, navigator.cursor
    is_own = cursor != NOTHING and cursor < layout.node_count
    return graph.labels[cursor] if is_own else None


@given(graphs(), graphs(), st.data())
@settings(max_examples=80, deadline=None)
def test_the_cursor_stays_on_its_row_if_it_is_still_there(old: Graph, new: Graph, data: st.DataObject) -> None:
    before, after = Navigator(RunState(old)), Navigator(RunState(new))
    for step in data.draw(st.lists(st.sampled_from(["fold", "fold_all", "unfold_all", "view", "select"]), max_size=4)):
        if step == "view":
            before.show(data.draw(st.sampled_from(View)))
        elif step == "select":
            before.toggle_selected()
        else:
            getattr(before, step)()
        before.to_row(data.draw(st.integers(0, len(before.outline))))
    if data.draw(st.booleans()):
        before.set_filter(data.draw(st.sampled_from(["a", "1", "!a", "x"])))
    name = label_at(before, old)
    after.carry_over(before)
    assert (after.view, after.filter_query) == (before.view, before.filter_query)
    assert {new.labels[node] for node in after.selected} == {
        old.labels[node] for node in before.selected if new.find(old.labels[node]) is not None
    }
    assert (after.cursor == NOTHING) == (not len(after.outline))
    if after.cursor != NOTHING:
        assert after.outline.row(after.cursor) is not None
        assert 0 <= after.row < len(after.outline)
    kept = None if name is None else new.find(name)
    if kept is not None and after.outline.row(kept) is not None:
        assert label_at(after, new) == name


@given(graphs(), st.data())
@settings(max_examples=40, deadline=None)
def test_the_same_graph_shows_the_same_rows(graph: Graph, data: st.DataObject) -> None:
    before, after = Navigator(RunState(graph)), Navigator(RunState(graph))
    for _ in range(data.draw(st.integers(0, 3))):
        before.to_row(data.draw(st.integers(0, len(before.outline))))
        before.toggle()
    after.carry_over(before)
    assert list(after.outline.rows) == list(before.outline.rows)
    assert after.cursor == before.cursor
