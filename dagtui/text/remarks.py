"""What dagtui itself writes into a log."""

from __future__ import annotations

from dagtui.text.amounts import plural

REMARK = "[dagtui: "
"""How each such line begins."""


def left_behind(processes: int) -> str:
    """What became of the processes that a node had left in the background: ended 1 process that it left behind."""
    return f"ended {plural(processes, 'process', 'processes')} that it left behind"
