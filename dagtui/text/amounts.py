"""Durations, sizes and counts as people read them, on the screen and in the lines that dagtui writes into logs."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, cast, overload

Seconds = float
"""How long something takes."""
MOST_SLOTS = 1_000_000
"""The most slots of a run or a node, in a file, a call or a command. A journal must be able to hold the number."""
LEAST_TIMED: Seconds = 0.1
"""Below this, times are not told apart, and the share of a processor says nothing."""

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    class _Moment:
        """A time on a clock. Times of one clock have a difference in seconds, and seconds can be added to a time."""

        def __init__(self, seconds: Seconds | str | bytes) -> None: ...
        def __lt__(self, other: Self) -> bool: ...
        def __le__(self, other: Self) -> bool: ...
        def __float__(self) -> float: ...
        def __floor__(self) -> Self: ...
        def __int__(self) -> int: ...
        def __round__(self, digits: int) -> float: ...

    class ClockTime(_Moment):
        """A time on the run's clock: its seconds since the start, without those in which no process had the run."""

        @overload
        def __sub__(self, other: ClockTime) -> Seconds: ...
        @overload
        def __sub__(self, other: Seconds) -> ClockTime: ...
        def __sub__(self, other: object) -> object: ...
        def __add__(self, other: Seconds) -> ClockTime: ...
        def __mod__(self, other: Seconds) -> Seconds: ...

    class WallTime(_Moment):
        """A time of the day: seconds since the epoch, by a clock that may be set."""

        @overload
        def __sub__(self, other: WallTime) -> Seconds: ...
        @overload
        def __sub__(self, other: Seconds | ClockTime) -> WallTime: ...
        def __sub__(self, other: object) -> object: ...
        def __add__(self, other: Seconds | ClockTime) -> WallTime: ...

    class CellWidth(int):
        """A width in columns of the terminal, which is not a number of characters."""

        def __add__(self, other: int) -> Self: ...
        def __radd__(self, other: int) -> Self: ...
        def __sub__(self, other: int) -> Self: ...
        def __rsub__(self, other: int) -> Self: ...
        def __mul__(self, other: int) -> Self: ...
        def __rmul__(self, other: int) -> Self: ...
        def __floordiv__(self, other: int) -> Self: ...
        def __neg__(self) -> Self: ...

else:
    ClockTime = WallTime = float  # at run time they are plain numbers, and cost nothing
    CellWidth = int

ByteCount = int
"""An amount of bytes."""
NO_TIME, NEVER = ClockTime(0.0), ClockTime("inf")
"""Stands for a time that is not known or not set."""
NO_CELLS, ONE_CELL = CellWidth(0), CellWidth(1)


def now() -> WallTime:
    """Return the present wall time."""
    return WallTime(time.time())


def duration(seconds: Seconds) -> str:
    """Format seconds in at most two units, cut off, never rounded up: 0.4 s, 12 s, 3 m 05 s, 2 h 10 m, 4 d 3 h.

    A negative duration (a clock was set back) is 0.0 s. A number that is not finite is "?".
    """
    if not math.isfinite(seconds):
        return "?"
    if seconds < 10:
        return f"{max(0, math.floor(seconds * 10 + 1e-6)) / 10:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} m"
    hours = minutes // 60
    return f"{hours // 24} d {hours % 24} h"


def time_taken(seconds: Seconds) -> str:
    """Format how long something that is over took, as `duration` does. What is too short to be told is < 0.1 s."""
    return f"< {duration(LEAST_TIMED)}" if seconds < LEAST_TIMED else duration(seconds)


def seconds_since(started: ClockTime, clock: ClockTime) -> int:
    """Return how long something has been running, in whole seconds.

    All places show the time of the last full second of the clock, so that they agree whenever each was drawn.
    """
    return max(0, math.floor(math.floor(clock) - started + 1e-6))


def seconds_until(due: ClockTime, clock: ClockTime) -> int:
    """Return in how many whole seconds something is due, 1 at least, by the clock of `seconds_since`."""
    return max(1, math.floor(due - math.floor(clock) + 1e-6))


def time_of_day(wall: WallTime) -> str:
    """Return a time in hours, minutes and seconds of local time, or dashes if it is beyond all calendars."""
    try:
        return time.strftime("%H:%M:%S", _local_time(wall))
    except (ValueError, OverflowError, OSError):
        return "--:--:--"


_local_time = cast("Callable[[WallTime], time.struct_time]", time.localtime)


def whole_duration(whole_seconds: int) -> str:
    """Format a duration that is still running without tenths, so that it changes at most once a second."""
    return f"{whole_seconds} s" if 0 <= whole_seconds < 10 else duration(whole_seconds)


def time_range(low: Seconds, high: Seconds) -> str:
    """Format a range of time in one unit: 12–20 s, 2–3 m, 4–6 h. Equal ends are one time."""
    unit, divisor = next((name, seconds) for name, seconds, most in _RANGE_UNITS if high < most * seconds)
    ends = [round(max(0.0, end) / divisor) for end in (low, high)]
    if ends[0] == ends[1]:
        return whole_duration(int(high))
    return f"{ends[0]:,}–{ends[1]:,} {unit}"


_RANGE_UNITS = (("s", 1, 100), ("m", 60, 100), ("h", 3600, 48), ("d", 86400, math.inf))


def size(amount: int) -> str:
    """Format bytes in decimal units, cut off: 512 B, 1.5 kB, 12 MB."""
    if amount < 1000:
        return f"{amount} B"
    unit, divisor = next((u, d) for u, d in _UNITS if amount < d * 1000 or u == "PB")
    if amount < divisor * 10:
        return f"{amount * 10 // divisor / 10:.1f} {unit}"
    return f"{amount // divisor} {unit}"


_UNITS = (("kB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12), ("PB", 10**15))


def count(number: int) -> str:
    """Format a number with thousands separators: 2,000."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Format a number with its noun: 1 node, 2,000 nodes. Pass `many` for plurals that do not just append an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def first_of(names: Sequence[str], total: int, joint: str = " and ") -> str:
    """List the first names of several, and count the others: a, b and 2,000 more."""
    text = ", ".join(names)
    return f"{text}{joint}{count(total - len(names))} more" if total > len(names) else text


REMARK = "[dagtui: "
"""The beginning of each such line."""


def left_behind(processes: int) -> str:
    """Describe the background processes that a node left: ended 1 process that it left behind."""
    return f"ended {plural(processes, 'process', 'processes')} that it left behind"


def ends_left_behind(processes: int) -> str:
    """Describe the background processes of a node that have not ended yet: ends 1 process that it left behind."""
    return f"ends {plural(processes, 'process', 'processes')} that it left behind"
