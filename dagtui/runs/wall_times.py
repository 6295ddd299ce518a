"""From the run's own clock, which stands still while nobody has the run, to wall times."""

from __future__ import annotations

from bisect import bisect_right


class WallTimes:
    """When the run's clock read what; it was set going once, and again each time that the run was resumed."""

    def __init__(self, began_at: float) -> None:
        """`began_at` is the wall time at which the clock read 0, in seconds since the epoch."""
        self._clocks = [float("-inf")]
        self._zeros = [began_at]

    def set_going(self, clock: float, wall: float) -> None:
        """From that reading of the clock on, it goes again, and it read that at this wall time."""
        self._clocks.append(clock)
        self._zeros.append(wall - clock)

    def at(self, clock: float) -> float:
        """The wall time at which the clock read that."""
        return self._zeros[bisect_right(self._clocks, clock) - 1] + clock
