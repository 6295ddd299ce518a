"""The trouble view in the whole screen: what keys on its rows mean, and how it follows a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text
from tui.played_run import PlayedRun

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import ArgumentList, Graph, RetryPolicy, Task
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

LOADS = ["load_a", "load_b", "load_c"]


def loads(directory: Path) -> PlayedRun:
    """Two of three nodes failed alike, and block one."""
    tasks = [Task(name, ArgumentList(("true",))) for name in (*LOADS, "total")]
    play = PlayedRun(Graph([*LOADS, "total"], [(at, 3) for at in range(3)], tasks=tasks), directory)
    play.start(*LOADS)
    for name in LOADS[:2]:
        play.prints(name, f"reading {name}\nerror: no table '{name}'\n".encode())
        play.end(name, value=1)
    return play


async def test_r_on_a_group_retries_all_of_it(tmp_path: Path):
    run = loads(tmp_path).session()
    app = DagtuiApp(run)
    async with opened(app) as pilot:
        app.main.show_view(View.TROUBLE)
        await until(lambda: "error: no table 'load_a'" in screen_text(app))
        text = screen_text(app)
        assert "2 failed, 1 blocked" in text
        assert "✗ 2 × exit 1  load_a, load_b" in text
        assert "blocks total" in text
        await pilot.press("g")
        await until(lambda: "failed alike: exit 1" in screen_text(app))
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, PreviewDialog) and not app.screen.deaf)
        await pilot.press("enter")
        await until(lambda: not run.state.counts[NodeStatus.FAILED])
        await until(lambda: "No trouble" in screen_text(app))
        assert run.state.attempt[2] == 1, "what did not fail goes on"


async def test_a_retry_says_when_and_which_attempt(tmp_path: Path):
    tasks = [Task("load", ArgumentList(("true",)), retry=RetryPolicy(retries=2, delay=30.0))]
    play = PlayedRun(Graph(["load"], [], tasks=tasks), tmp_path)
    play.start("load")
    play.end("load", value=7)
    app = DagtuiApp(play.session())
    async with opened(app, (120, 40)):
        app.main.show_view(View.TROUBLE)
        await until(lambda: "1 retrying" in screen_text(app))
        row = next(line for line in screen_text(app).splitlines() if "1 of 3" in line)
        assert " ".join(row.split()).startswith("▌ ↻ load exit 7 1 of 3 in 30 s")
