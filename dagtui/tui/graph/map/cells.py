"""What the cells of the map show: the worst status of the nodes that each stands for, and the share that is done.

They are kept up to date by the nodes that change: what a frame costs depends on what happened, not on the graph's size.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import UNBEGUN, NodeStatus
from dagtui.tui.graph.signs import QUEUED
from dagtui.tui.graph.weights import worst

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.tui.graph.map.plan import CellRun, MapPlan
    from dagtui.tui.graph.tallies import Tallies

SHARE: Final = 16
"""Codes are a status, or OUTSIDE, plus this times a share: 0 if nothing is done, 1 up to a half, 2 beyond."""
HIT: Final = 64
"""Is added to the code of a cell without a node that passes the filter."""
_UNKNOWN: Final = 255
_UNBEGUN: Final = frozenset({*UNBEGUN, QUEUED})
_DONE: Final = (NodeStatus.COMPLETED, NodeStatus.SKIPPED)
_RECOUNTED: Final = 5_000
"""After more changes than this between two frames, finding each one's cell costs more than looking at all again."""


class MapCells:
    """The codes of a plan's cells."""

    def __init__(self, plan: MapPlan, passing: bytearray | None = None) -> None:
        """`passing` has a flag by place: whether its node passes the filter. None: all do."""
        self._plan = plan
        self._passing = passing
        self._codes = bytearray([_UNKNOWN]) * plan.cell_count

    def note(self, places: Collection[int]) -> None:
        """Look again at the cells of these places, when they are shown next."""
        codes = self._codes
        if len(places) > _RECOUNTED:
            codes[:] = bytes([_UNKNOWN]) * len(codes)
            return
        number = self._plan.number
        for place in places:
            codes[number(place)] = _UNKNOWN

    def shown(self, part: CellRun, tallies: Tallies) -> bytes:
        """Return the codes of neighbouring cells. Statuses are those of the tallies now."""
        first = self._plan.number(part.start)
        last = first + part.cells
        at = self._codes.find(_UNKNOWN, first, last)
        while at >= 0:
            start = part.start + (at - first) * part.per
            self._codes[at] = self._code(start, min(start + part.per, part.end), tallies)
            at = self._codes.find(_UNKNOWN, at + 1, last)
        return bytes(self._codes[first:last])

    def _code(self, start: int, end: int, tallies: Tallies) -> int:
        statuses = tallies.statuses(start, end)
        if self._passing is not None:
            passing = self._passing[start:end]
            if 0 in passing:
                found = bytes(compress(statuses, passing))
                if not found:
                    return HIT + code_of(statuses)
                statuses = found
        return code_of(statuses)


def code_of(statuses: bytes) -> int:
    """Return the code of a cell whose nodes are in these statuses."""
    status = worst(statuses)
    if status not in _UNBEGUN:
        return status
    done = sum(map(statuses.count, _DONE))
    return status + SHARE * ((1 if 2 * done < len(statuses) else 2) if done else 0)
