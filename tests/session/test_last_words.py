"""What is left on the terminal when a screen is left."""

from __future__ import annotations

import pytest

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph
from dagtui.session.hosting.farewell import detached
from dagtui.session.lines.card import card
from dagtui.session.session import Session


def ended(now: float) -> Session:
    """A run of one node that took three seconds, looked at later."""
    running = NodeEvent(1.0, 0, 1, NodeStatus.RUNNING)
    completed = NodeEvent(4.0, 0, 1, NodeStatus.COMPLETED, cause=Cause.RAN, seconds=3.0)
    return Session.recorded(Graph.from_edges(["only"], [], name="one"), [running, completed], now)


def test_the_card_of_a_run_that_was_looked_at_for_long_tells_how_long_the_run_took():
    head = card(ended(600.0), width=80, colours=False, ascii_only=False).split("\n")[0]
    assert head == "✓ one completed  run 1, 4.0 s"


@pytest.mark.parametrize(("seconds", "words"), [(600.0, "10 minutes"), (60.0, "1 minute"), (30.0, "30 s")])
def test_who_detaches_from_a_settled_run_is_told_how_long_it_waits(seconds: float, words: str):
    assert f"brings it back within {words}, then its process ends" in detached(ended(600.0), seconds)
