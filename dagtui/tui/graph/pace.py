"""Pace of a run: how many attempts ended in each second of the last minute."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.state import RunState
    from dagtui.text.amounts import ClockTime

SPAN: Final = 60
"""Seconds that are looked back."""
_UNSEEN: Final = 3
"""After more seconds without a look than this, when nodes ended is not known from their number any more."""
_MEAN_OF: Final = 10
"""Seconds from which the present rate is taken."""
_MOST_READ: Final = 200_000
"""In a larger graph, the times of nodes are not read. The pace is then known from when it was first shown."""


class Pace:
    """Counts nodes that end by looking at the run's counts, at most once for each frame that is drawn."""

    def __init__(self, state: RunState, clock: ClockTime) -> None:
        self._state = state
        self._ended: dict[int, int] = {}
        """By second of the run's clock, the number of nodes that ended in it."""
        self._since = self._latest = int(clock)
        """The first second that is known, and the last."""
        self._before = self._count()
        self._begin(clock)

    def take(self, clock: ClockTime) -> None:
        """Count what has ended since the last call."""
        now, second = self._count(), int(clock)
        if second - self._latest > _UNSEEN:
            self._begin(clock)
        elif now > self._before:
            self._ended[second] = self._ended.get(second, 0) + now - self._before
        self._before, self._latest = now, second
        if len(self._ended) > 2 * SPAN:
            self._ended = {at: number for at, number in self._ended.items() if at > second - SPAN}

    def bars(self, clock: ClockTime, most: int) -> list[int]:
        """Return how many nodes ended in at most `most` equal parts of the last minute, the latest last.

        The present second is left out, as it is not over, and so is what went before the first one that is known.
        """
        if most < 1:
            return []
        step = -(-SPAN // most)
        end = int(clock) // step * step if step > 1 else int(clock)
        first = max(end - SPAN // step * step, self._since // step * step)
        return [sum(self._ended.get(at, 0) for at in range(start, start + step)) for start in range(first, end, step)]

    def rate(self, clock: ClockTime) -> float:
        """Return the present number of nodes that end in a second."""
        end = int(clock)
        seconds = range(max(self._since, end - _MEAN_OF), end)
        return sum(self._ended.get(at, 0) for at in seconds) / len(seconds) if seconds else 0.0

    def _begin(self, clock: ClockTime) -> None:
        """Begin anew at this time, with what the times of nodes say of the time before."""
        self._ended.clear()
        self._since = int(clock)
        if len(self._state.ended) <= _MOST_READ:
            self._read(clock)

    def _count(self) -> int:
        counts = self._state.counts
        return counts[NodeStatus.COMPLETED] + counts[NodeStatus.FAILED]

    def _read(self, clock: ClockTime) -> None:
        """Read from the times of the nodes what ended before."""
        state = self._state
        self._since = max(0, int(clock) - SPAN)
        first = max(NO_TIME, clock - float(SPAN))  # what has not ended yet has no time
        times = zip(state.ended, state.attempt, strict=True)
        self._ended.update(Counter([int(ended) for ended, attempt in times if ended > first and attempt]))


def sparkline(numbers: Sequence[int], signs: str) -> str:
    """Return numbers as bars by a row of signs for rising levels. Only 0 has the first of them."""
    most, levels = max(numbers, default=0), len(signs) - 1
    return "".join(signs[-(-number * levels // most) if most else 0] for number in numbers)
