"""What a terminal sends for keys and pastes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key

from dagtui.tui.terminal.keyboard import Keyboard
from dagtui.tui.terminal.typed_keys import MOST_PASTED, pasted, typed


@pytest.mark.parametrize(
    "sent",
    [
        *(
            b"\r",
            b"\t",
            b"\x1b[Z",
            b"\x7f",
            b"\x1b[A",
            b"\x1b[D",
            b"\x1b[H",
            b"\x1b[3~",
            b"\x1b[6~",
            b"\x1bOP",
            b"\x1b[24~",
        ),
        *(b"\x01", b"\x03", b"\x04", b"\x1a", b"\x1c", b"\x1d", b"\x1f", b"\0", b" ", "é".encode(), "日".encode()),
    ],
)
def test_what_the_keyboard_reads_is_sent_on_as_it_came(sent: bytes):
    keyboard = Keyboard()
    keys = [*keyboard.feed(sent), *keyboard.expire()]
    assert b"".join(typed(key) for key in keys if isinstance(key, Key)) == sent


def test_escape_and_alt_are_sent_with_an_escape():
    assert typed(Key("escape", None)) == b"\x1b"
    assert typed(Key("alt+x", None)) == b"\x1bx"
    assert typed(Key("alt+backspace", None)) == b"\x1b\x7f"


@pytest.mark.parametrize("name", ["f30", "ctrl+shift+x", "hyper+é", "alt+f30"])
def test_what_no_terminal_has_a_code_for_sends_nothing(name: str):
    assert typed(Key(name, None)) == b""


@given(st.text(), st.booleans())
def test_a_paste_can_not_end_its_own_brackets(text: str, bracketed: bool):
    data = pasted(text.encode("utf-8", "ignore").decode(), bracketed=bracketed)
    assert b"\n" not in data
    assert len(data) <= MOST_PASTED + 12
    if bracketed:
        assert data.startswith(b"\x1b[200~")
        assert data.endswith(b"\x1b[201~")
        assert b"\x1b" not in data[6:-6]
