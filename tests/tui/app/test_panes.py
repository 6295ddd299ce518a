"""The two panes: their sizes by keys and by the mouse, and what random use of them may not break."""

from __future__ import annotations

import random

import pytest
from support.waiting import until
from textual.events import MouseMove
from tui.app.runs import opened, run_under_way, turns

from dagtui.text.amounts import CellWidth
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
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


async def test_another_terminal_of_the_run_has_the_same_sizes():
    run = run_under_way()
    first = DagtuiApp(run)
    async with opened(first, (120, 40)) as pilot:
        await pilot.press("plus", "plus")
        await first.action_act("pane.lower")
        state = first.dump_state()
    second = DagtuiApp(run, state=state)
    async with opened(second, (200, 50)):
        await until(lambda: second._is_open)
        await until(lambda: left(second) == 120)
        assert not second.main.panes.lower.size.height


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


KEYS = [
    "plus",
    "underscore",
    "z",
    "tab",
    "v",
    "V",
    "minus",
    "equals_sign",
    "space",
    "j",
    "k",
    "g",
    "G",
    "enter",
    "escape",
]
SIZES = [(40, 12), (60, 20), (79, 24), (80, 24), (81, 13), (120, 40), (200, 50), (100, 9)]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.torture)])
async def test_random_use_loses_no_row_and_no_pane(seed: int):
    chance = random.Random(seed)
    app = DagtuiApp(run_under_way())
    async with opened(app, (120, 40)) as pilot:
        for _ in range(25):
            match chance.randrange(8):
                case 0:
                    await pilot.resize_terminal(*chance.choice(SIZES))
                case 1 if app.main.panes.shows_both:
                    await pilot.mouse_down(offset=(app.main.panes.divider, 5))
                    for _ in range(3):
                        app.screen._forward_event(_moved(chance.randrange(app.size.width), button=1))
                    await pilot.mouse_up(offset=(app.main.panes.divider, 5))
                case 2:
                    await app.action_act(chance.choice(["pane.lower", "pane.reset"]))
                case _:
                    await pilot.press(*chance.choices(KEYS, k=2))
            app.request_frame()
            await until(lambda: wrong(app) == "", seconds=10, seen=lambda: wrong(app))


def wrong(app: DagtuiApp) -> str:
    """What is wrong on the screen, or an empty string."""
    panes, tree, lower = app.main.panes, app.main.tree_pane, app.main.panes.lower
    if panes.size != (app.size.width, app.size.height - 3):
        return f"panes are {panes.size} in {app.size}"
    if panes.shows_both and min(tree.outer_size.width, panes.side.outer_size.width) < LEAST_PANE:
        return "a pane is too narrow"
    if panes.shows_both and tree.outer_size.width + panes.side.outer_size.width != app.size.width:
        return "cells are lost"
    if not tree.display:
        return ""
    heads = 1 + panes.time_head.display * panes.time_head.outer_size.height
    if heads + tree.outer_size.height + lower.outer_size.height != panes.size.height:
        return f"rows are lost: {tree.outer_size.height} and {lower.outer_size.height} of {panes.size.height}"
    if lower.outer_size.height and tree.size.height < len(tree.outline):
        return "rows of the tree are hidden"
    top, rows = tree.scroll_offset.y, len(tree.outline)
    if not top <= tree.navigator.row < top + tree.size.height:
        return f"the cursor is out of sight: row {tree.navigator.row}, {tree.size.height} from {top}"
    if top and top + tree.size.height > rows:
        return "there is room for rows above"
    blank = [y for y in range(min(tree.size.height, rows - top)) if not tree.render_line(y).text.strip()]
    return f"blank rows: {blank}" if blank and tree.view not in {View.MAP, View.TIME} else ""


def _moved(column: int, *, button: int) -> MouseMove:
    return MouseMove(None, column, 10, 1, 0, button, False, False, False, column, 10)
