"""The terminal's background: which terminals tell its colour, and whether that is a light one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

_WITHOUT_ANSWER: Final = frozenset({"linux", "dumb"})
"""Values of TERM. Older consoles of Linux print the question as text."""
_WEIGHTS: Final = (0.299, 0.587, 0.114)
"""How light the eye takes red, green and blue for."""
_MIDDLE: Final = 0.5
_DIGITS: Final = 4


class BackgroundTold(Message, bubble=False):
    """The terminal has told the colour of its background."""

    def __init__(self, *, light: bool) -> None:
        """`light`: whether dark text is easier to read on it."""
        super().__init__()
        self.light = light


def can_ask(environment: Mapping[str, str]) -> bool:
    """Return whether a terminal with this environment takes the question."""
    return environment.get("TERM", "") not in _WITHOUT_ANSWER


def is_light(colour: str) -> bool | None:
    """Return whether a colour, as X11 writes it (`rgb:ffff/ffff/ffff`), is light. None: it is not a colour."""
    parts = colour.partition(":")[2].split("/")[: len(_WEIGHTS)]
    if len(parts) != len(_WEIGHTS) or not all(0 < len(part) <= _DIGITS for part in parts):
        return None
    shares = (int(part, 16) / (16 ** len(part) - 1) for part in parts)
    lightness: float = sum(weight * share for weight, share in zip(_WEIGHTS, shares, strict=True))
    return lightness > _MIDDLE
