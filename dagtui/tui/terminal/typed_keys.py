"""Key presses and pastes as the bytes that a terminal sends for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Event, Key
    from textual.widgets import Input

    from dagtui.graph.model import NodeIndex

MOST_TURNS = 2000
"""The most loop iterations that a field may take to process fast typing, or the screen to open."""


class KeyTaker(Protocol):
    """Takes every key while it lasts."""

    @property
    def is_over(self) -> bool:
        """Whether it takes no more keys."""

    def takes(self, event: Event) -> bool:
        """Take a key or a paste. Return whether it did."""

    def say(self) -> None:
        """Show where keys go."""

    def take_up(self, renumbered: Callable[[NodeIndex], NodeIndex]) -> None:
        """Go on with the graph that the run has now, in which nodes have other numbers, or none."""


MOST_PASTED = 1 << 16
"""Bytes of one paste."""
_NAMED = {
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "backspace": b"\x7f",
    "escape": b"\x1b",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "insert": b"\x1b[2~",
    "delete": b"\x1b[3~",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "space": b" ",
    **{f"f{number}": f"\x1bO{letter}".encode() for number, letter in enumerate("PQRS", 1)},
    **{f"f{5 + at}": f"\x1b[{code}~".encode() for at, code in enumerate((15, 17, 18, 19, 20, 21, 23, 24))},
    "ctrl+at": b"\0",
    "ctrl+@": b"\0",
    "ctrl+space": b"\0",
    "ctrl+backslash": b"\x1c",
    "ctrl+right_square_bracket": b"\x1d",
    "ctrl+circumflex_accent": b"\x1e",
    "ctrl+underscore": b"\x1f",
}


def typed(key: Key) -> bytes:
    """Return what a terminal sends for a key. Empty for keys that it has no code for."""
    return _of_name(key.key, key.character if key.is_printable else None)


def _of_name(name: str, character: str | None) -> bytes:
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith("alt+"):
        rest = _of_name(name[4:], name[4:] if len(name) == 5 else None)
        return b"\x1b" + rest if rest else b""
    if name.startswith("ctrl+") and len(name) == 6 and name[5].isascii() and name[5].isalpha():
        return bytes([ord(name[5].lower()) & 0x1F])
    return (character or "").encode()


def pasted(text: str, *, bracketed: bool) -> bytes:
    """Return what a terminal sends for pasted text, if the program has asked for brackets around it or not."""
    data = text.replace("\r\n", "\n").replace("\n", "\r").encode()[:MOST_PASTED]
    if not bracketed:
        return data
    return b"\x1b[200~" + data.replace(b"\x1b", b"") + b"\x1b[201~"


async def until_typed(field: Input) -> None:
    """Let a field process what was typed: the next key may end the typing."""
    for _ in range(MOST_TURNS):
        if not field.message_queue_size:
            break
        await asyncio.sleep(0)  # the field's own task needs a loop iteration for each
