from __future__ import annotations

import re

import pytest
from tui.app.runs import opened, run_under_way

from dagtui.text.look import IN_ASCII
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.keymap import FORBIDDEN, Keymap, KeymapError, shown
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp

SPEC_KEYS = """
    j k up down g G home end pageup pagedown ctrl+u ctrl+d h l left right space minus equals_sign enter escape tab
    1 2 3 z v V slash n N e E u f w t number_sign y Y c o left_square_bracket right_square_bracket r R A x X p
    less_than_sign greater_than_sign s m M exclamation_mark ctrl+l ctrl+z question_mark f1 colon ctrl+p q ctrl+c
"""


def test_the_keys_of_the_specification_are_bound():
    assert {name for key in ACTIONS for name in key.keys} >= set(SPEC_KEYS.split())


def test_ids_and_keys_are_unique():
    ids = [key.id for key in ACTIONS]
    assert len(ids) == len(set(ids))
    for pane in Pane.ANY:
        names = [name for key in ACTIONS if key.where & pane for name in key.keys]
        assert len(names) == len(set(names)), pane


def test_nothing_is_on_a_control_or_function_key_alone():
    alone = {key.id for key in ACTIONS if key.keys and all(re.search(r"\+|^f\d", name) for name in key.keys)}
    assert alone == {"screen.repaint", "screen.suspend", "move.half_down", "move.half_up"}


def test_no_key_that_belongs_to_the_terminal():
    assert not FORBIDDEN & {name for key in ACTIONS for name in key.keys}


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"node.rety": "y"}, "there is no action 'node.rety'"),
        ({"node.retry": "nokey"}, "'nokey' is not a key"),
        ({"node.retry": ""}, "'' is not a key"),
        ({"node.retry": "wrong+r"}, "'wrong+r' is not a key"),
        ({"node.retry": "ctrl+q,K"}, "^q belongs to the terminal"),
        ({"node.retry": "ctrl+r"}, "^r needs a plain key beside it"),
        ({"node.retry": "f5"}, "F5 needs a plain key beside it"),
        ({"node.retry": "x"}, "x would be both node.retry and node.cancel"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(own: dict[str, str], words: str):
    with pytest.raises(KeymapError) as caught:
        Keymap(ACTIONS, own)
    assert words in str(caught.value)


def test_every_reason_is_in_one_message():
    with pytest.raises(KeymapError) as caught:
        Keymap(ACTIONS, {"a.b": "K", "node.skip": "ctrl+a", "node.cancel": "r"})
    message = str(caught.value)
    assert all(word in message for word in ("a.b", "^a", "r would be both"))


def test_two_keys_may_change_places():
    keymap = Keymap(ACTIONS, {"node.retry": "R", "node.rerun": "r"})
    assert (keymap.shown("node.retry"), keymap.shown("node.rerun")) == ("R", "r")


def test_keys_are_shown_as_people_write_them():
    written = [shown(name) for name in ("ctrl+d", "f1", "question_mark", "up", "pagedown", "j")]
    assert written == ["^d", "F1", "?", "↑", "PgDn", "j"]
    assert shown("up", look=IN_ASCII) == "Up"


def test_every_pane_has_a_footer():
    for pane in (Pane.TREE, Pane.LOG, Pane.DETAILS, Pane.WHY):
        assert {"screen.help", "screen.leave"} < {key.id for key in Keymap(ACTIONS).footer(pane)}


@pytest.mark.anyio
async def test_an_own_key_works_and_the_default_no_longer_does():
    app = DagtuiApp(run_under_way(), keys={"run.pause": "K,f5"})
    async with opened(app) as pilot:
        await pilot.press("p")
        assert not app.view.state.paused
        await pilot.press("K")
        assert app.view.state.paused
        await pilot.press("f5")
        assert not app.view.state.paused


@pytest.mark.anyio
async def test_swapped_keys_work():
    app = DagtuiApp(run_under_way(), keys={"run.more_jobs": "<", "run.fewer_jobs": ">"})
    async with opened(app) as pilot:
        await pilot.press("<")
        assert app.view.state.jobs == 5
        await pilot.press(">")
        assert app.view.state.jobs == 4
