"""Every key of the table does what it says: a row without a test here fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import CELLS, opened, run_under_way, screen_text

from dagtui.engine.status import NodeStatus
from dagtui.runs.view import NO_FILE
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.availability import NO_FAILURE, ONE_PANE
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.all_logs.page import AllLogsPage
from dagtui.tui.app import DagtuiApp
from dagtui.tui.compare.page import AttemptsPage
from dagtui.tui.graph.views import View
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.palette import Palette
from dagtui.tui.screens.preview import PreviewDialog
from dagtui.tui.screens.reload import GraphErrorDialog
from dagtui.tui.search.page import FindPage

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason

SIZES = [(60, 20), (120, 40)]


class Keys:
    """Presses keys, and looks at what came of it."""

    def __init__(self, app: DagtuiApp, pilot: Pilot[ExitReason]) -> None:
        self.app, self.pilot = app, pilot
        self.main, self.tree, self.side = app.main, app.main.tree_pane, app.main.side
        self.state, self.graph = app.view.state, app.view.graph

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
        return self.main.top_bar.said


async def down_and_up(keys: Keys, key: str):
    await keys.press("g")
    first = keys.tree.navigator.row
    await keys.press("j", key)
    return keys.tree.navigator.row - first


Check = Callable[[Keys, str], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def check(function: Check):
    """Note the check of a key, which is named by its id: `move_down` checks "move.down"."""
    CHECKS[function.__name__.replace("_", ".", 1)] = function
    return function


@check
async def move_down(keys: Keys, key: str):
    assert await down_and_up(keys, key) == 2


@check
async def move_up(keys: Keys, key: str):
    assert await down_and_up(keys, key) == 0


@check
async def move_top(keys: Keys, key: str):
    await keys.press("G", key)
    assert keys.tree.navigator.row == 0


@check
async def move_bottom(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.tree.navigator.row == len(keys.tree.outline) - 1


@check
async def move_page_down(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.tree.navigator.row > 4


@check
async def move_page_up(keys: Keys, key: str):
    await keys.press("G", key)
    assert keys.tree.navigator.row < len(keys.tree.outline) - 4


@check
async def move_half_down(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.tree.navigator.row > 1


@check
async def move_half_up(keys: Keys, key: str):
    await keys.press("G", key)
    assert keys.tree.navigator.row < len(keys.tree.outline) - 2


@check
async def move_parent(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.label() == CELLS[0]
    await keys.on("fetch")
    await keys.press(key)
    assert keys.label() == "fetch"
    assert keys.said() == "it needs no other node"


@check
async def move_child(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.label() == "call"


@check
async def fold_close(keys: Keys, key: str):
    keys.tree.show_view(View.DEPENDENCY)
    await keys.on("merge")
    before = len(keys.tree.outline)
    await keys.press(key)
    assert len(keys.tree.outline) < before


@check
async def fold_open(keys: Keys, key: str):
    keys.tree.show_view(View.DEPENDENCY)
    await keys.on("merge")
    before = len(keys.tree.outline)
    await keys.press("h", key)
    assert len(keys.tree.outline) == before


@check
async def fold_toggle(keys: Keys, key: str):
    keys.tree.show_view(View.DEPENDENCY)
    await keys.on("merge")
    before = len(keys.tree.outline)
    await keys.press(key)
    assert len(keys.tree.outline) < before
    await keys.press(key)
    assert len(keys.tree.outline) == before


@check
async def fold_close_all(keys: Keys, key: str):
    keys.tree.show_view(View.DEPENDENCY)
    before = len(keys.tree.outline)
    await keys.press(key)
    assert len(keys.tree.outline) < before


@check
async def fold_open_all(keys: Keys, key: str):
    keys.tree.show_view(View.DEPENDENCY)
    before = len(keys.tree.outline)
    await keys.press("minus", key)
    assert len(keys.tree.outline) >= before


@check
async def pane_open(keys: Keys, key: str):
    await keys.on("split")
    await keys.press(key)
    assert keys.main.pane is Pane.LOG
    assert keys.main.zoomed
    assert keys.side.display
    assert not keys.tree.display


@check
async def pane_back(keys: Keys, key: str):
    await keys.press("enter", key)
    assert keys.main.pane is Pane.TREE
    assert not keys.main.zoomed
    assert keys.tree.display


@check
async def pane_next(keys: Keys, key: str):
    await keys.press(key)
    assert keys.main.on_side
    assert keys.app.focused is keys.side.focus_target
    await keys.press(key)
    assert keys.app.focused is keys.tree


@check
async def pane_log(keys: Keys, key: str):
    await keys.press("3", key)
    assert keys.main.tab is Pane.LOG


@check
async def pane_details(keys: Keys, key: str):
    await keys.press(key)
    assert keys.main.tab is Pane.DETAILS
    assert keys.side.display


@check
async def pane_why(keys: Keys, key: str):
    await keys.press(key)
    assert keys.main.tab is Pane.WHY
    assert keys.side.display


@check
async def pane_runs(keys: Keys, key: str):
    await keys.press(key)
    assert keys.main.tab is Pane.RUNS
    assert keys.side.display


@check
async def pane_zoom(keys: Keys, key: str):
    await keys.press(key)
    assert keys.tree.size.width >= keys.app.size.width - 2
    await keys.press(key)
    assert not keys.main.zoomed


async def sized(keys: Keys, key: str) -> int:
    """How many cells the tree has got, or what is said."""
    await keys.press("escape")
    before = keys.tree.size.width
    await keys.press(key)
    if keys.main.only_one:
        assert keys.said() == ONE_PANE
        return 0
    return keys.tree.size.width - before


@check
async def pane_wider(keys: Keys, key: str):
    assert await sized(keys, key) == (0 if keys.main.only_one else 12)


@check
async def pane_narrower(keys: Keys, key: str):
    assert await sized(keys, key) == (0 if keys.main.only_one else -12)


@check
async def tree_view(keys: Keys, key: str):
    before = keys.tree.view
    await keys.press(key)
    assert keys.tree.view is not before
    assert keys.main.view_strip.tab == keys.tree.view.title


@check
async def tree_view_back(keys: Keys, key: str):
    before = keys.tree.view
    await keys.press("v", key)
    assert keys.tree.view is before


async def on_time(keys: Keys):
    """The view Time, of which a part is shown."""
    keys.main.show_view(View.TIME)
    await keys.press("I", "I")
    return keys.tree.rows.time.timeline.axis


@check
async def time_zoom_in(keys: Keys, key: str):
    await keys.press(key)
    assert "only the view Time has a time axis" in screen_text(keys.app)
    axis = await on_time(keys)
    before = axis.scale
    await keys.press(key)
    assert axis.scale == before / 2


@check
async def time_zoom_out(keys: Keys, key: str):
    axis = await on_time(keys)
    before = axis.scale
    await keys.press(key)
    assert axis.scale == before * 2
    await keys.press(key, key)
    assert axis.is_whole
    assert "the time axis shows the whole run" in screen_text(keys.app)


@check
async def time_earlier(keys: Keys, key: str):
    axis = await on_time(keys)
    before = axis.begin
    await keys.press(key)
    assert axis.begin < before


@check
async def time_later(keys: Keys, key: str):
    axis = await on_time(keys)
    await keys.press(*["left_curly_bracket"] * 16)
    assert axis.begin == 0.0
    await keys.press(key)
    assert axis.begin > 0.0


@check
async def find_start(keys: Keys, key: str):
    await keys.press(key, *"merge", "enter")
    assert keys.tree.navigator.filter_query == "merge"
    assert keys.app.focused is keys.tree
    await keys.press("escape")
    assert keys.tree.navigator.filter_query == ""


@check
async def find_all(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, FindPage)


@check
async def find_next(keys: Keys, key: str):
    await keys.press("slash", *"align", "enter", "g", key)
    first = keys.label()
    await keys.press(key)
    assert first in CELLS
    assert keys.label() in CELLS
    assert keys.label() != first


@check
async def find_previous(keys: Keys, key: str):
    await keys.press("slash", *"align", "enter", "g", "n", "n", key)
    assert keys.label() == CELLS[1]


@check
async def find_failure(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.label() == CELLS[1]


@check
async def find_failure_back(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.label() == CELLS[1]


@check
async def find_running(keys: Keys, key: str):
    await keys.press("g", key)
    assert keys.label() == CELLS[2]


@check
async def node_retry(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert keys.status(CELLS[1]) is NodeStatus.READY
    assert CELLS[1] in keys.said()


@check
async def node_rerun(keys: Keys, key: str):
    await keys.on("split")
    await keys.press(key)
    assert isinstance(keys.app.screen, PreviewDialog)


@check
async def node_cancel(keys: Keys, key: str):
    await keys.on(CELLS[2])
    await keys.press(key)
    assert keys.status(CELLS[2]) is NodeStatus.CANCELLING
    assert "stopping" in keys.said()


@check
async def node_cancel_subtree(keys: Keys, key: str):
    await keys.on(CELLS[2])
    await keys.press(key)
    assert isinstance(keys.app.screen, PreviewDialog)


@check
async def node_hold(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.graph.node("merge") in keys.state.held
    await keys.press(key)
    assert not keys.state.held


@check
async def node_skip(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert keys.status(CELLS[1]) is NodeStatus.SKIPPED
    assert keys.status("merge") is NodeStatus.WAITING


@check
async def node_mark_done(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert keys.status(CELLS[1]) is NodeStatus.COMPLETED


@check
async def select_toggle(keys: Keys, key: str):
    await keys.on(CELLS[1])
    row = keys.tree.navigator.row
    await keys.press(key)
    assert keys.tree.navigator.targets == (keys.graph.node(CELLS[1]),)
    assert keys.tree.navigator.row == row + 1
    await keys.press("k", key)
    assert keys.tree.selected_count == 0


@check
async def run_retry_failed(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, PreviewDialog)


@check
async def run_pause(keys: Keys, key: str):
    await keys.press(key)
    assert keys.state.paused
    assert "paused" in keys.said()
    await keys.press(key)
    assert not keys.state.paused


@check
async def run_fewer_jobs(keys: Keys, key: str):
    await keys.press(key)
    assert keys.state.jobs == 3


@check
async def run_more_jobs(keys: Keys, key: str):
    await keys.press(key)
    assert keys.state.jobs == 5


@check
async def log_follow(keys: Keys, key: str):
    await keys.press(key)
    assert keys.said() == "this log has no lines"  # with some: test_availability


@check
async def log_wrap(keys: Keys, key: str):
    before = keys.side.log_pane.view.wraps
    await keys.press(key)
    assert keys.side.log_pane.view.wraps is not before


@check
async def log_times(keys: Keys, key: str):
    await keys.press(key)
    assert keys.side.log_pane.view.columns.shows_times


@check
async def log_numbers(keys: Keys, key: str):
    await keys.press(key)
    assert keys.side.log_pane.view.columns.shows_numbers


@check
async def log_first_error(keys: Keys, key: str):
    await keys.press(key)
    assert keys.said() == "this log has no lines"  # with some: test_availability


@check
async def log_previous_attempt(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert keys.said() == "there is no earlier attempt"
    keys.state.attempt[keys.graph.node(CELLS[1])] = 3
    await keys.press(key)
    assert keys.side.log_pane.attempt == 2


@check
async def log_next_attempt(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert keys.said() == "there is no later attempt"
    keys.state.attempt[keys.graph.node(CELLS[1])] = 3
    await keys.press("left_square_bracket", "left_square_bracket", key)
    assert keys.side.log_pane.attempt == 2


@check
async def log_pager(keys: Keys, key: str):
    await keys.press(key)
    assert "no log" in keys.said()


@check
async def node_compare(keys: Keys, key: str):
    await keys.on(CELLS[1])
    await keys.press(key)
    assert isinstance(keys.app.screen, AttemptsPage)
    await keys.press("escape")
    await keys.on("merge")
    await keys.press(key)
    assert keys.said() == "this node has no attempts yet"


@check
async def node_input(keys: Keys, key: str):
    await keys.press(key)
    assert keys.said().endswith(": it asks nothing now")  # for gates: test_gates


@check
async def node_edit(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.said() == NO_FILE  # with a file: test_edit


@check
async def run_reload(keys: Keys, key: str):
    await keys.press(key)
    await until(lambda: isinstance(keys.app.screen, GraphErrorDialog))  # with a file: test_edit
    await until(lambda: "this run can't be reloaded" in screen_text(keys.app))


@check
async def node_shell(keys: Keys, key: str):
    await keys.press(key)
    assert "nothing is executed here" in keys.said()  # on real terminals: terminals/test_shell


@check
async def screen_copy_line(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.app.clipboard == "merge"
    assert keys.said().startswith("copied 1 name")


@check
async def screen_copy(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert any("merge" in row for row in keys.app.clipboard.split("\n"))
    assert keys.said().startswith("copied ")


@check
async def screen_copy_failure(keys: Keys, key: str):
    await keys.on("merge")
    await keys.press(key)
    assert keys.said() == NO_FAILURE  # of one that failed: test_copying


@check
async def logs_open(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, AllLogsPage)
    await keys.press(key)
    assert keys.app.screen is keys.main


@check
async def log_select(keys: Keys, key: str):
    keys.main.go_to(Pane.LOG)
    await keys.press(key)
    assert keys.said() == "this log has no lines"  # of one with lines: test_copying


@check
async def screen_help(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, HelpScreen)


@check
async def screen_palette(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, Palette)
    await keys.press("escape")
    assert keys.app.screen is keys.main


@check
async def screen_repaint(keys: Keys, key: str):
    calls = []
    keys.app._actions["screen.repaint"] = lambda: calls.append(1)
    await keys.press(key)
    assert calls


@check
async def screen_suspend(keys: Keys, key: str):
    calls = []
    keys.app._actions["screen.suspend"] = lambda: calls.append(1)
    await keys.press(key)
    assert calls


@check
async def screen_detach(keys: Keys, key: str):
    await keys.press(key)
    assert "can't detach" in keys.said()
    assert keys.app.is_running


@check
async def screen_leave(keys: Keys, key: str):
    await keys.press(key)
    assert isinstance(keys.app.screen, LeaveDialog)


def test_every_row_of_the_table_is_tested():
    assert set(CHECKS) == {key.id for key in ACTIONS if key.keys}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("id_", "name", "size"),
    [
        pytest.param(key.id, name, size, id=f"{key.id}-{name}-{size[0]}x{size[1]}", marks=marks)
        for key in ACTIONS
        for name in key.keys
        for size, marks in zip(SIZES, ((), pytest.mark.torture), strict=True)
        if size == SIZES[0] or name == key.keys[0]  # a second key does the same
    ],
)
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
        row = app.main.tree_pane.navigator.row
        for tab in "123":
            await pilot.press(tab)
            for key in ["j", "k", "g", "G", "pagedown", "pageup", "ctrl+d", "ctrl+u", "space", "h", "l"]:
                await pilot.press(key)
                assert app.main.tree_pane.navigator.row == row, key
            await until(lambda: app.focused is app.main.side.focus_target)
