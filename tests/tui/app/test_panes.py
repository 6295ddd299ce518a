"""The two panes: their sizes by keys and by the mouse, and what random use of them may not break."""

from __future__ import annotations

import pytest
from support.waiting import until
from textual.events import MouseMove
from tui.app.runs import opened, run_under_way, turns

from dagtui.text.amounts import CellWidth
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.panes import LEAST_PANE, USUAL_SHARE, left_width

pytestmark = pytest.mark.anyio


def left(app: DagtuiApp) -> int:
    return app.main.tree_pane.outer_size.width


@pytest.mark.parametrize("width", [80, 81, 100, 200])
def test_both_panes_stay_usable(width: int):
    for share in (-1.0, 0.0, 0.1, 0.5, 0.9, 1.0, 7.0):
        cells = left_width(CellWidth(width), share)
        assert cells >= LEAST_PANE
        assert width - cells >= LEAST_PANE


@pytest.mark.parametrize("width", [80, 120, 200])
async def test_keys_size_the_focused_pane_as_far_as_both_stay_usable(width: int):
    app = DagtuiApp(run_under_way())
    async with opened(app, (width, 24)) as pilot:
        usual = left(app)
        await pilot.press("plus")
        assert left(app) == usual + width // 10
        await pilot.press("tab", "plus")
        assert left(app) == usual
        await pilot.press("tab", *["plus"] * 10)
        assert left(app) == width - LEAST_PANE
        assert app.main.top_bar.said == "this pane can't get wider"
        await pilot.press(*["underscore"] * 10)
        assert left(app) == LEAST_PANE
        assert app.main.top_bar.said == "this pane can't get narrower"
        await app.action_act("pane.reset")
        await pilot.pause()
        assert left(app) == usual


async def test_a_pane_that_fills_the_screen_has_no_size():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 24)) as pilot:
        await pilot.press("z", "plus", "underscore")
        assert app.main.top_bar.said == "one pane fills the screen"
        await pilot.press("z")
        assert left(app) == 48


async def test_sizes_are_shares_of_the_terminal_and_outlive_a_narrow_one():
    app = DagtuiApp(run_under_way())
    async with opened(app, (100, 24)) as pilot:
        await pilot.press("plus")
        assert left(app) == 50
        for columns, cells in ((200, 100), (60, 60), (80, 40), (100, 50)):
            await pilot.resize_terminal(columns, 24)
            await until(lambda cells=cells: left(app) == cells)


async def test_the_divider_is_dragged_and_a_double_click_resets_it():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 24)) as pilot:
        await pilot.mouse_down(offset=(48, 10))
        for column in (50, 60, 70):
            app.screen._forward_event(_moved(column, button=1))
        await until(lambda: left(app) == 70)
        await pilot.mouse_up(offset=(70, 10))
        app.screen._forward_event(_moved(20, button=0))
        await turns()
        assert left(app) == 70
        await pilot.click(offset=(70, 10), times=2)
        await until(lambda: left(app) == 48)
        assert app.main.panes.share == USUAL_SHARE


async def test_a_drag_whose_end_the_terminal_kept_to_itself_is_over():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 24)) as pilot:
        await pilot.mouse_down(offset=(48, 10))
        app.screen._forward_event(_moved(60, button=1))
        await until(lambda: left(app) == 60)
        app.screen._forward_event(_moved(70, button=0))
        await until(lambda: app.mouse_captured is None)
        assert left(app) == 60


async def test_elsewhere_than_on_the_divider_nothing_is_dragged():
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 24)) as pilot:
        for column in (20, 47, 49, 100):
            await pilot.mouse_down(offset=(column, 10))
            app.screen._forward_event(_moved(60, button=1))
            await pilot.mouse_up(offset=(60, 10))
            assert left(app) == 48


def _moved(column: int, *, button: int) -> MouseMove:
    return MouseMove(None, column, 10, 1, 0, button, False, False, False, column, 10)
