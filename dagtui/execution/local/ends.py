"""Convert wait statuses of leaders to results."""

from __future__ import annotations

from dagtui.engine.messages import Ended, EndKind


def exited(node: int, attempt: int, status: int, seconds: float, left: int = 0) -> Ended:
    """Return the result of an attempt whose leader ended with a wait status."""
    number = status & 0x7F
    kind, value = (EndKind.SIGNAL, number) if number else (EndKind.EXIT, status >> 8)
    return Ended(node, attempt, kind, value, "", seconds, left=left)
