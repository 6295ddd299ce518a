"""What is folded when a view opens: rows that say enough without the rows below them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.folders import FolderLayout
from dagtui.tui.graph.layout import TOP, GroupKind
from dagtui.tui.graph.signs import OUTSIDE, QUEUED
from dagtui.tui.graph.tallies import shown_statuses
from dagtui.tui.graph.weights import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dagtui.tui.graph.layout import TreeLayout

_FOLDED = frozenset({GroupKind.MATRIX, GroupKind.OUTSIDE, GroupKind.ALIKE, GroupKind.REST})
_QUIET = QUIET | {OUTSIDE}
_NO_NODE = QUEUED + 1


def first_folded(layout: TreeLayout, status: Sequence[int], selected: bytearray | None) -> set[int]:
    """Return the group rows that are folded when a view opens. `status` and `selected` are indexed by node."""
    if isinstance(layout, FolderLayout):
        return set(range(layout.node_count, len(layout))) - _opened(layout, shown_statuses(status, selected))
    return set(_quiet_rows(layout))


def _quiet_rows(layout: TreeLayout) -> Iterator[int]:
    for item, head in enumerate(layout.heads, layout.node_count):
        if head.kind in _FOLDED:
            yield item


def _opened(layout: FolderLayout, status: bytes) -> set[int]:
    """Return the folders that open, because their nodes do not all have one quiet status.

    Those with failures open first, then in order, as long as there are no more rows than nodes.
    """
    found = _statuses(layout, status)
    loud = [folder for folder, statuses in found.items() if len(statuses) > 1 or not statuses <= _QUIET]
    below = Counter(layout.parents)
    rows, opened = below[TOP], set[int]()
    for folder in sorted(loud, key=lambda folder: (NodeStatus.FAILED not in found[folder], layout.positions[folder])):
        shut = [item for item in _with_above(layout, folder) if item not in opened]
        more = sum(below[item] for item in shut)
        if rows + more <= layout.node_count:
            rows += more
            opened.update(shut)
    return opened


def _statuses(layout: FolderLayout, status: bytes) -> Mapping[int, AbstractSet[int]]:
    """Return for each folder the statuses of the nodes in it."""
    in_order = layout.in_order(status, _NO_NODE)
    return {
        item: set(in_order[layout.positions[item] : layout.ends[item]]) - {_NO_NODE}
        for item, head in enumerate(layout.heads, layout.node_count)
        if head.kind is GroupKind.FOLDER
    }


def _with_above(layout: FolderLayout, item: int) -> Iterator[int]:
    """Yield an item and those above it."""
    while item != TOP:
        yield item
        item = layout.parents[item]
