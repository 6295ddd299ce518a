"""A new run of a graph whose last one still has a process: one that only waits for somebody to look makes room."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_for

if TYPE_CHECKING:
    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

QUICK = """
[tasks.one]
run = "true"
[tasks.two]
needs = ["one"]
run = "test -e wanted"
"""
LONG = """
[tasks.long]
run = "test -e wanted || sleep 600 # {token}"
grace = 0.1
"""


def detached(harness: SessionHarness, graph: str, shows: str) -> int:
    """Start a run and leave it; its process."""
    harness.write(graph)
    terminal = harness.open()
    terminal.wait_for_text(shows)
    session = harness.session()
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert harness.is_alive(session)
    return session


def ended_why(harness: SessionHarness, number: int) -> object:
    journal = harness.folder / f".dagtui/graph/runs/{number}/journal.jsonl"
    last = json.loads(journal.read_bytes().splitlines()[-1])
    return last.get("why") if last.get("what") == "ended" else None


def said(terminal: PtyTerminal) -> str:
    return " ".join(bytes(terminal.raw).decode().split())


def test_a_settled_run_that_nobody_looks_at_makes_room_on_the_screen(harness: SessionHarness) -> None:
    old = detached(harness, QUICK, "failed")
    (harness.folder / "wanted").touch()
    terminal = harness.open("graph.toml", "--fresh")
    terminal.wait_for_text("completed")
    assert harness.runs() == ["1", "2"]
    harness.wait_for_end_of(old)
    assert ended_why(harness, 1) == "makes room for a new run"
    terminal.send("q")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("words", [["run", "graph.toml"], ["run", "graph.toml", "--fresh"]])
def test_it_makes_room_for_a_run_without_screen_too(harness: SessionHarness, words: list[str]) -> None:
    old = detached(harness, QUICK, "failed")
    (harness.folder / "wanted").touch()
    terminal = harness.open(*words)
    assert terminal.wait_for_end() == 0
    harness.wait_for_end_of(old)
    assert harness.runs() == ["1", "2"]
    assert ended_why(harness, 1) == "makes room for a new run"
    assert "run 1 was settled and detached" in said(terminal)


@pytest.mark.parametrize("words", [["run", "graph.toml"], ["graph.toml"]], ids=["run", "screen"])
def test_it_can_be_resumed(harness: SessionHarness, words: list[str]) -> None:
    old = detached(harness, QUICK, "failed")
    (harness.folder / "wanted").touch()
    terminal = harness.open(*words, "--resume")
    terminal.wait_for(lambda: harness.statuses().get("two") == "COMPLETED", "completed run")
    harness.wait_for_end_of(old)
    assert harness.runs() == ["1"]
    assert "resumed" in harness.told()


def test_one_that_is_under_way_is_left_alone(harness: SessionHarness) -> None:
    old = detached(harness, LONG, "long")
    wait_for(harness.pids, "process of the node")
    terminal = harness.open("graph.toml", "--fresh")
    assert terminal.wait_for_end() == 2
    assert "is live, and only a new run takes --fresh" in said(terminal)
    assert harness.runs() == ["1"]
    # What has no screen runs beside it.
    (harness.folder / "wanted").touch()
    beside = harness.open("run", "graph.toml")
    assert beside.wait_for_end() == 0
    assert "detached" not in said(beside)
    assert harness.runs() == ["1", "2"]
    assert harness.is_alive(old)
    assert harness.pids()
    assert ended_why(harness, 1) is None


def test_one_that_somebody_looks_at_is_left_alone(harness: SessionHarness) -> None:
    harness.write(QUICK)
    looking = harness.open()
    looking.wait_for_text("failed")
    terminal = harness.open("graph.toml", "--fresh")
    assert terminal.wait_for_end() == 2
    beside = harness.open("run", "graph.toml")
    assert beside.wait_for_end() == 1
    assert ended_why(harness, 1) is None
    assert harness.open("retry", "graph.toml", "two").wait_for_end() == 0, "it is not about to end either"
    looking.send("q")
    assert looking.wait_for_end() == 1


def test_a_file_that_is_no_graph_changes_nothing(harness: SessionHarness) -> None:
    old = detached(harness, QUICK, "failed")
    (harness.folder / "graph.toml").write_text("no [ graph")
    for words in (["graph.toml", "--fresh"], ["run", "graph.toml"]):
        assert harness.open(*words).wait_for_end() == 2
    assert harness.is_alive(old)
    assert ended_why(harness, 1) is None
