"""The row, the log's title, the page in place of a log and Why tell the same seconds, whenever each was drawn."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from tui.graph.samples import chain, ran, still

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import why
from dagtui.text.amounts import seconds_until
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.log.empty_log import silence
from dagtui.tui.log.header import heading

fractions = st.floats(0, 0.999)


def numbers(text: str) -> list[str]:
    return re.findall(r"(\d+) ?s\b", text)


@given(started=st.floats(0, 8), second=st.integers(9, 17), parts=st.tuples(fractions, fractions, fractions, fractions))
def test_a_running_node_tells_one_time(started: float, second: int, parts: tuple[float, ...]) -> None:
    session = still(chain(1), ran(0, started))
    clocks = [second + part for part in parts]
    row = Rows(session, Navigator(session.state), IN_UNICODE).bodies.time(0, clocks[0])
    title = "".join(run.text for run in heading(session, 0, 1, clocks[1], IN_UNICODE))
    page = "".join(one.text for one in silence(session, 0, 1, clocks[2], IN_UNICODE))
    assert len({*numbers(row), *numbers(title), *numbers(page)}) == 1


@given(at=st.floats(0, 8), delay=st.floats(1, 9), parts=st.tuples(fractions, fractions))
def test_a_node_that_is_tried_again_tells_one_time(at: float, delay: float, parts: tuple[float, ...]) -> None:
    waits = NodeEvent(at, 0, 1, NodeStatus.RETRYING, Cause.EXIT, "exit 7", value=7, seconds=1.0, due=at + delay)
    session = still(chain(1), [*ran(0, 0.0), waits] if at else [NodeEvent(0.0, 0, 1, NodeStatus.RUNNING), waits])
    clocks = [int(at) + part for part in parts]
    row = Rows(session, Navigator(session.state), IN_UNICODE).bodies.time(0, clocks[0])
    assert numbers(row) == numbers(why(session.state, 0, clocks[1]))
    assert 1 <= seconds_until(at + delay, at) <= delay + 1
