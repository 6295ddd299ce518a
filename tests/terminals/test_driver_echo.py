"""A far terminal whose link takes everything: what has not arrived there is not piled up behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.waiting import wait_for

if TYPE_CHECKING:
    from terminals.small_app import SmallApp, StartApp

FAR = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
QUESTION = b"\x1b[5n"


def far(on_terminal: StartApp, *options: str) -> SmallApp:
    """An app on a far terminal that has answered."""
    app = on_terminal("busy", "impatient", *options, columns=120, rows=40, env=FAR).started()
    app.terminal.wait_for(lambda: app.terminal.raw.count(QUESTION) > 1, "a second question")
    return app


def fall_silent(app: SmallApp) -> None:
    """Take everything and answer nothing, as a link does behind which nobody is, until the app has noticed.

    An answer that is under way may be overdue as well, and arrive: the one to a later question never does.
    """
    app.terminal.answers = False
    asked = app.terminal.raw.count(QUESTION)
    app.terminal.wait_for(lambda: app.terminal.raw.count(QUESTION) > asked, "one more question")
    beats = len(app.records("beat"))
    app.terminal.wait_for(lambda: len(app.records("beat")) > beats and app.last_beat()["overdue"], "an overdue answer")


def test_nothing_is_painted_while_an_answer_is_overdue_and_then_all_at_once(on_terminal: StartApp):
    app = far(on_terminal)
    fall_silent(app)
    silent = app.last_beat()
    beats = len(app.records("beat"))
    app.terminal.send("T")  # from here on only the layout changes
    app.terminal.wait_for(lambda: app.records("key"), "key")
    app.terminal.resize(100, 30)
    app.terminal.wait_for(lambda: app.records("size")[-1]["width"] == 100, "new size")
    app.terminal.wait_for(lambda: len(app.records("beat")) > beats + 30, "beats")
    held = app.last_beat()
    assert held["stalled"]
    assert held["frames"] == silent["frames"]
    app.terminal.answers = True
    # As what waited in the link is answered at last.
    app.terminal.send(b"\x1b[0n")
    settled = app.settle()
    assert settled["frames"] == held["frames"] + 1
    assert "size 100x30" in app.terminal.text
    assert [record["key"] for record in app.records("key")] == ["T"], "an answer is no key"


def test_a_lost_answer_is_asked_for_again(on_terminal: StartApp):
    app = far(on_terminal)
    fall_silent(app)
    app.terminal.answers = True
    app.terminal.wait_for(lambda: not app.last_beat()["overdue"], "recovery")


def test_what_is_typed_has_it_asked_at_once_and_who_never_answers_any_more_is_not_waited_for(on_terminal: StartApp):
    app = far(on_terminal)
    fall_silent(app)
    app.terminal.wait_for(lambda: app.terminal.send("j") or not app.last_beat()["overdue"], "the screen")
    app.terminal.send("T")
    app.settle()
    asked = app.terminal.raw.count(QUESTION)
    app.terminal.send("W")
    app.terminal.wait_for_text("words")
    app.settle()
    assert app.terminal.raw.count(QUESTION) == asked


def test_a_terminal_that_never_answers_is_asked_once_and_never_waited_for(on_terminal: StartApp):
    app = on_terminal("busy", "impatient", columns=120, rows=40, env=FAR)
    app.terminal.answers = False
    app.started()
    shown = app.last_beat()["frames"]
    app.terminal.wait_for(lambda: app.last_beat()["frames"] > shown + 60, "painting")
    assert not any(beat["overdue"] for beat in app.records("beat"))
    assert app.terminal.raw.count(QUESTION) == 1


def test_a_near_terminal_is_not_asked(on_terminal: StartApp):
    app = on_terminal("busy", "impatient", columns=120, rows=40).started()
    shown = app.last_beat()["frames"]
    app.terminal.wait_for(lambda: app.last_beat()["frames"] > shown + 30, "painting")
    assert QUESTION not in app.terminal.raw


def test_an_answer_that_is_under_way_is_not_left_for_the_shell(on_terminal: StartApp):
    app = on_terminal("waits", columns=120, rows=40, env=FAR)
    app.terminal.answers = False
    app.started()
    app.terminal.wait_for(lambda: QUESTION in app.terminal.raw, "a question")
    app.terminal.send("q")
    app.terminal.wait_for(lambda: b"\x1b[?1049l" in app.terminal.raw, "the normal screen")
    while app.terminal.read(0.5):  # longer than any pause within an answer
        pass
    app.terminal.send(b"\x1b[0n")
    wait_for(lambda: app.records("end"), "end")
    assert not app.terminal.is_input_pending()
