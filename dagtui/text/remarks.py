"""Lines that dagtui itself writes into a log."""

from __future__ import annotations

from dagtui.text.amounts import plural

REMARK = "[dagtui: "
"""The beginning of each such line."""


def left_behind(processes: int) -> str:
    """Describe the background processes that a node left: ended 1 process that it left behind."""
    return f"ended {plural(processes, 'process', 'processes')} that it left behind"


def ends_left_behind(processes: int) -> str:
    """Describe the background processes of a node that have not ended yet: ends 1 process that it left behind."""
    return f"ends {plural(processes, 'process', 'processes')} that it left behind"
