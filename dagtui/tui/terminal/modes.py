"""The modes that the screen sets on a terminal, and how each is undone."""

from __future__ import annotations

import contextlib
import termios
import tty
from typing import Final

from textual import constants

_MOUSE_ON: Final = "\x1b[?1000h\x1b[?1003h\x1b[?1006h"
_MOUSE_OFF: Final = "\x1b[?1006l\x1b[?1003l\x1b[?1000l"
_KEYBOARD_ON: Final = "\x1b[>25u"
"""Kitty's keyboard protocol as Textual's parser expects it: unambiguous escape codes (1), every key as an escape
code (8), with its text (16). It is a stack: what is pushed once is popped once."""
_KEYBOARD_OFF: Final = "\x1b[<u"
_ALTERNATE_ON: Final = "\x1b[?1049h"
_ALTERNATE_OFF: Final = "\x1b[?1049l"
# Hidden cursor, focus reports, bracketed paste, no wrapping at the right edge.
_SCREEN_ON: Final = "\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
_SCREEN_OFF: Final = "\x1b[?7h\x1b[?2004l\x1b[?1004l\x1b[?25h"
_SYNCHRONIZED_QUERY: Final = "\x1b[?2026$p"
_SYNCHRONIZED_OFF: Final = "\x1b[?2026l"
# Cancels an unfinished sequence, then: normal character set, no colours, no margins, no origin.
_SANE: Final = "\x18\x0f\x1b(B\x1b[m\x1b[r\x1b[?6l"
_CLEAR: Final = "\x1b[2J"


def entering(*, mouse: bool, ask_synchronized: bool) -> str:
    """What takes a terminal over for the screen.

    In-band resize reports (mode 2048) are not asked for: Textual switches the mouse to pixels with them, and the
    size is known from the kernel. Nor is mode 1015, which 1006 replaces wherever both exist.
    """
    parts = [_ALTERNATE_ON, _SCREEN_ON]
    if not constants.DISABLE_KITTY_KEY:
        parts.append(_KEYBOARD_ON)
    if ask_synchronized:
        parts.append(_SYNCHRONIZED_QUERY)
    if mouse:
        parts.append(_MOUSE_ON)
    return "".join(parts)


def again(*, mouse: bool) -> str:
    """What brings a terminal back that another program wrote to; the stack of keyboards is left as it is."""
    return _SANE + _SCREEN_ON + (_MOUSE_ON if mouse else "") + _CLEAR


def leaving() -> str:
    """What gives a terminal back as it was found; keyboard protocol before alternate screen, as Kitty demands.

    The mouse is switched off whoever switched it on.
    """
    keyboard = "" if constants.DISABLE_KITTY_KEY else _KEYBOARD_OFF
    return _SYNCHRONIZED_OFF + _MOUSE_OFF + keyboard + _ALTERNATE_OFF + "\x1b[m" + _SCREEN_OFF


CANCEL: Final = "\x18"
"""Ends an unfinished escape sequence without effect: sent where a frame was cut."""


class LineSettings:
    """The line settings of a terminal as they were found, and those for reading keys."""

    def __init__(self, descriptor: int) -> None:
        """Remember the settings.

        Raises:
            termios.error: this is no terminal, or it has gone.
        """
        self._descriptor = descriptor
        self._found = termios.tcgetattr(descriptor)

    def read_keys(self) -> None:
        """No echo, no lines, no signals, no flow control, no translated returns.

        In the background the kernel stops the process here until it is in the foreground. Output processing is left
        alone, so that what another program prints starts at the left edge.

        Raises:
            termios.error: the terminal has gone.
        """
        changed = [*self._found]
        changed[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        changed[tty.IFLAG] &= ~(
            termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP
        )
        changed[tty.CC] = [*changed[tty.CC]]
        changed[tty.CC][termios.VMIN], changed[tty.CC][termios.VTIME] = 1, 0
        termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)

    def restore(self) -> None:
        """Set what was found; at once, since waiting for output would wait for a stopped terminal."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._found)
