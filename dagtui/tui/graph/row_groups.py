"""Row groups: the nodes behind a group row, their statuses, and the notable ones among them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import GroupKind, GroupRow
from dagtui.tui.graph.signs import OUTSIDE, QUEUED
from dagtui.tui.graph.weights import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.tallies import Tallies

SAMPLED = 20
"""The most nodes of each status that are looked at to find which commands are worth offering."""
_SEARCHED = 100
"""The most nodes of each status, at the row or below, among which they are looked for: screens ask in each frame."""
NAMED = 20
"""The most nodes of each notable status that are named."""
NOTABLE = (NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.CANCELLING, NodeStatus.RUNNING)
"""Statuses whose nodes are named in a group. For the others, their number is enough."""


class RowGroup(NamedTuple):
    """The present state of a row that stands for many nodes."""

    head: GroupRow
    counts: Sequence[int]
    """Number of nodes behind the row by status."""
    named: dict[NodeStatus, list[NodeIndex]]
    """For each notable status, its first nodes."""
    samples: list[NodeIndex]
    """Some of the nodes that a command on the row acts on."""
    stale: int = 0
    """Number of completed nodes that are stale."""
    outside: int = 0
    """Number of nodes that are not part of the run."""


def stands_for_many(outline: Outline, item: int) -> bool:
    """Return whether a row stands for many nodes."""
    return outline.reach(item) is not None


def members(outline: Outline, item: int) -> list[NodeIndex]:
    """Return the nodes that a command on a row acts on: all cells of a matrix, or all in a folder or section.

    Nodes hidden by a filter are left out.
    """
    layout = outline.layout
    head, reach = outline.head(item), outline.reach(item)
    if head is None or reach is None:
        return []
    positions = _cells(outline, *reach) if head.kind is GroupKind.MATRIX else range(*reach)
    found = (layout.items[position] for position in positions if outline.lets_through(position))
    return cast("list[NodeIndex]", [item for item in found if item < layout.node_count])


def counts(outline: Outline, tallies: Tallies, item: int) -> Sequence[int] | None:
    """Return the number of nodes by status behind a row that stands for many, or None for another row."""
    head, reach = outline.head(item), outline.reach(item)
    if head is None or reach is None:
        return None
    return tallies.cells(item, head.total) if head.kind is GroupKind.MATRIX else tallies.counts(*reach)


def many(outline: Outline, tallies: Tallies, item: int, staleness: Tallies | None = None) -> RowGroup | None:
    """Return the group behind a row that stands for many, or None for another row.

    `staleness` is the navigator's.
    """
    layout = outline.layout
    head, reach, found = outline.head(item), outline.reach(item), counts(outline, tallies, item)
    if head is None or reach is None or found is None:
        return None
    positions = {status: _having(outline, tallies, item, status) for status in NOTABLE}
    named = {
        status: [layout.nodes[layout.items[at]] for at in islice(found, NAMED)] for status, found in positions.items()
    }
    stale = None if staleness is None else counts(outline, staleness, item)
    outside = sum(1 for _ in _having(outline, tallies, item, OUTSIDE))
    return RowGroup(head, found, named, samples(outline, tallies, item), stale[1] if stale else 0, outside)


def samples(outline: Outline, tallies: Tallies, item: int) -> list[NodeIndex]:
    """Return some of the nodes that a command on a row acts on: the first ones of each status."""
    found = (_having(outline, tallies, item, status, _SEARCHED) for status in (*NodeStatus, OUTSIDE))
    shown = (islice(filter(outline.lets_through, positions), SAMPLED) for positions in found)
    layout = outline.layout
    return [layout.nodes[layout.items[position]] for positions in shown for position in positions]


def worst_of(outline: Outline, tallies: Tallies, item: int) -> NodeIndex | None:
    """Return the first of the worst nodes behind a row that stands for many, or None for another row."""
    found = (_having(outline, tallies, item, status) for status in WORST_FIRST)
    position = next((at for positions in found for at in positions if outline.lets_through(at)), None)
    return None if position is None else outline.layout.nodes[outline.layout.items[position]]


def _having(outline: Outline, tallies: Tallies, item: int, status: int, most: int | None = None) -> Iterator[int]:
    """Yield the positions of the nodes in a status, or OUTSIDE, that a row stands for.

    `most` bounds the nodes that are looked at, at the row or below it.
    """
    layout, found = outline.layout, counts(outline, tallies, item)
    head, reach = outline.head(item), outline.reach(item)
    if head is None or reach is None or found is None:
        return
    if not (tallies.has_outside if status == OUTSIDE else _counted(found, status)):
        return
    for position in islice(tallies.having(status, *reach), most):
        if head.kind is not GroupKind.MATRIX or layout.parents[layout.items[position]] == item:
            yield position


def _counted(counts: Sequence[int], status: int) -> int:
    """Return the number of nodes in a status. The READY ones include those that wait on other machines."""
    return counts[status] + (counts[QUEUED] if status == NodeStatus.READY else 0)


def _cells(outline: Outline, start: int, end: int) -> Iterator[int]:
    """Yield the positions in [start, end) that are not below another one of them."""
    layout = outline.layout
    position = start
    while position < end:
        yield position
        position = layout.ends[layout.items[position]]
