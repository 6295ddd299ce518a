"""Every key of the table does what it says: a row without a test here fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import CELLS, opened, run_under_way

from dagtui.engine.status import NodeStatus
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.palette import Palette
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from dagtui.host.exit_reason import ExitReason

SIZES = [(60, 20), (120, 40)]


class Keys:
    """Presses keys, and looks at what came of it."""

    def __init__(self, app: DagtuiApp, pilot: Pilot[ExitReason]) -> None:
        self.app, self.pilot = app, pilot
        self.main, self.tree, self.side = app.main, app.main.tree_pane, app.main.side
        self.state, self.graph = app.session.state, app.session.graph

    async def on(self, label: str):
        self.tree.select(self.graph.node(label))
        await self.pilot.pause()

    async def press(self, *keys: str):
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def label(self):
        return self.graph.labels[self.tree.cursor_node]

    def status(self, label: str):
        return self.state.status_of(self.graph.node(label))

    def said(self):
        return self.main.footer.said


async def down_and_up(hand: Keys, key: str):
    await hand.press("g")
    first = hand.tree.cursor_row
    await hand.press("j", key)
    return hand.tree.cursor_row - first


Check = Callable[[Keys, str], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def check(id_: str):
    def note(function: Check):
        CHECKS[id_] = function
        return function

    return note


@check("move.down")
async def _(hand: Keys, key: str):
    assert await down_and_up(hand, key) == 2


@check("move.up")
async def _(hand: Keys, key: str):
    assert await down_and_up(hand, key) == 0


@check("move.top")
async def _(hand: Keys, key: str):
    await hand.press("G", key)
    assert hand.tree.cursor_row == 0


@check("move.bottom")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.tree.cursor_row == len(hand.tree.outline) - 1


@check("move.page_down")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.tree.cursor_row > 4


@check("move.page_up")
async def _(hand: Keys, key: str):
    await hand.press("G", key)
    assert hand.tree.cursor_row < len(hand.tree.outline) - 4


@check("move.half_down")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.tree.cursor_row > 1


@check("move.half_up")
async def _(hand: Keys, key: str):
    await hand.press("G", key)
    assert hand.tree.cursor_row < len(hand.tree.outline) - 2


@check("fold.close")
async def _(hand: Keys, key: str):
    await hand.on("merge")
    before = len(hand.tree.outline)
    await hand.press(key)
    assert len(hand.tree.outline) < before


@check("fold.open")
async def _(hand: Keys, key: str):
    await hand.on("merge")
    before = len(hand.tree.outline)
    await hand.press("h", key)
    assert len(hand.tree.outline) == before


@check("fold.toggle")
async def _(hand: Keys, key: str):
    await hand.on("merge")
    before = len(hand.tree.outline)
    await hand.press(key)
    assert len(hand.tree.outline) < before
    await hand.press(key)
    assert len(hand.tree.outline) == before


@check("fold.close_all")
async def _(hand: Keys, key: str):
    before = len(hand.tree.outline)
    await hand.press(key)
    assert len(hand.tree.outline) < before


@check("fold.open_all")
async def _(hand: Keys, key: str):
    before = len(hand.tree.outline)
    await hand.press("minus", key)
    assert len(hand.tree.outline) >= before


@check("pane.open")
async def _(hand: Keys, key: str):
    await hand.on("split")
    await hand.press(key)
    assert hand.main.pane is Pane.LOG
    assert hand.main.zoomed
    assert hand.side.display
    assert not hand.tree.display


@check("pane.back")
async def _(hand: Keys, key: str):
    await hand.press("enter", key)
    assert hand.main.pane is Pane.TREE
    assert not hand.main.zoomed
    assert hand.tree.display


@check("pane.next")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.main.on_side
    assert hand.app.focused is hand.side.focus_target
    await hand.press(key)
    assert hand.app.focused is hand.tree


@check("pane.log")
async def _(hand: Keys, key: str):
    await hand.press("3", key)
    assert hand.main.tab is Pane.LOG


@check("pane.details")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.main.tab is Pane.DETAILS
    assert hand.side.display


@check("pane.why")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.main.tab is Pane.WHY
    assert hand.side.display


@check("pane.zoom")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.tree.size.width >= hand.app.size.width - 2
    await hand.press(key)
    assert not hand.main.zoomed


@check("tree.view")
async def _(hand: Keys, key: str):
    before = hand.tree.view
    await hand.press(key)
    assert hand.tree.view is not before
    assert hand.tree.view.value in hand.said()


@check("find.start")
async def _(hand: Keys, key: str):
    await hand.press(key, *"merge", "enter")
    assert hand.tree.filter_query == "merge"
    assert hand.app.focused is hand.tree
    await hand.press("escape")
    assert hand.tree.filter_query == ""


@check("find.next")
async def _(hand: Keys, key: str):
    await hand.press("slash", *"align", "enter", "g", key)
    first = hand.label()
    await hand.press(key)
    assert first in CELLS
    assert hand.label() in CELLS
    assert hand.label() != first


@check("find.previous")
async def _(hand: Keys, key: str):
    await hand.press("slash", *"align", "enter", "g", "n", "n", key)
    assert hand.label() == CELLS[0]


@check("find.failure")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.label() == CELLS[1]


@check("find.failure_back")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.label() == CELLS[1]


@check("find.running")
async def _(hand: Keys, key: str):
    await hand.press("g", key)
    assert hand.label() == CELLS[2]


@check("node.retry")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    await hand.press(key)
    assert hand.status(CELLS[1]) is NodeStatus.READY
    assert CELLS[1] in hand.said()


@check("node.rerun")
async def _(hand: Keys, key: str):
    await hand.on("split")
    await hand.press(key)
    assert isinstance(hand.app.screen, PreviewDialog)


@check("node.cancel")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[2])
    await hand.press(key)
    assert hand.status(CELLS[2]) is NodeStatus.CANCELLING
    assert "stopping" in hand.said()


@check("node.cancel_subtree")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[2])
    await hand.press(key)
    assert isinstance(hand.app.screen, PreviewDialog)


@check("node.skip")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    await hand.press(key)
    assert hand.status(CELLS[1]) is NodeStatus.SKIPPED
    assert hand.status("merge") is NodeStatus.WAITING


@check("node.mark_done")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    await hand.press(key)
    assert hand.status(CELLS[1]) is NodeStatus.COMPLETED


@check("select.toggle")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    row = hand.tree.cursor_row
    await hand.press(key)
    assert hand.tree.targets == (hand.graph.node(CELLS[1]),)
    assert hand.tree.cursor_row == row + 1
    await hand.press("k", key)
    assert hand.tree.selected_count == 0


@check("run.retry_failed")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert isinstance(hand.app.screen, PreviewDialog)


@check("run.pause")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.state.paused
    assert "paused" in hand.said()
    await hand.press(key)
    assert not hand.state.paused


@check("run.fewer_jobs")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.state.jobs == 3


@check("run.more_jobs")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.state.jobs == 5


@check("log.follow")
async def _(hand: Keys, key: str):
    before = hand.side.log_pane.view.follows
    await hand.press(key)
    assert hand.side.log_pane.view.follows is not before


@check("log.wrap")
async def _(hand: Keys, key: str):
    before = hand.side.log_pane.view.wraps
    await hand.press(key)
    assert hand.side.log_pane.view.wraps is not before


@check("log.times")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.side.log_pane.view.shows_times


@check("log.numbers")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert hand.side.log_pane.view.shows_numbers


@check("log.first_error")
async def _(hand: Keys, key: str):
    # There is no log here; with one, the log pane's own tests say what happens.
    await hand.press(key)
    assert hand.app.is_running


@check("log.previous_attempt")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    hand.state.attempt[hand.graph.node(CELLS[1])] = 3
    await hand.press(key)
    assert hand.side.log_pane.attempt == 2


@check("log.next_attempt")
async def _(hand: Keys, key: str):
    await hand.on(CELLS[1])
    hand.state.attempt[hand.graph.node(CELLS[1])] = 3
    await hand.press("left_square_bracket", "left_square_bracket", key)
    assert hand.side.log_pane.attempt == 2


@check("log.pager")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert "no log" in hand.said()


@check("node.shell")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert "nothing is executed here" in hand.said()  # on real terminals: terminals/test_shell


@check("screen.copy")
async def _(hand: Keys, key: str):
    await hand.on("merge")
    await hand.press(key)
    assert hand.app.clipboard == "merge"
    assert "copied" in hand.said()


@check("screen.help")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert isinstance(hand.app.screen, HelpScreen)


@check("screen.palette")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert isinstance(hand.app.screen, Palette)
    await hand.press("escape")
    assert hand.app.screen is hand.main


@check("screen.repaint")
async def _(hand: Keys, key: str):
    calls = []
    hand.app._actions["screen.repaint"] = lambda: calls.append(1)
    await hand.press(key)
    assert calls


@check("screen.suspend")
async def _(hand: Keys, key: str):
    calls = []
    hand.app._actions["screen.suspend"] = lambda: calls.append(1)
    await hand.press(key)
    assert calls


@check("screen.detach")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert "can't detach" in hand.said()
    assert hand.app.is_running


@check("screen.leave")
async def _(hand: Keys, key: str):
    await hand.press(key)
    assert isinstance(hand.app.screen, LeaveDialog)


def test_every_row_of_the_table_is_tested():
    assert set(CHECKS) == {key.id for key in ACTIONS}


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(("id_", "name"), [(key.id, name) for key in ACTIONS for name in key.keys])
async def test_a_key_does_its_action(id_: str, name: str, size: tuple[int, int]):
    app = DagtuiApp(run_under_way())
    async with opened(app, size) as pilot:
        await CHECKS[id_](Keys(app, pilot), name)


@pytest.mark.anyio
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_moving_keys_reach_the_right_side(size: tuple[int, int]):
    app = DagtuiApp(run_under_way())
    async with opened(app, size) as pilot:
        await pilot.press("tab")
        row = app.main.tree_pane.cursor_row
        for tab in "123":
            await pilot.press(tab)
            for key in ["j", "k", "g", "G", "pagedown", "pageup", "ctrl+d", "ctrl+u", "space", "h", "l"]:
                await pilot.press(key)
                assert app.main.tree_pane.cursor_row == row, key
            await until(lambda: app.focused is app.main.side.focus_target)
