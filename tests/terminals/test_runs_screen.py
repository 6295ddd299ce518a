"""`dagtui runs` on a terminal: the runs, one of them and back, one resumed, one attached to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.program import call

if TYPE_CHECKING:
    from support.session_harness import SessionHarness

GRAPH = """
[tasks.one]
run = "test ! -e bad"
[tasks.two]
needs = ["one"]
run = "echo it is done {token}"
"""
ASKS = """
[tasks.gate]
ask = "Go on?"
"""


def test_a_run_is_opened_the_list_comes_back_and_another_one_is_resumed(harness: SessionHarness) -> None:
    harness.write(GRAPH)
    for is_bad in (False, True):  # the first run completes, the second one fails
        if is_bad:
            (harness.folder / "bad").touch()
        call("run", "graph.toml", "--fresh", cwd=harness.folder)
    terminal = harness.open("runs", "graph.toml")
    terminal.wait_for_text("✗ one exit 1")
    terminal.send("j\r")
    terminal.wait_for_text("graph #1")
    terminal.wait_for_text("recording")
    terminal.send("\x1b")
    terminal.wait_for_text("runs of graph.toml")
    terminal.wait_for_text("nothing older")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert terminal.foreign_codes() == []
    (harness.folder / "bad").unlink()
    terminal = harness.open("runs")
    terminal.wait_for_text("✗ one exit 1")
    terminal.send("r")
    terminal.wait_for_text("graph #2")
    terminal.wait_for_text("✓ completed")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    told = [what for what in harness.told() if what not in {"attached", "detached"}]
    assert told == ["started", "ended", "resumed", "ended"]


def test_a_screen_shows_the_other_runs_and_the_list_attaches_to_a_live_one(harness: SessionHarness) -> None:
    harness.write(ASKS)
    first = harness.open(columns=120)
    first.wait_for_text("Go on?")
    first.send(":")
    first.wait_for_text("Command or node")
    first.send("runs of this")
    first.wait_for_text("Runs of this graph")
    first.send("\r")
    first.wait_for_text("runs of graph.toml")
    first.wait_for_text("▶ live")
    first.send("\r")
    first.wait_for_text("Go on?")
    first.send("d")
    assert first.wait_for_end() == 0
    terminal = harness.open("runs", "graph.toml")
    terminal.wait_for_text("▶ live")
    terminal.send("\r")
    terminal.wait_for_text("Go on?")
    terminal.send("d")
    assert terminal.wait_for_end() == 0
