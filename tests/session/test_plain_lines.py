"""Lines for runs without a screen."""

from __future__ import annotations

import pytest

from dagtui.engine.events import CommandEvent
from dagtui.engine.messages import CommandKind
from dagtui.graph.model import Graph
from dagtui.session.lines.plain import PlainLines
from dagtui.session.session import Session


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (CommandEvent(0.0, 1, CommandKind.CANCEL_ALL, by="signal TERM"), "cancel all (signal TERM)"),
        (CommandEvent(0.0, 1, CommandKind.RETRY, (0, 1, 2)), "retry a, b, c (person)"),
        (CommandEvent(0.0, 1, CommandKind.RETRY, (0, 1, 2, 3)), "retry a, b, c and 1 more (person)"),
        (CommandEvent(0.0, 1, CommandKind.SKIP, (0, 1, 2, 3), others=5000), "skip a, b, c and 5,001 more (person)"),
    ],
)
def test_a_command_names_its_first_nodes_and_counts_the_others(event: CommandEvent, text: str):
    session = Session.recorded(Graph.from_edges("abcd", []), [], 0.0)
    (line,) = PlainLines(session, ascii_only=True, colours=False).lines([event])
    assert line.partition("   ")[2] == text
