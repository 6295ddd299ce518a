"""Layout of a tree: all its rows as flat arrays, with their positions and the ends of their branches."""

from __future__ import annotations

import enum
from array import array
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.graph.model import NodeIndex

TOP = -1
"""The parent of items without one."""


class GroupKind(enum.Enum):
    """What a group row stands for."""

    MATRIX = "matrix"
    """Alike siblings: the cells of one task, or tasks whose names differ in a number."""
    FOLDER = "folder"
    ALIKE = "alike"
    """Nodes that failed with messages of one shape."""
    REST = "rest"
    """The nodes without trouble."""
    NOTE = "note"
    """Words about the rows around it. It stands for no node."""
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
        self.parents: Sequence[int] = array("i", parents)
        """For each item, the item above it, or TOP."""
        places = _place(parents, sequence)
        self.items: Sequence[int] = array("i", places.items)
        """Indexed by position."""
        self.positions: Sequence[int] = array("i", places.positions)
        """Indexed by item."""
        self.ends: Sequence[int] = array("i", places.ends)
        """For each item, the position after its branch."""
        self.depths: Sequence[int] = array("i", places.depths)
        """For each item, the number of items above it."""

    def __len__(self) -> int:
        return len(self.items)

    def members_start(self, item: int) -> int:
        """Return the first position of what a group row stands for."""
        return self.positions[item] + 1

    def shut_start(self, item: int) -> int:
        """Return the first position of what folding an item hides. That goes on until the end of its branch."""
        return self.positions[item] + 1

    def foldable(self, item: int) -> bool:
        """Return whether something below the item can be folded."""
        return self.ends[item] > self.shut_start(item)

    def foldables(self) -> Iterator[int]:
        """Yield the items below which something can be folded."""
        for item, (position, end) in enumerate(zip(self.positions, self.ends, strict=True)):
            if end - position > 1:
                yield item

    def in_order(self, values: bytes, fill: int) -> bytes:
        """Return values by node as values by position, with `fill` for other rows."""
        extended = values + bytes([fill]) * (len(self) - self.node_count)
        return bytes(itemgetter(*self.items, 0)(extended)[: len(self)]) if len(self) else b""

    def with_ancestors(self, nodes: Iterable[int]) -> bytearray:
        """Return by position whether a row is one of these nodes, or stands above one."""
        kept = bytearray(len(self))
        positions, parents = self.positions, self.parents
        for node in nodes:
            item = node
            while item != TOP and not kept[positions[item]]:
                kept[positions[item]] = 1
                item = parents[item]
        return kept

    def is_note(self, item: int) -> bool:
        """Return whether a row only says something about others: the cursor passes it by."""
        head = self.head(item)
        return head is not None and head.kind is GroupKind.NOTE

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
