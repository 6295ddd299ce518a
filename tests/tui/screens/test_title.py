from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tui.played_run import PlayedRun

from dagtui.engine.messages import CommandKind
from dagtui.graph.model import Graph, Task
from dagtui.text.look import IN_ASCII, IN_UNICODE
from dagtui.tui.screens.title import progress_of, title_of
from dagtui.tui.terminal.announcer import ProgressState

if TYPE_CHECKING:
    from pathlib import Path

NAME = "rna\x1b]0;evil\x07seq"


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    graph = Graph(["a", "b", "c"], [(0, 1)], tasks=[Task("a"), Task("b"), Task("c")])
    graph.name = NAME
    return PlayedRun(graph, tmp_path / "logs")


def test_a_title_says_what_failed_and_how_far_the_run_is(play: PlayedRun):
    assert (title_of(play.session(), IN_UNICODE), progress_of(play.session())) == (
        "rna^[]0;evil^Gseq 0/3",
        (ProgressState.RUNNING, 0),
    )
    play.run("a", value=1)
    session = play.session()
    assert title_of(session, IN_UNICODE) == "✗1 rna^[]0;evil^Gseq 2/3"
    assert title_of(session, IN_ASCII) == "x1 rna^[]0;evil^Gseq 2/3"
    assert progress_of(session) == (ProgressState.FAILED, 66)


def test_a_run_that_is_done_needs_no_progress(play: PlayedRun):
    play.run("a", "b", "c")
    session = play.session()
    assert title_of(session, IN_UNICODE) == "✓ rna^[]0;evil^Gseq 3/3"
    assert progress_of(session)[0] is ProgressState.NONE


def test_a_paused_run_says_so(play: PlayedRun):
    play.run("a")
    play.give(CommandKind.PAUSE)
    assert progress_of(play.session()) == (ProgressState.PAUSED, 33)
