"""Read keys from a terminal before there is a screen, in whole sequences, so that no part of one counts as a key."""

from __future__ import annotations

import codecs
import os
import select
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.text.amounts import Seconds

ESCAPE: Final = "\x1b"
END: Final = ""
"""The terminal is gone."""
_PATIENCE: Final = 0.1
"""Seconds after which an escape character alone is the Esc key."""
_SEQUENCE_PATIENCE: Final = 1.0
"""Seconds that the rest of a sequence may take on a slow line."""
_STRING_BEGINS: Final = "]PX^_"
_LONGEST: Final = 4096


class Keystrokes:
    """Reads keys one by one from a terminal in single-key mode."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._next = ""
        """A character read after Esc."""

    def read(self) -> str:
        """Return the next key: a character, ESCAPE, or a whole sequence in its 7-bit form. END if no more will come."""
        character = self._character(None)
        if not character:
            return END
        code = ord(character) & 0xFF if "\udc80" <= character <= "\udcff" else ord(character)
        if 0x80 <= code <= 0x9F:  # a C1 code, as a character or as a byte, stands for two characters
            return self._sequence(chr(code - 0x40))
        if character != ESCAPE:
            return character
        second = self._character(_PATIENCE)
        if not second:
            return ESCAPE
        if second not in f"[O{_STRING_BEGINS}":
            self._next = second
            return ESCAPE
        return self._sequence(second)

    def _sequence(self, begin: str) -> str:
        """Read a sequence to its end, given its first two characters."""
        whole = ESCAPE + begin
        if begin not in f"[O{_STRING_BEGINS}":
            return whole
        while len(whole) < _LONGEST:
            character = self._character(_SEQUENCE_PATIENCE)
            if not character:
                break
            whole += character
            if begin in _STRING_BEGINS:
                if character in "\x07\x9c\udc9c\r\n\x03" or whole.endswith("\x1b\\"):
                    break
            elif whole != "\x1b[[" and "@" <= character <= "~":
                break
        return whole

    def _character(self, patience: Seconds | None) -> str | None:
        """Return the next character within `patience` seconds. None if none came, END if none will."""
        if self._next:
            character, self._next = self._next, ""
            return character
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while poll.poll(None if patience is None else patience * 1000):
            try:
                data = os.read(self._descriptor, 1)
            except OSError:  # the terminal is gone
                return END
            if not data:
                return END
            character = self._decoder.decode(data)
            if character:
                self._next = character[1:]  # an invalid byte and the character after it
                return character[0]
        return None


@contextmanager
def single_keys(terminal: int) -> Iterator[None]:
    """Read keys as they are typed, without echo. Discard earlier input, which can't be an answer."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSAFLUSH)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
