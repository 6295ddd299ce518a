"""Layout of a tree: all its rows as flat arrays, with their positions and the ends of their branches."""

from __future__ import annotations

import enum
from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex

TOP = -1
"""The parent of items without one."""


class GroupKind(enum.Enum):
    """What a group row stands for."""

    MATRIX = "matrix"
    """Alike siblings: the cells of one task, or tasks whose names differ in a number."""
    FOLDER = "folder"
    SECTION = "section"
    """The nodes of one status."""
    OUTSIDE = "outside"
    """The nodes that are not part of the run."""
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


def unique_key(name: str, keys: Counter[str]) -> str:
    """Return a key for a group row. `keys` counts the names so far: the second one with a name gets a number."""
    keys[name] += 1
    return name if keys[name] == 1 else f"{name} ({keys[name]})"


class TreeLayout:
    """All rows of a tree in order, completely unfolded, without their text.

    A row is an *item* at a *position*. Items are integers: first the nodes as the graph numbers them, then the group
    rows. The branch of an item, that is, the item and everything below it, is a range of positions. Folding therefore
    cuts a slice, at any depth.
    """

    __slots__ = ("depths", "ends", "heads", "items", "node_count", "nodes", "parents", "positions")

    def __init__(self, node_count: int, heads: Sequence[GroupRow], parents: list[int], sequence: Sequence[int]) -> None:
        """Place the items of `sequence`, in which parents come before children and siblings in their order.

        `parents` gives the item above each item, or TOP.
        """
        self.node_count = node_count
        self.nodes = cast("Sequence[NodeIndex]", range(node_count))
        self.heads = tuple(heads)
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

    def __len__(self) -> int:
        return len(self.items)

    def foldable(self, item: int) -> bool:
        """Return whether something is below the item."""
        return self.ends[item] > self.positions[item] + 1

    def head(self, item: int) -> GroupRow | None:
        """Return the item's group row, or None if it is not one."""
        index = item - self.node_count
        return self.heads[index] if 0 <= index < len(self.heads) else None

    def node(self, item: int) -> NodeIndex | None:
        """Return the node that the item is, or None for group rows."""
        return self.nodes[item] if item < self.node_count else None


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
