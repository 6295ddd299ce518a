"""Sizes, job control, lending, and what else a terminal goes through."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from support.process_listing import state
from support.waiting import wait_for
from terminals.test_driver_stalls import cells_after_repaint

if TYPE_CHECKING:
    from terminals.small_app import SmallApp, StartApp


def test_a_storm_of_sizes_ends_in_the_last(on_terminal: StartApp):
    app = on_terminal("busy").started()
    for step in range(60):
        app.terminal.resize(40 + step % 90, 12 + step % 40)
        app.terminal.read(0.002)
    app.terminal.resize(101, 33)
    app.terminal.wait_for(lambda: app.records("size")[-1]["width"] == 101, "last size")
    app.terminal.send("T")
    before, after = cells_after_repaint(app)
    assert before == after
    app.terminal.send("q")
    app.terminal.wait_for_end()
    assert app.terminal.foreign_codes() == []


@pytest.fixture
def in_shell(on_terminal: StartApp) -> SmallApp:
    """The app as a job of an interactive shell."""
    app = on_terminal(command=["bash", "--norc", "--noprofile", "-i"], env={"PS1": "prompt$ "})
    app.terminal.wait_for_text("prompt$")
    app.terminal.send(" ".join(app.command) + "\r")
    return app.started()


def is_stopped(app: SmallApp) -> bool:
    return state(app.records("mounted")[0]["pid"]) == "T"


@pytest.mark.parametrize("how", ["key", "signal"])
def test_suspending_gives_the_terminal_to_the_shell_until_it_is_continued(in_shell: SmallApp, how: str):
    shell = in_shell.terminal
    if how == "key":
        shell.send("Z")
    else:
        os.kill(in_shell.records("mounted")[0]["pid"], signal.SIGTSTP)
    shell.wait_for(lambda: b"Stopped" in shell.raw, "stopped job")
    assert shell.raw.rfind(b"\x1b[?1049h") < shell.raw.rfind(b"\x1b[?1049l") < shell.raw.rfind(b"Stopped")
    shell.send("bg\r")

    def has_stopped_again() -> bool:
        shell.send("\r")  # the shell says it before its next prompt
        return shell.raw.count(b"Stopped") == 2

    shell.wait_for(has_stopped_again, "job stopped again, since it may not paint")
    shell.send("echo in-the-$((1 + 1))nd-shell\r")
    shell.wait_for(lambda: b"in-the-2nd-shell" in shell.raw, "answer of the shell")
    assert shell.raw.count(b"\x1b[?1049h") == 1
    stopped = in_shell.last_beat()
    shell.send("fg\r")
    shell.wait_for(lambda: shell.raw.count(b"\x1b[?1049h") == 2, "screen again")
    shell.wait_for(lambda: in_shell.last_beat()["frames"] > stopped["frames"], "painting")
    before, after = cells_after_repaint(in_shell)
    assert before == after
    assert "size 80x24" in shell.text
    shell.send("q")
    shell.wait_for(lambda: in_shell.records("end"), "end of the app")
    shell.send("exit\r")
    shell.wait_for_end()
    assert shell.is_restored
    assert len(in_shell.records("resumed")) == 1


def test_a_terminal_that_is_closed_while_the_app_is_suspended_ends_it(in_shell: SmallApp):
    in_shell.terminal.send("Z")
    in_shell.terminal.wait_for(lambda: is_stopped(in_shell), "stopped app")
    in_shell.terminal.hang_up()
    wait_for(lambda: in_shell.records("end"), "end of the app")
    assert len(in_shell.records("lost")) == 1


def test_suspending_is_ignored_where_nobody_could_continue(on_terminal: StartApp):
    app = on_terminal().started()
    app.terminal.send("Z")
    app.terminal.wait_for(lambda: app.terminal.raw.count(b"\x1b[?1049h") == 2, "screen again")
    app.terminal.send("jq")
    assert app.terminal.wait_for_end() == 0
    assert [item["key"] for item in app.records("key")] == ["Z", "j", "q"]


def test_an_app_stopped_from_outside_repaints_when_continued(on_terminal: StartApp):
    app = on_terminal().started()
    app.settle()
    app.terminal.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, app.terminal.process.pid, os.WSTOPPED)
    app.terminal.write_as_another("\x1b[3;3Hgarbage of another program")
    app.terminal.set_settings(app.terminal.settings_before)
    app.terminal.wait_for_text("garbage")
    app.terminal.signal(signal.SIGCONT)
    app.terminal.wait_for(lambda: "garbage" not in app.terminal.text, "repaint")
    assert app.terminal.settings() != app.terminal.settings_before
    before, after = cells_after_repaint(app)
    assert before == after


def test_the_terminal_can_be_lent_to_a_child_of_the_app_and_comes_back(on_terminal: StartApp):
    app = on_terminal().started()
    app.terminal.send("S")
    app.terminal.wait_for(lambda: app.terminal.raw.count(b"\x1b[?1049h") == 2, "screen again")
    raw = app.terminal.raw
    assert raw.find(b"\x1b[?1049l") < raw.find(b"[outside]") < raw.rfind(b"\x1b[?1049h")
    before, after = cells_after_repaint(app)
    assert before == after
    app.terminal.send("q")
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored


def test_an_app_in_a_session_without_terminal_uses_a_lent_one(on_terminal: StartApp):
    app = on_terminal("lend", columns=70, rows=20).started()
    app.terminal.wait_for_text("size 70x20")
    assert {(size["width"], size["height"]) for size in app.records("size")} == {(70, 20)}
    app.terminal.resize(90, 20)
    app.terminal.wait_for_text("size 90x20")
    app.terminal.send("jq")
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored
    assert [item["key"] for item in app.records("key")] == ["j", "q"]


def test_another_users_terminal_is_made_non_blocking_and_given_back(on_terminal: StartApp):
    if os.getuid() != 0:
        pytest.skip("only root can start a process as another user")
    app = on_terminal("drop").started()
    assert not app.records("mounted")[0]["blocking"]
    app.terminal.send("jq")
    assert app.terminal.wait_for_end() == 0
    assert app.terminal.is_restored
    assert app.records("end")[0]["blocking"]


def test_codes_in_content_never_reach_the_terminal(on_terminal: StartApp):
    app = on_terminal().started()
    app.terminal.send("H")
    app.terminal.wait_for_text("end")
    app.terminal.send("B")
    app.terminal.wait_for(lambda: app.terminal.raw.endswith(b"\x07"), "bell")
    app.terminal.send("q")
    app.terminal.wait_for_end()
    (bell,) = app.terminal.foreign_codes()
    assert bell.startswith(b"\x07")
    assert b"evil" in app.terminal.raw
    assert "\u202e".encode() not in app.terminal.raw
    assert app.records("end")[0]["removed"] > 0


def test_copying_is_the_one_command_to_the_operating_system(on_terminal: StartApp):
    app = on_terminal().started()
    app.terminal.send("C")
    app.terminal.wait_for(lambda: b"\x1b]52;c;Y29waWVkIHRleHQ=\x07" in app.terminal.raw, "copy")
    app.terminal.send("q")
    app.terminal.wait_for_end()
    assert app.terminal.raw.count(b"\x1b]") == 1
