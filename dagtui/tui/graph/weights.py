"""The order in which statuses are counted, and which of them stands for many nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.signs import OUTSIDE, QUEUED

if TYPE_CHECKING:
    from collections.abc import Sequence

_S = NodeStatus
TALLY_ORDER: Sequence[int] = (
    _S.COMPLETED,
    _S.RUNNING,
    _S.RETRYING,
    _S.CANCELLING,
    _S.FAILED,
    _S.FAILED_PARENT,
    _S.CANCELLED,
    _S.SKIPPED,
    _S.READY,
    QUEUED,
    _S.WAITING,
)
"""The order in which counts are shown."""
WEIGHTS: Sequence[int] = (
    _S.FAILED,
    _S.RUNNING,
    _S.CANCELLING,
    _S.RETRYING,
    _S.FAILED_PARENT,
    _S.CANCELLED,
    _S.READY,
    QUEUED,
    _S.WAITING,
    _S.COMPLETED,
    _S.SKIPPED,
)
"""The first of these that occurs stands for many nodes. Its count stays longest in narrow rows."""
WORST_FIRST = (
    _S.FAILED,
    _S.RETRYING,
    _S.CANCELLING,
    _S.RUNNING,
    _S.FAILED_PARENT,
    _S.CANCELLED,
    _S.READY,
    _S.WAITING,
    _S.COMPLETED,
    _S.SKIPPED,
)
"""The first of these that occurs is shown by a cell that stands for several nodes.

What has failed before or is told to stop goes before what runs. The weights of group rows prefer what moves.
"""
QUIET = frozenset({_S.WAITING, _S.READY, _S.COMPLETED, _S.SKIPPED})
"""Statuses of which nothing needs a look."""
_WORST_FIRST = tuple(value for status in WORST_FIRST for value in (status, QUEUED)[: 1 + (status is _S.READY)])


def weightiest(counts: Sequence[int]) -> int:
    """Return the status, or QUEUED, that stands for many nodes."""
    return next((status for status in WEIGHTS if counts[status]), _S.WAITING)


def worst(statuses: bytes) -> int:
    """Return the first of WORST_FIRST that occurs, or OUTSIDE if none does. Takes no step for each node."""
    return next((status for status in _WORST_FIRST if status in statuses), OUTSIDE)
