"""The right side: one of four tabs for one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.played_run import PlayedRun
from tui.widget_harness import mounted, texts

from dagtui.graph.model import Graph
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.node.side import TABS, Side

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    play = PlayedRun(Graph.from_edges(["a", "b"], [("a", "b")]), tmp_path)
    play.start("a")
    play.prints("a", b"hello\n")
    return play


async def test_only_the_open_tab_is_displayed(play: PlayedRun):
    async with mounted(Side(play.session(), keymap=Keymap(ACTIONS))) as side:
        side.show(0)
        for tab in TABS:
            side.tab = tab
            panes = (side.log_pane, side.details, side.why, side.runs)
            assert [name for name, pane in zip(TABS, panes, strict=True) if pane.display] == [tab]
            assert f"[{TABS.index(tab) + 1} {tab.capitalize()}]" in texts(side.strip)[0]
            side.focus_target.focus()
            await until(lambda: side.focus_target.has_focus)


async def test_another_node_is_shown_in_the_open_tab_and_in_the_next_one(play: PlayedRun):
    async with mounted(Side(play.session(), keymap=Keymap(ACTIONS))) as side:
        side.show(0)
        side.tab = "details"
        side.show(1)
        assert side.details.rows[0].text == "b"
        side.tab = "log"
        assert side.log_pane.node == 1


async def test_an_unknown_tab_is_an_error(play: PlayedRun):
    async with mounted(Side(play.session(), keymap=Keymap(ACTIONS))) as side:
        with pytest.raises(ValueError, match="no such tab"):
            side.tab = "nope"


async def test_a_click_opens_a_tab(play: PlayedRun):
    side = Side(play.session(), keymap=Keymap(ACTIONS))
    async with mounted(side):
        side.show(0)
        column = texts(side.strip)[0].index("Why")
        side.strip.post_message(_click(side, column))
        await until(lambda: side.tab == "why")


async def test_state_goes_to_another_side(play: PlayedRun):
    session = play.session()
    async with mounted(Side(session, keymap=Keymap(ACTIONS))) as side:
        side.show(1)
        side.tab = "why"
        state = side.dump_state()
    async with mounted(Side(session, keymap=Keymap(ACTIONS))) as side:
        side.restore_state(state)
        assert (side.tab, side.node, side.why.node) == ("why", 1, 1)


def _click(side: Side, column: int) -> object:
    from textual.events import Click

    return Click(side.strip, column, 0, 0, 0, 1, False, False, False)
