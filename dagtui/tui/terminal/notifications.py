"""The codes by which a terminal shows a notification, and how they pass through a multiplexer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TITLE: Final = "dagtui"
_PRINTING: Final = frozenset({"", "linux", "dumb"})
"""Values of TERM. Such terminals may print the codes as text."""
_TITLED_TERMS: Final = ("foot", "rxvt", "xterm-kitty", "xterm-ghostty")
_TITLED_PROGRAMS: Final = frozenset({"WezTerm", "ghostty"})
_TITLED_VARIABLES: Final = ("KITTY_WINDOW_ID", "VTE_VERSION")
"""Signs of a terminal that knows OSC 777, which rxvt-unicode invented. Some of them know OSC 9, too, and would show a
notification twice."""


def notification(text: str, environment: Mapping[str, str]) -> str:
    """Return the codes for a notification. Empty if the terminal may print them. The text has passed `announced`."""
    term = environment.get("TERM", "")
    if term in _PRINTING or environment.get("ConEmuANSI") == "ON":  # ConEmu opens a window that waits for a key
        return ""
    # OSC 9 is also progress and other things, if a number follows. The name before the text keeps them apart.
    code = (
        f"\x1b]777;notify;{_TITLE};{text}\x07" if _knows_titles(environment, term) else f"\x1b]9;{_TITLE}: {text}\x07"
    )
    return _passed_through(code, environment, term)


def _knows_titles(environment: Mapping[str, str], term: str) -> bool:
    return (
        term.startswith(_TITLED_TERMS)
        or environment.get("TERM_PROGRAM") in _TITLED_PROGRAMS
        or any(name in environment for name in _TITLED_VARIABLES)
    )


def _passed_through(code: str, environment: Mapping[str, str], term: str) -> str:
    """Return a code as a multiplexer hands it on to its own terminal.

    tmux does so if `allow-passthrough` is on, and drops it otherwise. GNU screen always does. Behind `ssh` in a
    multiplexer, only TERM tells of it, and not of which one: each would print the other's wrapping.
    """
    if "TMUX" in environment or term.startswith("tmux"):
        return "\x1bPtmux;" + code.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if "STY" in environment:
        return f"\x1bP{code}\x1b\\"
    return "" if term.startswith("screen") else code
