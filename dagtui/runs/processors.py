"""How many attempts may run at once unless somebody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def processors() -> int:
    """How many processors this process may use: its affinity, bounded by its control group's quota."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux knows affinities
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return count
    if quota == "max":
        return count
    return max(1, min(count, -(-int(quota) // int(period))))
