"""A new run of a graph whose last one still has a process: one that only waits for somebody to look makes room."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from terminals.sessions import Stage
from terminals.terminal import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from terminals.terminal import PtyTerminal

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


@pytest.fixture
def stage(tmp_path: Path, short_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, short_path)
    yield made
    made.clear()


def detached(stage: Stage, graph: str, shows: str) -> int:
    """Start a run and leave it; its process."""
    stage.write(graph)
    terminal = stage.open()
    terminal.wait_for_text(shows)
    session = stage.session()
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert stage.is_alive(session)
    return session


def ended_why(stage: Stage, number: int) -> object:
    journal = stage.folder / f".dagtui/graph/runs/{number}/journal.jsonl"
    last = json.loads(journal.read_bytes().splitlines()[-1])
    return last.get("why") if last.get("what") == "ended" else None


def said(terminal: PtyTerminal) -> str:
    return " ".join(bytes(terminal.raw).decode().split())


def test_a_settled_run_that_nobody_looks_at_makes_room_on_the_screen(stage: Stage) -> None:
    old = detached(stage, QUICK, "failed")
    (stage.folder / "wanted").touch()
    terminal = stage.open("graph.toml", "--fresh")
    terminal.wait_for_text("completed")
    assert stage.runs() == ["1", "2"]
    stage.wait_for_end_of(old)
    assert ended_why(stage, 1) == "makes room for a new run"
    terminal.send("q")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("words", [["run", "graph.toml"], ["run", "graph.toml", "--fresh"]])
def test_it_makes_room_for_a_run_without_screen_too(stage: Stage, words: list[str]) -> None:
    old = detached(stage, QUICK, "failed")
    (stage.folder / "wanted").touch()
    terminal = stage.open(*words)
    assert terminal.wait_for_end() == 0
    stage.wait_for_end_of(old)
    assert stage.runs() == ["1", "2"]
    assert ended_why(stage, 1) == "makes room for a new run"
    assert "run 1 was settled and detached" in said(terminal)


@pytest.mark.parametrize("words", [["run", "graph.toml"], ["graph.toml"]], ids=["run", "screen"])
def test_it_can_be_resumed(stage: Stage, words: list[str]) -> None:
    old = detached(stage, QUICK, "failed")
    (stage.folder / "wanted").touch()
    terminal = stage.open(*words, "--resume")
    terminal.wait_for(lambda: stage.statuses().get("two") == "COMPLETED", "completed run")
    stage.wait_for_end_of(old)
    assert stage.runs() == ["1"]
    assert "resumed" in stage.told()


def test_one_that_is_under_way_is_left_alone(stage: Stage) -> None:
    old = detached(stage, LONG, "long")
    wait_until(stage.pids, "process of the node")
    terminal = stage.open("graph.toml", "--fresh")
    assert terminal.wait_for_end() == 2
    assert "is live, and only a new run takes --fresh" in said(terminal)
    assert stage.runs() == ["1"]
    # What has no screen runs beside it.
    (stage.folder / "wanted").touch()
    beside = stage.open("run", "graph.toml")
    assert beside.wait_for_end() == 0
    assert "detached" not in said(beside)
    assert stage.runs() == ["1", "2"]
    assert stage.is_alive(old)
    assert stage.pids()
    assert ended_why(stage, 1) is None


def test_one_that_somebody_looks_at_is_left_alone(stage: Stage) -> None:
    stage.write(QUICK)
    looking = stage.open()
    looking.wait_for_text("failed")
    terminal = stage.open("graph.toml", "--fresh")
    assert terminal.wait_for_end() == 2
    beside = stage.open("run", "graph.toml")
    assert beside.wait_for_end() == 1
    assert ended_why(stage, 1) is None
    assert stage.open("retry", "graph.toml", "two").wait_for_end() == 0, "it is not about to end either"
    looking.send("q")
    assert looking.wait_for_end() == 1


def test_a_file_that_is_no_graph_changes_nothing(stage: Stage) -> None:
    old = detached(stage, QUICK, "failed")
    (stage.folder / "graph.toml").write_text("no [ graph")
    for words in (["graph.toml", "--fresh"], ["run", "graph.toml"]):
        assert stage.open(*words).wait_for_end() == 2
    assert stage.is_alive(old)
    assert ended_why(stage, 1) is None
