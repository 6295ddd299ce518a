"""Numbers for people."""

from __future__ import annotations

DIGITS = 6


def shown(number: float) -> str:
    """Return a number with as many digits as are worth reading."""
    return f"{number:.{DIGITS}g}"
