"""Lines for runs without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.recorded_run import RecordedRun

from dagtui.engine.events import CommandEvent, NodeEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import ArgumentList, Graph, Task
from dagtui.report.plain import PlainLines
from dagtui.report.summary import exit_summary
from dagtui.text.look import ASCII, UNICODE, Look


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (CommandEvent(0.0, 1, CommandKind.CANCEL_ALL, by="signal TERM"), "cancel all (signal TERM)"),
        (CommandEvent(0.0, 1, CommandKind.SET_JOBS, jobs=6), "jobs 6 (person)"),
        (
            CommandEvent(0.0, 1, None, (0,), by="keep_going = false"),
            "nothing more starts, because a failed (keep_going = false)",
        ),
        (CommandEvent(0.0, 1, CommandKind.RETRY, (0, 1, 2)), "retry a, b, c (person)"),
        (CommandEvent(0.0, 1, CommandKind.RETRY, (0, 1, 2, 3)), "retry a, b, c and 1 more (person)"),
        (CommandEvent(0.0, 1, CommandKind.SKIP, (0, 1, 2, 3), others=5000), "skip a, b, c and 5,001 more (person)"),
    ],
)
def test_a_command_names_its_first_nodes_and_counts_the_others(event: CommandEvent, text: str):
    session = RecordedRun(Graph.from_edges("abcd", []), [], 0.0, Path("1"))
    (line,) = PlainLines(session, Look(colours=False)).lines([event])
    assert line.partition("   ")[2] == text


def test_a_node_that_only_its_hold_keeps_from_starting_gets_a_line_with_the_command_that_releases_it():
    graph = Graph.from_edges(["a", "b b", *(f"c{number}" for number in range(30))], [])
    hold = CommandEvent(0.0, 1, CommandKind.HOLD, tuple(range(1, 32)))
    ready = [NodeEvent(1.0, node, 0, NodeStatus.READY) for node in range(32)]
    session = RecordedRun(graph, [hold, *ready], 2.0, Path("1"))
    lines = PlainLines(session, Look(ASCII, colours=False))
    said = [line.partition(" ")[2] for line in lines.lines(ready)]
    assert said[0].startswith("b b  held; to release it: dagtui release ")
    assert said[0].endswith(" 'b b' --run 1")
    assert (len(said), said[-1]) == (21, "and 11 more held")
    assert "nothing is running; 31 held; 0 / 32 settled" in lines.still(2.0)


def test_a_line_says_in_words_what_happened_and_names_the_root_of_what_is_blocked():
    graph = Graph.from_edges("abc", [("a", "b"), ("b", "c")])
    events = [
        NodeEvent(1.0, 0, 1, NodeStatus.RUNNING),
        NodeEvent(2.0, 0, 1, NodeStatus.RETRYING, Cause.EXIT, "exit 7", 7, 1.0, due=4.0),
        NodeEvent(4.0, 0, 2, NodeStatus.RUNNING),
        NodeEvent(5.0, 0, 2, NodeStatus.FAILED, Cause.EXIT, "exit 7", 7, 1.0),
        NodeEvent(5.0, 1, 0, NodeStatus.FAILED_PARENT, why="blocked by a", blocker=0),
        NodeEvent(5.0, 2, 0, NodeStatus.FAILED_PARENT, why="blocked by b", blocker=1),
    ]
    said = [
        "a  started",
        "a  failed: exit 7, retries in 2.0 s",
        "a  started, attempt 2",
        "a  failed: exit 7  1.0 s",
        "b  blocked by a",
        "c  blocked by a",
    ]
    session = RecordedRun(graph, events, 6.0, Path("1"))
    for signs, glyphs in ((ASCII, [""] * 6), (UNICODE, [f"{glyph} " for glyph in "▶↻▶✗⊘⊘"])):
        lines = PlainLines(session, Look(signs, colours=False)).lines(events)
        assert [line.partition(" ")[2] for line in lines] == [a + b for a, b in zip(glyphs, said, strict=True)]


def test_a_line_says_what_a_node_left_behind():
    event = NodeEvent(2.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=1.5, left=1)
    session = RecordedRun(Graph.from_edges("a", []), [NodeEvent(1.0, 0, 1, NodeStatus.RUNNING), event], 6.0, Path("1"))
    (line,) = PlainLines(session, Look(ASCII, colours=False)).lines([event])
    assert line.endswith("a  done  1.5 s; ended 1 process that it left behind")


def test_a_failure_that_is_allowed_is_called_so():
    graph = Graph(["a"], [], tasks=[Task("a", ArgumentList(("false",)), allow_failure=True)])
    failed = NodeEvent(2.0, 0, 1, NodeStatus.FAILED, Cause.EXIT, "exit 1", 1, 1.0)
    session = RecordedRun(graph, [NodeEvent(1.0, 0, 1, NodeStatus.RUNNING), failed], 6.0, Path("1"))
    (line,) = PlainLines(session, Look(ASCII, colours=False)).lines([failed])
    assert line.endswith("a  failed (allowed): exit 1  1.0 s")
    assert "1 failed (allowed)" in exit_summary(session, width=80, look=Look(ASCII, colours=False))
