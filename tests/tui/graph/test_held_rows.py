"""What rows say of held nodes, however little room there is."""

from __future__ import annotations

import pytest
from tui.graph.samples import matrix_graph, ran, still

from dagtui.engine.events import CommandEvent
from dagtui.engine.messages import CommandKind
from dagtui.text import cell_width
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.held_rows import HeldRows
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.row_body import MUST, Body, Note, Strip, fitted
from dagtui.tui.graph.views import View
from dagtui.tui.lines.rows import Span


@pytest.mark.parametrize("room", range(1, 60))
def test_a_strip_leaves_room_for_the_word(room: int):
    notes = (Note(4, Span("14")), Note(MUST, Span("held")), Note(1000, Span("      ")))
    strip = Strip(10, 14, lambda cells: [Span("○" * min(14, cells))])
    body = Body(Span("frequency"), notes=notes, strip=strip)
    spans = fitted(body, room, column=0, shorten=lambda cells: "frequency"[:cells], look=IN_UNICODE)
    text = "".join(span.text for span in spans)
    assert cell_width(text) == room
    assert ("held" in text) == (room >= 10 + 1 + 5)
    assert ("14 held" in text) <= ("held" in text)
    assert "○" in text or room <= 10


def test_held_nodes_are_counted_by_branch_and_again_when_they_change():
    graph = matrix_graph()
    session = still(graph, [*ran(0, 0), CommandEvent(1.0, 1, CommandKind.HOLD, (1, 2, 5))], 2.0)
    rows, layout = HeldRows(session.state), Navigator(session.state, View.GROUP).outline.layout
    assert rows.count(layout, None) == 0
    assert rows.count(layout, (0, len(layout))) == 3
    at = layout.positions[2]
    assert rows.count(layout, (at, at + 1)) == 1
    session.state.apply(CommandEvent(2.0, 2, CommandKind.RELEASE, (2,)))
    assert rows.count(layout, (at, at + 1)) == 0
    session.state.apply(CommandEvent(2.0, 3, CommandKind.HOLD, (2,)))
    session.state.apply(CommandEvent(2.0, 4, CommandKind.RELEASE, (1,)))
    assert rows.count(layout, (at, at + 1)) == 1
    assert rows.count(layout, (0, len(layout))) == 2
