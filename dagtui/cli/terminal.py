"""Whether the caller's terminal can show the screen, and how the screen should look there."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from dagtui.text.look import ASCII, UNICODE, Look, terminal_look


def has_screen() -> bool:
    """Return whether the screen can be shown here: on a terminal that can do more than print lines."""
    return os.isatty(0) and os.isatty(1) and not is_dumb()


def is_dumb() -> bool:
    """Return whether the terminal says that it understands no control codes, as those inside editors do."""
    return os.environ.get("TERM") == "dumb"


def a_terminal() -> str:
    """Name what is missing here, for messages."""
    return "a terminal that can show it (TERM is dumb)" if is_dumb() else "a terminal"


class LookOptions(NamedTuple):
    """The options for the look of the screen."""

    ascii_only: bool = False
    theme: str | None = None
    mouse: bool | None = None
    """Whether the screen gets the mouse. None: as the settings say."""

    @property
    def asked(self) -> Look:
        """The look that the user asked for."""
        return Look(ASCII if self.ascii_only else UNICODE, theme=self.theme)

    @property
    def here(self) -> Look:
        """The look on the caller's terminal."""
        return terminal_look(os.environ, sys.stdout.encoding, self.asked)
