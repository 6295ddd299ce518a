"""Tree by status: one section for each status that occurs, failures first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.layout import GroupKind, GroupRow, TreeLayout
from dagtui.tui.graph.paths import TOP
from dagtui.tui.graph.tallies import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = (
    NodeStatus.FAILED,
    NodeStatus.RUNNING,
    NodeStatus.CANCELLING,
    NodeStatus.RETRYING,
    NodeStatus.FAILED_PARENT,
    NodeStatus.READY,
    NodeStatus.WAITING,
    NodeStatus.CANCELLED,
    NodeStatus.SKIPPED,
    NodeStatus.COMPLETED,
)
"""The order of the sections."""


def status_layout(status: Sequence[int]) -> TreeLayout:
    """Return the rows of the tree by status, each section in file order. `status` is indexed by node.

    Nodes that are not part of the run come last. Their status is OUTSIDE.
    """
    count = len(status)
    members: list[list[int]] = [[] for _ in (*NodeStatus, OUTSIDE)]
    for node, value in enumerate(status):
        members[value].append(node)
    heads: list[GroupRow] = []
    sequence: list[int] = []
    item_of = [TOP] * len(members)
    sections = [(value.value, GroupKind.SECTION, value.name, f"section {value.name}") for value in SECTIONS]
    for value, kind, title, key in (*sections, (OUTSIDE, GroupKind.OUTSIDE, NOT_SELECTED, "outside")):
        if members[value]:
            item_of[value] = count + len(heads)
            heads.append(GroupRow(kind, title, len(members[value]), key))
            sequence.append(item_of[value])
            sequence += members[value]
    parents = [item_of[value] for value in status] + [TOP] * len(heads)
    return TreeLayout(count, heads, (), parents, sequence, {})
