"""Terminal modes that the screen sets, and how to undo each."""

from __future__ import annotations

import contextlib
import termios
import tty
from typing import Final

from textual import constants

_MOUSE_ON: Final = "\x1b[?1000h\x1b[?1003h\x1b[?1006h"
_MOUSE_OFF: Final = "\x1b[?1006l\x1b[?1003l\x1b[?1000l"
_KEYBOARD_ON: Final = "\x1b[>25u"
"""Kitty's keyboard protocol as Textual's parser expects it: unambiguous escape codes (1), every key as an escape code
(8), with its text (16). The protocol is a stack: one push needs one pop."""
_KEYBOARD_OFF: Final = "\x1b[<u"
_ALTERNATE_ON: Final = "\x1b[?1049h"
_ALTERNATE_OFF: Final = "\x1b[?1049l"
# Hidden cursor, focus reports, bracketed paste, no wrapping at the right edge.
_SCREEN_ON: Final = "\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
_SCREEN_OFF: Final = "\x1b[?7h\x1b[?2004l\x1b[?1004l\x1b[?25h"
BACKGROUND_QUERY: Final = "\x1b]11;?\x07"
"""OSC 11, as xterm answers it. Other terminals ignore it."""
_SYNCHRONIZED_QUERY: Final = "\x1b[?2026$p"
_SYNCHRONIZED_OFF: Final = "\x1b[?2026l"
# Cancels an unfinished sequence, then: normal character set, no colours, no margins, no origin.
_SANE: Final = "\x18\x0f\x1b(B\x1b[m\x1b[r\x1b[?6l"
_CLEAR: Final = "\x1b[2J"
_TITLE_PUSH, _TITLE_POP = "\x1b[22;0t", "\x1b[23;0t"
"""The terminal keeps the titles of its window and its icon on a stack, as xterm does. Others ignore the codes."""


def entering(*, mouse: bool, ask_synchronized: bool, ask_background: bool = False) -> str:
    """Return the codes that prepare a terminal for the screen.

    In-band resize reports (mode 2048) are not requested: with them, Textual switches the mouse to pixels, and the
    kernel knows the size. Mode 1015 is not requested either: wherever both exist, 1006 replaces it.
    """
    parts = [_TITLE_PUSH, _ALTERNATE_ON, _SCREEN_ON]
    if not constants.DISABLE_KITTY_KEY:
        parts.append(_KEYBOARD_ON)
    if ask_background:  # before the question that every terminal answers last
        parts.append(BACKGROUND_QUERY)
    if ask_synchronized:
        parts.append(_SYNCHRONIZED_QUERY)
    if mouse:
        parts.append(_MOUSE_ON)
    return "".join(parts)


def reentering(*, mouse: bool) -> str:
    """Return the codes that restore the modes after another program wrote to the terminal.

    The keyboard stack is left as it is.
    """
    return _SANE + _SCREEN_ON + (_MOUSE_ON if mouse else "") + _CLEAR


def leaving() -> str:
    """Return the codes that restore the terminal.

    The keyboard protocol is popped before the alternate screen is left, as Kitty requires. The mouse is always switched
    off, even if another program switched it on.
    """
    keyboard = "" if constants.DISABLE_KITTY_KEY else _KEYBOARD_OFF
    return _SYNCHRONIZED_OFF + _MOUSE_OFF + keyboard + _ALTERNATE_OFF + "\x1b[m" + _SCREEN_OFF + _TITLE_POP


CANCEL: Final = "\x18"
"""Ends an unfinished escape sequence without effect. Sent where a frame was cut."""


class LineSettings:
    """A terminal's original line settings, and those for reading keys."""

    def __init__(self, descriptor: int) -> None:
        """Save the current settings.

        Raises:
            termios.error: the descriptor is not a terminal, or the terminal has gone.
        """
        self._descriptor = descriptor
        self._found = termios.tcgetattr(descriptor)

    def read_keys(self) -> None:
        """Disable echo, line mode, signals, flow control and carriage-return translation.

        In the background, the kernel stops the process here until it is in the foreground. Output processing is
        unchanged, so that the output of other programs starts at the left edge.

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
        """Restore the original settings at once: waiting for output would wait for a stopped terminal."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._found)
