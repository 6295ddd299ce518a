"""Times and numbers in narrow columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import duration
from dagtui.text.amounts import NO_TIME, CellWidth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.text.amounts import ClockTime, Seconds

TIME_CELLS = CellWidth(9)
"""Cells for the longest time."""
_MOST_TIMES_CELLS = CellWidth(6)
WIDE = CellWidth(48)
"""From this width on, in cells, rows say more."""
_ROOMY = CellWidth(60)
"""From this width on, in cells, the time column of rows is as wide as the longest time."""
SHORTEST = 0.1
"""A shorter time, in seconds, says nothing."""


def time_cells(width: CellWidth) -> CellWidth:
    """Return the cells of the time column of rows. In narrow ones, a long time takes cells of the words before it."""
    return _MOST_TIMES_CELLS if width < _ROOMY else TIME_CELLS


def elapsed(seconds: Seconds) -> str:
    """Return a time that is still running, in whole seconds, so that it changes at most once a second."""
    whole = max(0, int(seconds))
    return duration(whole) if whole >= 10 else f"{whole} s"


def time_text(seconds: Seconds) -> str:
    """Return a time that is over, or nothing for one that is too short to say anything."""
    return duration(seconds) if seconds >= SHORTEST else ""


def covered(spans: Iterable[tuple[ClockTime, ClockTime]]) -> Seconds:
    """Return the time that some of the spans cover. They may overlap."""
    seconds, until = 0.0, NO_TIME
    for start, end in sorted(spans):
        seconds += max(0.0, end - max(start, until))
        until = max(until, end)
    return seconds


def tally(number: int) -> str:
    """Return a number in at most four cells: 9999, 12k, 3M. It is truncated, never rounded up."""
    if number < 10_000:
        return str(number)
    return f"{number // 1000}k" if number < 1_000_000 else f"{number // 1_000_000}M"


def rate_text(rate: float) -> str:
    """Return a number in a second: 0.4/s, 12/s."""
    return f"{rate:.1f}/s" if 0 < rate < 10 else f"{tally(round(rate))}/s"
