"""Times and numbers in narrow columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import duration

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds

TIME_CELLS = 9
"""Cells for the longest time."""
SHORT_TIME_CELLS = 6


def elapsed(seconds: Seconds, *, short: bool) -> str:
    """Return a time that is still running, in whole seconds, so that it changes at most once a second."""
    whole = max(0, int(seconds))
    return time_text(whole, short=short) if whole >= 10 else f"{whole}s" if short else f"{whole} s"


def time_text(seconds: Seconds, *, short: bool) -> str:
    """Return a time that is over."""
    text = duration(seconds)
    return text.replace(" ", "") if short else text


def tally(number: int) -> str:
    """Return a number in at most four cells: 9999, 12k, 3M. It is truncated, never rounded up."""
    if number < 10_000:
        return str(number)
    return f"{number // 1000}k" if number < 1_000_000 else f"{number // 1_000_000}M"
