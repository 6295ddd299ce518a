"""The default number of slots."""

from __future__ import annotations

import os
from pathlib import Path


def processors() -> int:
    """Return how many processors this process may use: its affinity, limited by its control group's quota."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # affinity is known on Linux only
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return count
    if quota == "max":
        return count
    return max(1, min(count, -(-int(quota) // int(period))))
