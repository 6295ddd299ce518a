"""Durations as people write them in a graph file."""

from __future__ import annotations

import math
import re

LONGEST = 10 * 365.25 * 86400
"""Ten years. A longer duration is a mistake."""

HINT = 'write "90s", "1h30m", "250ms", or a number of seconds'

_NUMBER = r"(\d++(?:\.\d++)?)"
_DURATION = rf"(?:{_NUMBER}d)? ?(?:{_NUMBER}h)? ?(?:{_NUMBER}m(?!s))? ?(?:{_NUMBER}s)? ?(?:{_NUMBER}ms)?"
_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)


def parse_duration(value: object) -> float:
    """Return the seconds of `"1h30m"` (days, hours, minutes, seconds, ms, each at most once), or of a number.

    Raises ValueError, whose text completes "the timeout …", for what is negative, not a number, or beyond ten years.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("must be a string or a number of seconds")  # noqa: TRY004 - one kind of error for the caller
    seconds = _of_text(value) if isinstance(value, str) else value
    if isinstance(seconds, float) and not math.isfinite(seconds):
        raise ValueError("must be a finite number")
    if seconds < 0:
        raise ValueError("must not be negative")
    if seconds > LONGEST:
        raise ValueError("must not be longer than ten years")
    return float(seconds)


def _of_text(text: str) -> float:
    stripped = text.strip()
    match = re.fullmatch(_DURATION, stripped, re.ASCII) if len(stripped) <= 100 else None
    if match is None or not any(match.groups()):
        raise ValueError("must not be negative" if stripped.startswith("-") else "is not a duration")
    return math.fsum(float(number) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True) if number)
