"""The slots that a run begins with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.graph.model import Graph


def initial_slots(graph: Graph, jobs: int | None) -> int:
    """Return the slots that were asked for, else those of the graph, else one for each processor."""
    return jobs or graph.settings.jobs or processors()


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
