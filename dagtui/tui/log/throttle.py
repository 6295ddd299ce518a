"""Throttle for a followed log, so that a verbose task does not fill a slow terminal connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.geometry import Region

LOCAL_RATE = 11_000
"""Bytes a second for a followed log. With everything else on screen, the total is below 16 kB/s."""
REMOTE_RATE = 4_500
"""The same over a network, where 8 kB/s is the limit."""

MOVE_BYTES = 8
RUN_BYTES = 44
"""Bytes of a styled run on the terminal besides its text: two colours and their end."""


class LogThrottle:
    """A token bucket of bytes: a frame is drawn when the bucket holds enough for its bytes.

    A full bucket lasts a second, so a line after a pause shows at once and only a steady stream is slowed.
    """

    def __init__(self, rate: int = LOCAL_RATE, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._left = float(rate)
        self._at = clock()

    def allows(self, cost: int) -> bool:
        """Return whether `cost` bytes are available. A frame larger than the bucket needs a full one."""
        now = self._clock()
        self._left = min(self.rate, self._left + (now - self._at) * self.rate)
        self._at = now
        return self._left >= min(cost, self.rate)

    def spend(self, cost: int) -> None:
        """Take `cost` bytes."""
        self._left -= cost


def row_cost(strips: Sequence[Strip], region: Region) -> int:
    """Return the approximate bytes that a refreshed row costs on the terminal."""
    strip = strips[region.y] if region.y < len(strips) else Strip([], 0)
    runs = list(strip.crop(region.x, region.right))
    return MOVE_BYTES + region.width + RUN_BYTES * max(1, len(runs))
