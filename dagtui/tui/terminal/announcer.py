"""What a terminal shows of a run beside the screen: title, progress on its task bar, bell, notifications."""

from __future__ import annotations

import enum
import time
from math import inf
from typing import TYPE_CHECKING, Final

from dagtui.tui.terminal.notifications import notification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.text.amounts import Seconds

_CALM: Final[Seconds] = 1.0
"""Least time between two titles while a run goes on."""
_WITHOUT_TITLES: Final = frozenset({"linux", "dumb"})
"""Values of TERM. Older consoles of Linux print a title as text."""
_WITH_PROGRESS: Final = frozenset({"WezTerm", "ghostty"})
"""Values of TERM_PROGRAM, as in cargo. Other terminals take the code for a notification, and open a window for it."""


_BELL: Final = "\x07"


class ProgressState(enum.Enum):
    """What a task bar says, by the numbers of ConEmu's code OSC 9;4."""

    NONE = 0
    RUNNING = 1
    FAILED = 2
    PAUSED = 4


class Announcer:
    """Tells a terminal title and progress, when they differ from what it was told last."""

    def __init__(self, send: Callable[[str], bool], environment: Mapping[str, str]) -> None:
        """Create an announcer. `send` returns whether the terminal accepted the codes."""
        self._send, self._environment = send, environment
        self._has_title = environment.get("TERM", "") not in _WITHOUT_TITLES
        self._has_progress = _knows_progress(environment)
        self._told = ""
        self._told_at = -inf

    def tell(self, title: str, state: ProgressState, percent: int, *, at_once: bool) -> None:
        """Announce a title of printable characters, and progress. `at_once`: do not wait for the next second."""
        codes = f"\x1b]2;{title}\x07" if self._has_title else ""
        codes += f"\x1b]9;4;{state.value};{percent}\x07" if self._has_progress else ""
        now = time.monotonic()
        if codes in {"", self._told} or (not at_once and now - self._told_at < _CALM) or not self._send(codes):
            return
        self._told, self._told_at = codes, now

    def alert(self, text: str, *, bell: bool, notifies: bool) -> bool:
        """Ring, and show a text that has passed `announced`. Return False if the terminal does not accept it now."""
        codes = _BELL if bell else ""
        codes += notification(text, self._environment) if notifies else ""
        return not codes or self._send(codes)

    def forget(self) -> None:
        """Announce everything again: another program may have changed the title."""
        self._told, self._told_at = "", -inf

    @property
    def ending(self) -> str:
        """The codes that take back progress. The title is the terminal's again by `modes.leaving`."""
        return f"\x1b]9;4;{ProgressState.NONE.value};0\x07" if self._has_progress else ""


def _knows_progress(environment: Mapping[str, str]) -> bool:
    """Return whether a terminal shows progress. Source: `supports_term_integration` in cargo's `shell.rs`."""
    return (
        "WT_SESSION" in environment
        or environment.get("ConEmuANSI") == "ON"
        or environment.get("TERM_PROGRAM") in _WITH_PROGRESS
    )
