"""Holding and releasing nodes with the key, and where the screen says that they are held."""

from __future__ import annotations

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text, shown_keys
from tui.app.test_many import parts_under_way
from tui.played_run import PlayedRun

from dagtui.engine.messages import CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.model import Graph
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.screens.preview import PreviewDialog

pytestmark = pytest.mark.anyio

CHAIN = Graph.from_edges(["fetch", "report", "publish"], [("fetch", "report"), ("report", "publish")], name="chain")


def chain_under_way() -> DagtuiApp:
    play = PlayedRun(CHAIN)
    play.start("fetch")
    return DagtuiApp(play.session())


def row_of(app: DagtuiApp, name: str) -> str:
    """The row of a node in the left pane."""
    cells = app.main.tree_pane.size.width
    return next(line[:cells] for line in screen_text(app).splitlines()[3:] if f" {name} " in line[:cells])


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 50)])
async def test_the_key_holds_a_node_and_releases_it_again(size: tuple[int, int]):
    app = chain_under_way()
    async with opened(app, size) as pilot:
        app.jump(2)
        await until(lambda: "node.hold" in shown_keys(app) and "b hold" in screen_text(app))
        await pilot.press("b")
        await until(lambda: "held" in row_of(app, "publish"))
        assert app.view.state.held == {2}
        assert "hold publish: held until it is released" in app.main.top_bar.said
        assert "1 held" in screen_text(app).splitlines()[0]
        await until(lambda: "b release" in screen_text(app))
        await pilot.press("b")
        await until(lambda: "held" not in row_of(app, "publish"))
        assert app.view.state.held == set()
        await until(lambda: "1 held" not in screen_text(app).splitlines()[0])


@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY, View.GROUP, View.TIME])
async def test_a_view_of_nodes_says_which_are_held(view: View):
    app = chain_under_way()
    async with opened(app) as pilot:
        while app.main.tree_pane.navigator.view is not view:
            await pilot.press("v")
        app.jump(1)
        await pilot.press("b")
        await until(lambda: "held" in row_of(app, "report"))
        assert "held" not in row_of(app, "publish")


async def test_when_only_what_is_held_is_left_the_top_bar_says_so():
    play = PlayedRun(CHAIN)
    play.give(CommandKind.HOLD, "report")
    play.run("fetch")
    app = DagtuiApp(play.session())
    async with opened(app) as pilot:
        await until(lambda: "○ held" in screen_text(app).splitlines()[0])
        assert app.view.waits == "waits for report to be released"
        app.jump(1)
        await pilot.press("3")
        await until(lambda: "b releases report" in screen_text(app))
        assert "○ held until it is released" in screen_text(app)
        assert "queued" not in screen_text(app)
        app.jump(2)
        await until(lambda: "report  held" in screen_text(app))


async def test_a_row_of_many_holds_all_that_can_be_held_and_then_releases_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PreviewDialog, "deaf", False)
    app = DagtuiApp(parts_under_way())
    async with opened(app) as pilot:
        await pilot.press("j", "b")
        await until(lambda: isinstance(app.screen, PreviewDialog))
        assert "Hold 8 nodes?" in screen_text(app)
        assert "holds 8" in screen_text(app)
        await pilot.press("y")
        await until(lambda: len(app.view.state.held) == 8)
        await until(lambda: "8 held" in row_of(app, "part") and "b release" in screen_text(app))
        await until(lambda: "b releases the nodes that are held" in screen_text(app))
        await pilot.press("b")
        await until(lambda: "Release 8 nodes?" in screen_text(app))
        await pilot.press("y")
        await until(lambda: not app.view.state.held)
        await until(lambda: "held" not in row_of(app, "part"))


async def test_the_preview_of_a_rerun_names_what_stays_held():
    app = chain_under_way()
    async with opened(app) as pilot:
        app.jump(2)
        await pilot.press("b")
        app.jump(0)
        await pilot.press("R")
        await until(lambda: "Still held 1 node" in screen_text(app))
        assert "1 still held" in screen_text(app)


async def test_a_node_that_runs_is_not_held():
    app = chain_under_way()
    async with opened(app) as pilot:
        app.jump(0)
        await until(lambda: "node.cancel" in shown_keys(app))
        assert "node.hold" not in shown_keys(app)
        await pilot.press("b")
        await until(lambda: "it is running already; hold what comes after it" in app.main.top_bar.said)
        assert app.view.state.status_of(0) is NodeStatus.RUNNING


async def test_the_palette_offers_to_hold_or_to_release():
    app = chain_under_way()
    async with opened(app) as pilot:
        app.jump(2)
        await pilot.press("colon", *"hold")
        await until(lambda: "Hold node" in screen_text(app))
        await pilot.press("escape")
        await until(lambda: len(app.screen_stack) == 1)
        await pilot.press("b")
        await until(lambda: app.view.state.held == {2})
        await pilot.press("colon", *"release")
        await until(lambda: "Release node" in screen_text(app))
        assert "Hold node" not in screen_text(app)
