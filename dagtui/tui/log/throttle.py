"""How often a followed log is drawn, so that a chatty task does not fill a slow terminal line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.geometry import Region

LOCAL_RATE = 11_000
"""Bytes a second for a followed log; with everything else on screen that makes less than 16 kB/s."""
REMOTE_RATE = 4_500
"""The same over a network, where 8 kB/s is all there is."""

MOVE_BYTES = 8
RUN_BYTES = 44
"""What a run costs on the terminal besides its text: its two colours and their end."""


class LogThrottle:
    """A bucket of bytes that fills at a constant rate: a frame is drawn when there is enough in it for its bytes.

    A full bucket is a second's worth, so a line after a pause shows at once and only a steady stream is slowed.
    """

    def __init__(self, rate: int = LOCAL_RATE, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._left = float(rate)
        self._at = clock()

    def allows(self, cost: int) -> bool:
        """Whether there are so many bytes; a frame that is larger than the bucket needs a full one."""
        now = self._clock()
        self._left = min(self.rate, self._left + (now - self._at) * self.rate)
        self._at = now
        return self._left >= min(cost, self.rate)

    def spend(self, cost: int) -> None:
        """Take so many bytes."""
        self._left -= cost


def row_cost(strips: Sequence[Strip], region: Region) -> int:
    """The bytes that a refreshed row costs on the terminal, more or less."""
    strip = strips[region.y] if region.y < len(strips) else Strip([], 0)
    runs = list(strip.crop(region.x, region.right))
    return MOVE_BYTES + region.width + RUN_BYTES * max(1, len(runs))
