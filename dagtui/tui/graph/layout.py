"""Layout of a tree: all its rows as flat arrays, with their positions and the ends of their branches."""

from __future__ import annotations

import enum
from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.graph.model import NodeIndex

TOP = -1
"""The parent of items without one."""


class GroupKind(enum.Enum):
    """What a group row stands for."""

    MATRIX = "matrix"
    """Siblings expanded from one task."""
    FOLDER = "folder"
    SECTION = "section"
    """The nodes of one status."""
    OUTSIDE = "outside"
    """The nodes that are not part of the run."""
    MORE = "more"
    """The references of one parent."""
    CELL = "cell"
    """The nodes that a cell of the map stands for."""


class GroupRow(NamedTuple):
    """A row that stands for others."""

    kind: GroupKind
    title: str
    """As read from the file: show it only through `dagtui.text`."""
    total: int
    """Number of rows it stands for, without what is below them."""
    key: str
    """Its name in the dump of a pane's state. Unique among the group rows of a layout."""


class TreeLayout:
    """All rows of a tree in order, completely unfolded, without their text.

    A row is an *item* at a *position*. Items are integers: first the nodes as the graph numbers them, then the group
    rows, then the references (a further edge to a node that stands elsewhere). The branch of an item, that is, the item
    and everything below it, is a range of positions. Folding therefore cuts a slice, at any depth.
    """

    __slots__ = ("depths", "ends", "heads", "items", "node_count", "nodes", "parents", "positions", "shut", "targets")

    def __init__(
        self,
        node_count: int,
        heads: Sequence[GroupRow],
        targets: Sequence[NodeIndex],
        parents: list[int],
        sequence: Sequence[int],
        members_end: Mapping[int, int],
    ) -> None:
        """Place the items of `sequence`, in which parents come before children and siblings in their order.

        `parents` gives the item above each item, or TOP. `targets` are the nodes that the references point to.
        `members_end` maps a group row that is folded only in part to the last item of that part.
        """
        self.node_count = node_count
        self.nodes = cast("Sequence[NodeIndex]", range(node_count))
        self.heads = tuple(heads)
        self.targets = cast("Sequence[NodeIndex]", array("i", targets))
        self.parents = array("i", parents)
        """For each item, the item above it, or TOP."""
        places = _place(parents, sequence)
        self.items = array("i", places.items)
        """Indexed by position."""
        self.positions = array("i", places.positions)
        """Indexed by item."""
        self.ends = array("i", places.ends)
        """For each item, the position after its branch."""
        self.depths = array("i", places.depths)
        """For each item, the number of items above it."""
        self.shut = {head: self.ends[last] for head, last in members_end.items()}

    def __len__(self) -> int:
        return len(self.items)

    def shut_end(self, item: int) -> int:
        """Return the position after what folding an item hides."""
        return self.shut.get(item, self.ends[item])

    def foldable(self, item: int) -> bool:
        """Return whether something below the item can be folded."""
        return self.shut_end(item) > self.positions[item] + 1

    def head(self, item: int) -> GroupRow | None:
        """Return the item's group row, or None if it is not one."""
        index = item - self.node_count
        return self.heads[index] if 0 <= index < len(self.heads) else None

    def is_reference(self, item: int) -> bool:
        """Return whether the item is a further edge to a node that stands elsewhere."""
        return item >= self.node_count + len(self.heads)

    def node(self, item: int) -> NodeIndex | None:
        """Return the node that the item is or refers to, or None for group rows."""
        if item < self.node_count:
            return self.nodes[item]
        index = item - self.node_count - len(self.heads)
        return self.targets[index] if index >= 0 else None


class _Places(NamedTuple):
    items: list[int]
    positions: list[int]
    ends: list[int]
    depths: list[int]


def _place(parents: list[int], sequence: Sequence[int]) -> _Places:
    """Compute all positions: a branch needs as many rows as it has items."""
    count = len(parents)
    sizes = [1] * (count + 1)  # the last element is the one that TOP, -1, indexes
    for item in reversed(sequence):
        sizes[parents[item]] += sizes[item]
    items, positions, depths = [0] * count, [0] * count, [0] * count + [-1]
    free = [0] * (count + 1)
    for item in sequence:
        above = parents[item]
        position = free[above]
        free[above] = position + sizes[item]
        free[item] = position + 1
        depths[item] = depths[above] + 1
        positions[item] = position
        items[position] = item
    # Every branch is full now, so that its next free position is its end.
    del free[TOP], depths[TOP]
    return _Places(items, positions, free, depths)
