"""However an app ends, its terminal is as it was found."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_for

if TYPE_CHECKING:
    from terminals.small_app import StartApp


def test_leaving_restores_the_terminal(on_terminal: StartApp):
    app = on_terminal().started()
    assert app.terminal.settings() != app.terminal.settings_before
    app.terminal.send("q")
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored
    assert app.terminal.foreign_codes() == []
    (end,) = app.records("end")
    assert (end["result"], end["removed"]) == ("left", 0)
    assert end["written"] > 1000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_app_and_restores_the_terminal(on_terminal: StartApp, number: signal.Signals):
    app = on_terminal("busy").started()
    app.terminal.signal(number)
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored
    assert [item["name"] for item in app.records("signal")] == [number.name]


def test_a_crash_restores_the_terminal_before_it_is_reported(on_terminal: StartApp):
    app = on_terminal().started()
    app.terminal.send("X")
    app.terminal.wait_for_end()
    assert app.terminal.is_restored
    assert app.terminal.raw.rfind(b"\x1b[?1049l") < app.terminal.raw.find(b"the app crashed")


def test_an_interpreter_that_ends_in_the_middle_restores_the_terminal(on_terminal: StartApp):
    app = on_terminal("abandon").started()
    assert app.terminal.wait_for_end() == 7
    assert app.terminal.is_restored


def test_a_closed_terminal_is_reported_once_and_ends_the_app(on_terminal: StartApp):
    app = on_terminal("busy").started()
    app.terminal.hang_up()
    assert app.terminal.wait_for_end() == 0
    assert len(app.records("lost")) == 1


def test_a_lent_terminal_that_is_closed_ends_an_idle_app_without_any_signal(on_terminal: StartApp):
    app = on_terminal("lend").started()
    app.terminal.hang_up()
    wait_for(lambda: app.records("end"), "end of the app")
    assert len(app.records("lost")) == 1


def test_a_closed_terminal_ends_an_app_that_says_nothing_about_it(on_terminal: StartApp):
    app = on_terminal("busy", "survive", "default").started()
    app.terminal.hang_up()
    assert app.terminal.wait_for_end() == 0


@pytest.mark.parametrize("options", [["survive"], ["busy", "survive"]])
def test_an_app_that_lives_on_without_terminal_neither_spins_nor_paints(on_terminal: StartApp, options: list[str]):
    app = on_terminal(*options).started()
    app.terminal.hang_up()
    wait_for(lambda: app.records("lost"), "report of the loss")
    lost = len(app.records("beat"))
    wait_for(lambda: len(app.records("beat")) > lost + 20, "beats without terminal")
    first, *_, last = app.records("beat")[lost:]
    assert last["cpu"] - first["cpu"] < 0.5 * (last["at"] - first["at"])
    assert (last["frames"], last["written"]) == (first["frames"], first["written"])
    assert len(app.records("lost")) == 1


def test_what_a_moving_mouse_sends_while_leaving_stays_off_the_prompt(on_terminal: StartApp):
    def is_prompt_clean() -> bool:
        app = on_terminal().started()
        app.terminal.send("\x1b[<35;5;5Mq")
        app.terminal.wait_for(lambda: b"\x1b[?1003l" in app.terminal.raw, "end of mouse reports")
        app.terminal.read(0.01)
        app.terminal.send("\x1b[<35;6;6M")  # was under way
        assert app.terminal.wait_for_end() == 0
        assert app.terminal.is_restored
        return not app.terminal.is_input_pending()

    # How long a report may be under way is a matter of time: a machine may be too busy to send it at once.
    assert any(is_prompt_clean() for _ in range(4))


@pytest.mark.parametrize("how", ["key", "TERM"])
def test_leaving_while_the_terminal_is_stopped_is_soon_and_restores_it(on_terminal: StartApp, how: str):
    app = on_terminal("busy", columns=120, rows=40).started()
    app.stall()
    if how == "key":
        app.terminal.send("q")
    else:
        app.terminal.signal(signal.SIGTERM)
    # Nothing is read before the process has ended.
    assert app.terminal.process.wait(10) == 0
    while app.terminal.read(0.1):
        pass
    assert app.terminal.is_restored


def test_the_shared_description_of_the_terminal_stays_blocking(on_terminal: StartApp):
    app = on_terminal().started()
    assert app.records("mounted")[0]["blocking"]


def test_two_apps_one_after_the_other_in_one_process(on_terminal: StartApp):
    app = on_terminal("twice").started()
    app.terminal.send("q")
    app.terminal.wait_for(lambda: len(app.records("mounted")) == 2, "second app")
    app.terminal.wait_for(lambda: app.terminal.raw.count(b"\x1b[?1049h") == 2, "second screen")
    app.terminal.wait_for_text("size 80x24")
    app.terminal.send("jq")
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored
    assert [item["key"] for item in app.records("key")] == ["q", "j", "q"]
