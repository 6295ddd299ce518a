"""The map in the app: keys, the mouse, sizes, and what is sent to the terminal."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text
from tui.graph.samples import chain, ran, still
from tui.many_nodes import half_done
from tui.widget_harness import WidgetHarness

from dagtui.engine.status import NodeStatus
from dagtui.text.look import IN_ASCII
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.map.outline import MapOutline
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.graph.views import View
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from dagtui.graph.model import NodeIndex

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def on_map(app: DagtuiApp) -> AsyncIterator[Pilot[None]]:
    async with opened(app) as pilot:
        app.main.show_view(View.MAP)
        await pilot.pause()
        yield pilot


def outline(pane: TreePane) -> MapOutline:
    assert isinstance(pane.outline, MapOutline)
    return pane.outline


def nodes_under_cursor(pane: TreePane) -> list[NodeIndex]:
    start, end = outline(pane).span(pane.navigator.cursor)
    return [pane.outline.layout.nodes[item] for item in pane.outline.layout.items[start:end]]


async def test_enter_shows_the_nodes_of_a_cell_from_the_worst_on_and_escape_leads_back():
    app = DagtuiApp(half_done())
    async with on_map(app) as pilot:
        pane, graph = app.main.tree_pane, app.view.graph
        await pilot.press("e")
        assert len(nodes_under_cursor(pane)) > 1
        await pilot.press("l", "h")
        cell = nodes_under_cursor(pane)
        await pilot.press("enter")
        assert pane.view is View.TASKS
        assert pane.cursor_node == graph.node("chunk00.07")
        await pilot.press("escape")
        assert pane.view is View.MAP
        assert nodes_under_cursor(pane) == cell
        await pilot.press("escape")
        assert pane.view is View.MAP


async def test_the_right_side_says_how_the_nodes_of_a_cell_stand_and_commands_mean_them():
    app = DagtuiApp(half_done(), look=IN_ASCII)
    async with on_map(app) as pilot:
        await pilot.press("e")
        cell = nodes_under_cursor(app.main.tree_pane)
        await until(lambda: f"{len(cell)} of {len(cell)} settled" in screen_text(app))
        assert "shows the nodes in Tasks" in screen_text(app)
        assert screen_text(app).isascii()
        await pilot.press("X")
        await pilot.press("escape")
        await pilot.press("R")
        assert isinstance(app.screen, PreviewDialog)
        assert set(app.screen.preview.command.nodes) == set(cell)


async def test_another_size_keeps_the_node_and_a_click_goes_to_a_cell():
    app = DagtuiApp(half_done())
    async with on_map(app) as pilot:
        pane = app.main.tree_pane
        await pilot.press("e", "e", "e")
        node = pane.navigator.cursor
        assert app.view.state.status_of(node) is NodeStatus.FAILED
        for size in ((80, 24), (200, 50), (60, 20), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert pane.navigator.cursor == node
            assert node in nodes_under_cursor(pane)
            assert len(pane.outline) == pane.size.height, "the map is as high as the pane"
        cell = outline(pane).cell(app.view.graph.node("chunk13.50"))
        await pilot.click(pane, offset=(cell.column, cell.row))
        assert app.view.graph.node("chunk13.50") in nodes_under_cursor(pane)


async def test_a_filter_dims_what_does_not_pass_and_counts_its_hits():
    app = DagtuiApp(half_done())
    async with on_map(app) as pilot:
        await pilot.press("slash", *"chunk07.1", "enter")
        await until(lambda: "10 hits" in screen_text(app))
        assert app.view.graph.labels[app.main.tree_pane.navigator.cursor].startswith("chunk07.1")
        assert "merge" in screen_text(app), "nothing is hidden"


async def test_a_change_paints_its_cell_and_nothing_else():
    run = still(chain(400), ran(0, 1, 2))
    pane = TreePane(run)
    async with WidgetHarness(pane).run_test(size=(60, 24)) as pilot:
        pane.show_view(View.MAP)
        await pilot.pause()
        for _ in range(3):
            assert pane.flush(100.0) == 0
        refreshed = []
        pane.refresh = lambda *regions, **_: refreshed.extend(regions)  # type: ignore[method-assign, assignment]
        cell = outline(pane).cell(200)
        run.state.apply(ran(200, 100)[0])
        assert pane.flush(100.0) == 1
        assert [(region.x, region.y, region.width) for region in refreshed] == [(cell.column, cell.row, 1)]
        refreshed.clear()
        pane.fold()
        pane.unfold()
        here = pane.size.height - 2
        assert {region.y for region in refreshed} <= {outline(pane).cell(0).row, here}
