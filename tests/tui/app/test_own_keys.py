"""A key that a person has given is the one that is shown, wherever the screen names keys."""

from __future__ import annotations

import re

import pytest
from support.waiting import until
from tui.app.runs import CELLS, opened, run_settled, run_under_way, screen_text

from dagtui.manual.pages import read_page, read_pages
from dagtui.tui.actions.keymap import Keymap, shown
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.manual_keys import with_own_keys

OTHERS = "αβγδεζηθικλμνξπρστυφχψωабвгдежзийклмнопрстуфхцчшщъыьэюяאבגדהוזחטיכלמנסעפצקרשת" + "ĀāĂăĄąĆćĈĉĊċČčĎď"
OWN = {action.id: OTHERS[at] for at, action in enumerate(ACTIONS)}
"""Each action has a key that no action has by default."""


def usual_keys_in(text: str) -> list[str]:
    """Where a text has the default key of an action before its words, as footers and hints have them."""
    pairs = {(shown(key), words) for action in ACTIONS for key in action.keys for words in (action.words,)}
    return [f"{key} {words}" for key, words in pairs if re.search(rf"(?<!\S){re.escape(f'{key} {words}')}(?!\w)", text)]


def test_the_check_finds_usual_keys():
    assert sorted(usual_keys_in(" Enter log  r retry")) == ["Enter log", "r retry"]


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_footer_hints_help_and_palette_show_the_keys_in_force(size: tuple[int, int]):
    app = DagtuiApp(run_under_way(), keys=OWN)
    async with opened(app, size) as pilot:
        for node in (CELLS[1], CELLS[2], "merge"):
            app.jump(app.view.graph.node(node))
            for tab in ("pane.why", "pane.details", "pane.log"):
                await app.action_act(tab)
                await pilot.pause()
                assert usual_keys_in(screen_text(app)) == [], (node, tab)
        await app.action_act("screen.help")
        await until(lambda: "Statuses" in screen_text(app))
        assert "r adds it" not in screen_text(app)
        await pilot.press("escape")
        await app.action_act("screen.palette")
        await until(lambda: "Theme: dark" in screen_text(app) or "Retry node" in screen_text(app))
        assert usual_keys_in(screen_text(app)) == []


@pytest.mark.anyio
async def test_messages_show_the_keys_in_force():
    app = DagtuiApp(run_settled(), keys=OWN)
    async with opened(app) as pilot:
        await pilot.pause()
        assert f"{OWN['screen.leave']} quit" in screen_text(app)
        assert usual_keys_in(screen_text(app)) == []
        await app.action_act("node.retry")
        await pilot.pause()
        assert usual_keys_in(app.main.top_bar.said) == []


@pytest.mark.anyio
async def test_pages_of_the_manual_that_the_help_opens_show_the_keys_in_force():
    app = DagtuiApp(run_under_way(), keys={"node.retry": "K"})
    async with opened(app, (120, 40)) as pilot:
        await app.action_act("screen.help")
        await pilot.press("enter")
        await until(lambda: "retry-and-cancel" in screen_text(app))
        await pilot.press("G", "g", *["j"] * [page.topic for page in read_pages()].index("retry-and-cancel"), "enter")
        await until(lambda: "K, dagtui retry graph.toml" in screen_text(app))


def test_pages_name_no_usual_key_of_an_action_that_has_another_one():
    keymap = Keymap(ACTIONS, OWN)
    for topic in ("control", "retry-and-cancel", "start", "ssh", "resume"):
        text = with_own_keys(topic, read_page(topic).text, keymap)
        prose = re.sub(r"^```.*?^```$|^\| sign \|.*?\n\n", "", text, flags=re.MULTILINE | re.DOTALL)
        usual = {shown(key) for action in ACTIONS for key in action.keys}
        assert [code for code in re.findall(r"`([^`\n]+)`", prose) if code in usual] == [], topic


def test_only_keys_are_replaced():
    keymap = Keymap(ACTIONS, {"node.retry": "K", "screen.help": "H", "log.numbers": "N", "find.previous": "Q"})
    control = with_own_keys("control", read_page("control").text, keymap)
    assert "| `K` |" in control
    assert "| `H` | help" in control  # in place of two keys
    signs = next(line for line in control.splitlines() if line.startswith("| `■`"))
    assert "`#`" in signs  # a sign, not the key
    graph_file = with_own_keys("graph-file", read_page("graph-file").text, keymap)
    assert "`?` for one" in graph_file
    assert with_own_keys("control", "x", Keymap(ACTIONS)) == "x"
