"""A terminal that takes nothing delays neither the loop nor, afterwards, the right picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_for

STALL_SECONDS = 3.0

if TYPE_CHECKING:
    from terminals.small_app import SmallApp, StartApp


def cells_after_repaint(app: SmallApp):
    """The screen as it is, and as it is when everything is painted again."""
    app.settle()
    before = app.terminal.cells
    app.terminal.send("L")
    app.terminal.wait_for(lambda: b"\x1b[2J" in app.terminal.raw, "repaint")
    app.settle()
    return before, app.terminal.cells


def stall_for_a_while(app: SmallApp):
    first = app.stall()
    wait_for(lambda: app.last_beat()["at"] > first["at"] + STALL_SECONDS, "beats during the stall")
    return [beat for beat in app.records("beat") if beat["at"] >= first["at"]]


@pytest.mark.parametrize("synchronized", [False, True])
def test_the_loop_goes_on_without_painting_and_the_screen_is_right_afterwards(
    on_terminal: StartApp, synchronized: bool
):
    app = on_terminal("busy", columns=120, rows=40, synchronized=synchronized).started()
    beats = stall_for_a_while(app)
    times = [beat["at"] for beat in beats]
    assert max(later - sooner for sooner, later in pairwise(times)) < 1.0
    assert beats[-1]["frames"] == beats[0]["frames"]
    assert beats[-1]["written"] == beats[0]["written"]
    app.terminal.wait_for(lambda: not app.last_beat()["stalled"], "recovery")
    shown = app.last_beat()["frames"]
    app.terminal.wait_for(lambda: app.last_beat()["frames"] > shown + 3, "painting")
    app.terminal.send("T")
    before, after = cells_after_repaint(app)
    assert before == after
    assert app.terminal.foreign_codes() == []
    app.terminal.send("q")
    assert app.terminal.wait_for_end() == 0
    assert app.records("end")[0]["synchronized"] == synchronized
    assert app.terminal.raw.count(b"\x1b[?2026h") + 1 == app.terminal.raw.count(b"\x1b[?2026l")


def test_what_was_refused_while_stalled_is_made_good_by_exactly_one_repaint(on_terminal: StartApp):
    app = on_terminal("busy", columns=120, rows=40).started()
    app.stall()
    app.terminal.send("T")  # keys still arrive; from here on only the layout changes
    wait_for(lambda: app.records("key"), "key")
    app.terminal.resize(100, 30)
    wait_for(lambda: app.records("size")[-1]["width"] == 100, "new size")
    beats = len(app.records("beat"))
    wait_for(lambda: len(app.records("beat")) > beats + 10, "beats")
    stalled = app.last_beat()
    assert stalled["stalled"]
    assert stalled["refused"] > 0
    settled = app.settle()
    assert settled["frames"] == stalled["frames"] + 1
    assert settled["refused"] == stalled["refused"]
    before, after = cells_after_repaint(app)
    assert before == after
    assert "size 100x30" in app.terminal.text


@pytest.mark.parametrize("key", ["W", "Y", "D"])
def test_what_changed_only_while_stalled_is_shown_afterwards(on_terminal: StartApp, key: str):
    app = on_terminal("busy", columns=120, rows=40).started()
    app.stall()
    app.terminal.send(f"T{key}")
    wait_for(lambda: [item["key"] for item in app.records("key")][-1:] == [key], "key")
    app.settle()
    if key == "D":
        assert "never" not in app.terminal.text
        assert app.last_beat()["refused"] == 100
    else:
        assert "words" in app.terminal.text
    before, after = cells_after_repaint(app)
    assert before == after


def test_a_frame_larger_than_the_queue_of_the_kernel_is_no_stall_for_ever(on_terminal: StartApp):
    app = on_terminal(columns=400, rows=120).started()
    shown = app.settle()
    app.terminal.send("L")
    app.terminal.wait_for(lambda: b"\x1b[2J" in app.terminal.raw, "repaint")
    assert app.settle()["frames"] == shown["frames"] + 1
