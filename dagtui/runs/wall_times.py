"""Convert the run's own clock, which stops while no process has the run, to wall time."""

from __future__ import annotations

from bisect import bisect_right


class WallTimes:
    """Wall times of clock readings. The clock was set at the start and again at each resume."""

    def __init__(self, began_at: float) -> None:
        """`began_at` is the wall time at which the clock read 0, in seconds since the epoch."""
        self._clocks = [float("-inf")]
        self._zeros = [began_at]

    def set_going(self, clock: float, wall: float) -> None:
        """Set the wall time at which the clock read `clock`, from that reading on."""
        self._clocks.append(clock)
        self._zeros.append(wall - clock)

    def at(self, clock: float) -> float:
        """Return the wall time of a clock reading."""
        return self._zeros[bisect_right(self._clocks, clock) - 1] + clock
