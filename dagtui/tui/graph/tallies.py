"""Tallies: the statuses of the nodes in row order, and their counts by branch."""

from __future__ import annotations

from heapq import merge
from itertools import compress
from operator import ne
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import TOP
from dagtui.tui.graph.signs import OUTSIDE, QUEUED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.layout import TreeLayout

_NO_NODE = 255
_NO_NODES = bytes([_NO_NODE])
_BY_FREQUENCY = (5, 0, 2, 7, 6, 1, QUEUED, 8, 9, 3, 4)
_COUNTED = QUEUED + 1
_FAILED = int(NodeStatus.FAILED)
_RECOUNTED = 2_000
"""After more changes than this between two frames, counting branches again is cheaper than applying each change."""

_REREAD = 8
"""If more than one node in this many has changed, reading all statuses anew is cheaper than looking up each."""

Counts = list[int]
"""Number of nodes by status, with QUEUED for those that wait on other machines, which READY leaves out."""


class Tallies:
    """Statuses by position of a layout, so that a branch is a slice, and the counts of the branches on screen."""

    def __init__(
        self,
        layout: TreeLayout,
        status: Sequence[int],
        selected: bytearray | None = None,
        queued: Callable[[], Collection[NodeIndex]] = tuple,
    ) -> None:
        """`selected` has a flag by node: whether it is part of the run. None: all are.

        `queued` returns the nodes that wait in the queue of an executor on other machines.
        """
        self._layout = layout
        self._queued = queued
        self._status = status
        self._selected = selected
        self._by_position = bytearray(layout.in_order(shown_statuses(status, selected, queued()), _NO_NODE))
        self._counted: dict[tuple[int, int], Counts] = {}
        self.failure_changes = 0
        """Increases when a node fails, or has failed no longer."""
        self._cells: dict[tuple[int, int], Counts] = {}
        """For each branch, the counts of the items directly below its row."""

    def update(self, nodes: Collection[NodeIndex]) -> list[int]:
        """Adopt the statuses of these nodes. Return the positions whose status differs, ascending."""
        if len(nodes) > _RECOUNTED and len(nodes) > len(self._status) // _REREAD:
            return self._read_again()
        by_position, positions, status = self._by_position, self._layout.positions, self._status
        selected, queued = self._selected if self.has_outside else None, self._queued()
        changed: list[tuple[int, int, int]] = []
        for node in nodes:
            position = positions[node]
            old, new = by_position[position], status[node]
            if selected is not None and not selected[node]:
                new = OUTSIDE
            elif new == NodeStatus.READY and node in queued:
                new = QUEUED
            if old != new:
                by_position[position] = new
                changed.append((position, old, new))
        changed.sort()
        self.failure_changes += any(_FAILED in change[1:] for change in changed)
        if len(changed) > _RECOUNTED:
            self._counted.clear()
            self._cells.clear()
        else:
            self._follow(changed)
        return [position for position, _, _ in changed]

    def _read_again(self) -> list[int]:
        """Adopt the statuses of all nodes. Return the positions whose status differs, ascending."""
        old = self._by_position
        new = self._by_position = bytearray(
            self._layout.in_order(shown_statuses(self._status, self._selected, self._queued()), _NO_NODE)
        )
        changed = list(compress(range(len(new)), map(ne, old, new)))
        self.failure_changes += bool(changed)
        self._counted.clear()
        self._cells.clear()
        return changed

    def _follow(self, changed: list[tuple[int, int, int]]) -> None:
        for (start, end), counts in self._counted.items():
            for position, old, new in changed:
                if position >= end:
                    break
                if position >= start:
                    _move(counts, old, new)
        layout = self._layout
        for position, old, new in changed if self._cells else ():
            above = layout.parents[layout.items[position]]
            if above == TOP:
                continue
            cells = self._cells.get((layout.positions[above] + 1, layout.ends[above]))
            if cells is not None:
                _move(cells, old, new)

    def counts(self, start: int, end: int) -> Counts:
        """Return the number of nodes by status in positions [start, end). Cached until `keep`."""
        found = self._counted.get((start, end))
        if found is None:
            found = self._counted[start, end] = self._count(start, end)
        return found

    def cells(self, item: int, total: int) -> Counts:
        """Return the number of cells by status directly below a matrix's row. Cached until `keep`."""
        layout = self._layout
        start, end = layout.positions[item] + 1, layout.ends[item]
        if end - start == total:
            return self.counts(start, end)
        known = self._cells.get((start, end))
        if known is not None:
            return known
        counts = [0] * _COUNTED
        self._cells[start, end] = counts
        position = start
        while position < end:
            if (status := self._by_position[position]) < _COUNTED and status != OUTSIDE:
                counts[status] += 1
            position = layout.ends[layout.items[position]]
        return counts

    def keep(self, branches: Iterable[tuple[int, int]]) -> None:
        """Forget the counts of all branches except these."""
        counted, cells, kept = self._counted, self._cells, set(branches)
        self._counted = {branch: counted[branch] for branch in kept if branch in counted}
        self._cells = {branch: cells[branch] for branch in kept if branch in cells}

    def _count(self, start: int, end: int) -> Counts:
        counts = [0] * _COUNTED
        rest = bytes(self._by_position[start:end])
        for status in _BY_FREQUENCY:
            if not rest:
                break
            before = len(rest)
            rest = rest.translate(None, bytes([status]))
            counts[status] = before - len(rest)
        return counts

    @property
    def has_outside(self) -> bool:
        """Whether some node was not part of the run when the tallies last followed it."""
        return self._selected is not None and OUTSIDE in self._by_position

    def statuses(self, start: int, end: int) -> bytes:
        """Return the statuses of the nodes in positions [start, end), in order, with OUTSIDE for those outside."""
        return bytes(self._by_position[start:end]).translate(None, _NO_NODES)

    def status_at(self, position: int) -> int:
        """Return the status of the node at a position, or another number for none."""
        return self._by_position[position]

    def having(self, status: int, start: int, end: int) -> Iterator[int]:
        """Yield the positions in [start, end) of the nodes in a status, or OUTSIDE, ascending.

        The READY ones include those that wait on other machines.
        """
        if status == NodeStatus.READY and self._queued():
            yield from merge(self._having(status, start, end), self._having(QUEUED, start, end))
        else:
            yield from self._having(status, start, end)

    def _having(self, status: int, start: int, end: int) -> Iterator[int]:
        position = self._by_position.find(status, start, end)
        while position >= 0:
            yield position
            position = self._by_position.find(status, position + 1, end)

    def find(self, statuses: Iterable[NodeStatus], position: int, *, backwards: bool = False) -> int | None:
        """Return the next position, wrapping around, of a node in one of the statuses."""
        by_position = self._by_position
        wanted: list[int] = list(statuses)
        if NodeStatus.READY in wanted:
            wanted.append(QUEUED)
        if backwards:
            found = [by_position.rfind(status, 0, max(0, position)) for status in wanted]
            found = found if max(found, default=-1) >= 0 else [by_position.rfind(status) for status in wanted]
            return best if (best := max(found, default=-1)) >= 0 else None
        found = [at for status in wanted if (at := by_position.find(status, position + 1)) >= 0]
        found = found or [at for status in wanted if (at := by_position.find(status)) >= 0]
        return min(found, default=None)


def shown_statuses(status: Sequence[int], selected: bytearray | None, queued: Collection[NodeIndex] = ()) -> bytes:
    """Return the statuses by node, with OUTSIDE for those that are not part of the run, and QUEUED for the queued."""
    shown = bytearray(status)
    for node in queued:
        if shown[node] == NodeStatus.READY:
            shown[node] = QUEUED
    if selected is None or 0 not in selected:
        return bytes(shown)
    return bytes(value if inside else OUTSIDE for value, inside in zip(shown, selected, strict=True))


def _move(counts: Counts, old: int, new: int) -> None:
    """Count a node at its new status. A node that is not part of the run is counted nowhere."""
    if old < _COUNTED and old != OUTSIDE:
        counts[old] -= 1
    if new < _COUNTED and new != OUTSIDE:
        counts[new] += 1
