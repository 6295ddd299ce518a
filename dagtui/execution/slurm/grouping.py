"""Which attempts share a job: short ones, one after the other, by what history says that they take.

A job costs Slurm and its nodes about a second. A node that takes 50 ms is not worth one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.text.amounts import Seconds

MOST_IN_A_JOB = 1000
_OVERHEAD: Seconds = 0.01
"""What an attempt costs besides what it takes."""
_AT_ONCE = 8
"""As many jobs are kept if there is enough work for them, so that grouping does not make a wide graph narrow."""
_WORTH_A_JOB: Seconds = 1.0


def group(expected: Sequence[Seconds | None], most: Seconds | None) -> list[range]:
    """Return the attempts of each job, as ranges of their positions.

    Args:
        expected: How long each attempt is expected to take. None: not known, so it gets a job of its own.
        most: Attempts share a job until it is expected to take as long. None: none do.
    """
    if most is None:
        return [range(at, at + 1) for at in range(len(expected))]
    short = [seconds + _OVERHEAD for seconds in expected if seconds is not None and seconds < most / 2]
    bound = min(most, max(sum(short) / _AT_ONCE, _WORTH_A_JOB))
    found: list[range] = []
    first, total = 0, 0.0
    for at, seconds in enumerate(expected):
        takes = bound if seconds is None or seconds >= most / 2 else seconds + _OVERHEAD
        if at > first and (total + takes > bound or at - first >= MOST_IN_A_JOB):
            found.append(range(first, at))
            first, total = at, 0.0
        total += takes
    if expected:
        found.append(range(first, len(expected)))
    return found
