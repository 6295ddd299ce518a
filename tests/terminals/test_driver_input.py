"""What reaches an app as keys, mouse and pastes through a real terminal, and what doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.terminal_replies import REPLIES

if TYPE_CHECKING:
    from terminals.small_app import SmallApp, StartApp


def keys_of(app: SmallApp, sent: str | bytes) -> list[str]:
    """The keys that arrive when this is typed; 'q' at the end tells that everything was read."""
    app.terminal.send(sent)
    app.terminal.wait_for(lambda: app.records("key") and app.records("key")[-1]["key"] == "q", "last key")
    return [item["key"] for item in app.records("key")][:-1]


def test_no_reply_of_a_terminal_acts_as_a_key(on_terminal: StartApp):
    app = on_terminal("keys").started()
    assert keys_of(app, "".join(f"{reply}j" for reply in REPLIES) + "q") == ["j"] * len(REPLIES)


def test_a_reply_that_comes_in_pieces_is_still_none(on_terminal: StartApp):
    app = on_terminal("keys").started()
    for piece in ["\x1b]11;rgb:1212/", "3434/5656", "\x1b", "\\", "\x1bP1$r0", "m\x1b\\", "\x1b[?6", "2;4c"]:
        app.terminal.send(piece)
        app.terminal.read(0.01)
    assert keys_of(app, "q") == []


def test_escape_alone_is_the_escape_key(on_terminal: StartApp):
    app = on_terminal("keys").started()
    app.terminal.send("\x1b")
    app.terminal.wait_for(lambda: app.records("key"), "key")
    assert keys_of(app, "q") == ["escape"]


def test_keys_as_terminals_send_them(on_terminal: StartApp):
    app = on_terminal("keys").started()
    typed = {
        "\x1b\x7f": "alt+backspace",
        "\x1b[A": "up",
        "\x1bOB": "down",
        "\x1b[5~": "pageup",
        "\x1b[1;5C": "ctrl+right",
        "\x1b[Z": "shift+tab",
        "\x1bOP": "f1",
        "\x1b[15~": "f5",
        "\x1b[106u": "j",
        "\x1b[108;5u": "ctrl+l",
        "\x1b[27u": "escape",
        "\x0c": "ctrl+l",
        "\x03": "ctrl+c",
        "\r": "enter",
        "é": "é",
    }
    assert keys_of(app, "".join(typed) + "q") == list(typed.values())


def test_a_paste_is_one_text_and_no_keys(on_terminal: StartApp):
    app = on_terminal("keys", "input").started()
    assert keys_of(app, "\x1b[200~X\x1b[A q\r\nR\x1b]52;c;!\x07\x1b[201~q") == []
    assert [item["text"] for item in app.records("paste")] == ["X[A q\nR]52;c;!"]


def test_mouse_and_focus_arrive(on_terminal: StartApp):
    app = on_terminal("keys").started()
    assert keys_of(app, "\x1b[<0;5;3M\x1b[<0;5;3m\x1b[<65;6;4M\x1b[O\x1b[Iq") == []
    assert [(item["x"], item["y"]) for item in app.records("click")] == [(4, 2)]
    assert [(item["x"], item["y"]) for item in app.records("scroll")] == [(5, 3)]
    assert app.records("blur")
    assert app.records("focus")


def test_only_the_first_button_clicks(on_terminal: StartApp):
    app = on_terminal("keys").started()
    others = "".join(f"\x1b[<{code};7;3M\x1b[<{code};7;3m" for code in (1, 2, 6, 17, 128, 129, 130, 131))
    assert keys_of(app, f"{others}\x1b[<16;5;3M\x1b[<16;5;3m\x1b[<35;9;3M\x1b[<64;6;4M\x1b[<65;6;4Mq") == []
    assert [(item["x"], item["y"]) for item in app.records("click")] == [(4, 2)]
    assert [(item["x"], item["y"]) for item in app.records("scroll")] == [(5, 3)]


def test_bytes_that_are_no_text_are_ignored(on_terminal: StartApp):
    app = on_terminal("keys").started()
    assert keys_of(app, b"\xff\xfe\xc3(j\x80q")[-1] == "j"
