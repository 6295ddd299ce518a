"""What a row that is no node stands for: its nodes, how they stand, and those that are worth a look."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import GroupKind, GroupRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.tallies import Tallies

NAMED = 20
"""So many nodes of each notable status are named."""
NOTABLE = (NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.CANCELLING, NodeStatus.RUNNING)
"""What is named where many nodes are shown as one; of the others their number says enough."""


class RowGroup(NamedTuple):
    """A row that stands for many nodes, as it is now."""

    head: GroupRow
    counts: Sequence[int]
    """How many nodes of each status are behind the row."""
    named: dict[NodeStatus, list[int]]
    """Of each notable status, the first nodes."""
    stale: int = 0
    """How many of those that are done are stale."""


def members(outline: Outline, item: int) -> list[int]:
    """The nodes that commands on a row mean: the cells of a matrix, all in a folder or section; hidden ones aren't."""
    layout = outline.layout
    head, reach = layout.head(item), _reach(outline, item)
    if head is None or reach is None:
        return []
    positions = _cells(outline, *reach) if head.kind is GroupKind.MATRIX else range(*reach)
    found = (layout.items[position] for position in positions if outline.lets_through(position))
    return [node for node in found if node < layout.node_count]


def counts(outline: Outline, tallies: Tallies, item: int) -> Sequence[int] | None:
    """How many nodes of each status are behind a row that stands for many; None of another row."""
    head, reach = outline.layout.head(item), _reach(outline, item)
    if head is None or reach is None:
        return None
    return tallies.cells(item, head.total) if head.kind is GroupKind.MATRIX else tallies.counts(*reach)


def many(outline: Outline, tallies: Tallies, item: int, staleness: Tallies | None = None) -> RowGroup | None:
    """What there is to say of a row that stands for many; None of another row. `staleness` as a navigator has it."""
    layout = outline.layout
    head, reach, found = layout.head(item), _reach(outline, item), counts(outline, tallies, item)
    if head is None or reach is None or found is None:
        return None
    named: dict[NodeStatus, list[int]] = {}
    for status in NOTABLE:
        nodes = (layout.items[at] for at in tallies.having(status, *reach)) if found[status] else iter(())
        if head.kind is GroupKind.MATRIX:
            nodes = (node for node in nodes if layout.parents[node] == item)
        named[status] = list(islice(nodes, NAMED))
    stale = None if staleness is None else counts(outline, staleness, item)
    return RowGroup(head, found, named, stale[1] if stale else 0)


def _reach(outline: Outline, item: int) -> tuple[int, int] | None:
    """The positions behind a row that stands for many, from the first to before the last."""
    head = outline.layout.head(item)
    if head is None or head.kind is GroupKind.MORE:
        return None
    return outline.layout.positions[item] + 1, outline.layout.shut_end(item)


def _cells(outline: Outline, start: int, end: int) -> Iterator[int]:
    """Of the positions from start to before end, those that are not below another one of them."""
    layout = outline.layout
    position = start
    while position < end:
        yield position
        position = layout.ends[layout.items[position]]
