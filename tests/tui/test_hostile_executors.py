"""Hostile names of executors and machines, and reasons of their engines, break no row of any view or dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tui.app.runs import opened
from tui.gallery.graphs import mixed
from tui.gallery.played import Elsewhere, Played
from tui.recordings import BEGAN_AT

from dagtui.engine.messages import Silent
from dagtui.text import cell_width
from dagtui.text.amounts import WallTime
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from pathlib import Path

    from support.adopted_run import AdoptedRun
    from textual.pilot import Pilot

    from dagtui.graph.model import Graph

pytestmark = pytest.mark.anyio
BAD = "\x1b[31m漢字[/b][@click=app.exit]\u202e\x07\r\n\ud83d" + "很" * 200
NAME = f"cluster{BAD}"
"""Reading a file refuses such a name, but a journal of another version may have it."""
STEPS = {
    "align[sample=9]": ("1", "2", "3", "question_mark", "escape", "X", "escape"),
    "align[sample=2]": ("1", "2", "3"),
}
"""Keys at nodes that wait and run there."""


def hostile_graph(name: str) -> Graph:
    graph = mixed()
    graph.executors[name] = replace(graph.executors.pop("cluster"), name=name)
    graph.tasks = [replace(task, executor=name) if task.executor == "cluster" else task for task in graph.tasks]
    return graph


def hostile_run(name: str, tmp_path: Path) -> AdoptedRun:
    """Return a run in which everything is hostile that an executor of some name says."""
    graph = hostile_graph(name)
    there = {"align": Elsewhere((BAD,), 6, f"job 4711: {BAD}"), "train": Elsewhere((f"gpubox {BAD}",), 2)}
    silent = Silent(name, WallTime(BEGAN_AT), BAD)
    played = Played(160.0, {}, 4, lambda label: 2.0 if label == "prepare" else 300.0, there, silent)
    return played.run(graph, played.events(graph), tmp_path)


def check(app: DagtuiApp, width: int) -> None:
    """Check that each row has the width of the screen and no control codes."""
    for strip in app.screen._compositor.render_strips():
        text = "".join(segment.text for segment in strip)
        assert cell_width(text) == width, text
        assert text.isprintable(), repr(text)


async def painted(app: DagtuiApp, pilot: Pilot[object]) -> None:
    app._paint_changes()
    await pilot.pause()


@pytest.mark.parametrize(
    ("size", "name"), [((40, 12), NAME), ((200, 50), NAME), ((120, 40), "c")], ids=["narrow", "wide", "short"]
)
async def test_rows_stay_whole(tmp_path: Path, size: tuple[int, int], name: str):
    """A long name leaves no room for what stands behind it, a short one does."""
    run = hostile_run(name, tmp_path)
    app = DagtuiApp(run)
    async with opened(app, size) as pilot:
        for view in View:
            app.main.show_view(view)
            app.main.tree_pane.unfold_all()
            await painted(app, pilot)
            check(app, size[0])
        for label, keys in STEPS.items():
            app.jump(run.graph.node(label))
            for key in keys:
                await pilot.press(key)
                await painted(app, pilot)
                check(app, size[0])
