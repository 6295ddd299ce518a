"""A person's settings on the screen: what is right counts, and what is wrong is told and changes nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tui.app.runs import opened, run_under_way, screen_text

from dagtui.settings.reading import settings_of
from dagtui.store.screen_memory import ScreenMemory
from dagtui.text.look import Look
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.actions.usable_keys import usable
from dagtui.tui.app import DagtuiApp

if TYPE_CHECKING:
    from dagtui.settings.file import SettingsFile

pytestmark = pytest.mark.anyio


def stated(text: str) -> SettingsFile:
    return settings_of(text, Path("/home/ann/.config/dagtui/config.toml"))


async def test_settings_are_what_a_screen_is_like_at_first():
    file = stated('theme = "light"\nview = "groups"\nmouse = false\nsizes = { left = 60, lower = false }')
    app = DagtuiApp(run_under_way(), settings_file=file)
    async with opened(app) as pilot:
        assert app.theme == "dagtui-light"
        assert app.main.tree_pane.view.title == "groups"
        assert (app.mouse, app.main.panes.share, app.main.panes.may_show_lower) == (False, 0.6, False)
        await pilot.press("plus")
        assert app.main.panes.share != 0.6
        app.main.panes.share = 0.3
        app._actions["pane.reset"]()
        assert app.main.panes.share == 0.6


async def test_options_and_what_a_graph_remembers_come_first():
    file = stated('theme = "light"\nview = "groups"\nmouse = false\nsizes = { left = 60, lower = false }')
    memory = ScreenMemory("time", share=0.5, lower=True)
    app = DagtuiApp(run_under_way(), settings_file=file, look=Look(theme="contrast"), mouse=True, memory=memory)
    async with opened(app):
        assert (app.theme, app.mouse) == ("dagtui-contrast", True)
        assert app.main.tree_pane.view.title == "time"
        assert (app.main.panes.share, app.main.panes.may_show_lower) == (0.5, True)


async def test_keys_of_the_settings_act_and_are_shown():
    app = DagtuiApp(run_under_way(), settings_file=stated('[keys]\npane.zoom = "Z"\nscreen.help = ["H", "f1"]'))
    async with opened(app) as pilot:
        assert "H help" in screen_text(app).splitlines()[-1]
        await pilot.press("z")
        assert not app.main.zoomed
        await pilot.press("Z")
        assert app.main.zoomed


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('node.rety = "y"', "names an action that does not exist"),
        ('node.retry = "nokey"', 'has "nokey", which is not a key'),
        ('node.retry = "ctrl+q,y"', "^q, which belongs to the terminal"),
        ('node.retry = "ctrl+r"', "needs a plain key beside ^r"),
        ('node.retry = "x"', "has x, the key of node.cancel"),
    ],
)
async def test_a_wrong_key_is_told_and_the_others_count(key: str, words: str):
    app = DagtuiApp(run_under_way(), settings_file=stated(f'[keys]\npane.zoom = "Z"\n{key}'))
    async with opened(app) as pilot:
        await pilot.pause()
        assert words in app.main.top_bar.said
        assert "config.toml:3:" in app.main.top_bar.said
        await pilot.press("j")
        await pilot.pause()
        assert "settings: 1 problem" in screen_text(app)
        assert app.keymap.keys("pane.zoom") == ("Z",)
        assert app.keymap.keys("node.retry") == ("r",)


async def test_of_two_keys_that_contradict_each_other_the_first_counts():
    app = DagtuiApp(run_under_way(), settings_file=stated('[keys]\npane.zoom = "Z"\nlog.wrap = "Z"'))
    async with opened(app):
        assert (app.keymap.keys("pane.zoom"), app.keymap.keys("log.wrap")) == (("Z",), ("w",))


async def test_two_keys_of_the_settings_may_change_places():
    app = DagtuiApp(run_under_way(), settings_file=stated('[keys]\nnode.retry = "R"\nnode.rerun = "r"'))
    async with opened(app):
        assert app._settings_notice is None
        assert (app.keymap.keys("node.retry"), app.keymap.keys("node.rerun")) == (("R",), ("r",))


def test_two_actions_of_different_panes_may_have_one_key():
    """The table has such pairs itself: they are no reason to refuse another key of one of them."""
    both = [(one, other) for one in ACTIONS for other in ACTIONS if one.id != other.id and {*one.keys} & {*other.keys}]
    for one, _ in both:
        assert usable(ACTIONS, {one.id: ",".join(one.keys)}).refused == []
