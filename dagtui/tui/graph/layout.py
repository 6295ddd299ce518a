"""The rows of a tree, all of them, as flat arrays: what stands where, and where its branch ends."""

from __future__ import annotations

import enum
from array import array
from typing import TYPE_CHECKING, NamedTuple

from dagtui.tui.graph.paths import TOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class GroupKind(enum.Enum):
    """What a row that is no node stands for."""

    MATRIX = "matrix"
    """Siblings that were expanded from one task."""
    FOLDER = "folder"
    SECTION = "section"
    """The nodes of one status."""
    MORE = "more"
    """The references of one parent."""


class GroupRow(NamedTuple):
    """A row that stands for others."""

    kind: GroupKind
    title: str
    """As it comes from the file: to be shown through `dagtui.text` only."""
    total: int
    """How many rows it stands for, without what is below them."""
    key: str
    """Names it in the dump of a pane's state; unique among the heads of a layout."""


class TreeLayout:
    """The rows of a tree in order, unfolded to the last, without the strings.

    A row is an *item* at a *position*. Items are integers: first the nodes, as the graph numbers them, then the heads,
    then the references (a further edge to a node that stands elsewhere). The branch of an item, it and everything
    below it, is a range of positions; so folding is cutting a slice, whatever the depth.
    """

    __slots__ = ("depths", "ends", "heads", "items", "node_count", "parents", "positions", "shut", "targets")

    def __init__(
        self,
        node_count: int,
        heads: Sequence[GroupRow],
        targets: Sequence[int],
        parents: list[int],
        sequence: Sequence[int],
        members_end: Mapping[int, int],
    ) -> None:
        """Place the items of `sequence`, in which parents come before children and siblings in their order.

        `parents` gives the item above each item, or TOP. `targets` are the nodes that the references point to.
        `members_end` maps a head, of which only a part is folded away, to the last item of that part.
        """
        self.node_count = node_count
        self.heads = tuple(heads)
        self.targets = array("i", targets)
        self.parents = array("i", parents)
        """By item: the item above it, or TOP."""
        places = _place(parents, sequence)
        self.items = array("i", places.items)
        """By position."""
        self.positions = array("i", places.positions)
        """By item."""
        self.ends = array("i", places.ends)
        """By item: the position after its branch."""
        self.depths = array("i", places.depths)
        """By item: how many items are above it."""
        self.shut = {head: self.ends[last] for head, last in members_end.items()}

    def __len__(self) -> int:
        return len(self.items)

    def shut_end(self, item: int) -> int:
        """The position after what folding an item hides."""
        return self.shut.get(item, self.ends[item])

    def foldable(self, item: int) -> bool:
        """Whether something below the item can be folded away."""
        return self.shut_end(item) > self.positions[item] + 1

    def head(self, item: int) -> GroupRow | None:
        """The head that the item is, or None."""
        index = item - self.node_count
        return self.heads[index] if 0 <= index < len(self.heads) else None

    def is_reference(self, item: int) -> bool:
        """Whether the item is a further edge to a node that stands elsewhere."""
        return item >= self.node_count + len(self.heads)

    def node(self, item: int) -> int | None:
        """The node that the item is or refers to; None for heads."""
        if item < self.node_count:
            return item
        index = item - self.node_count - len(self.heads)
        return self.targets[index] if index >= 0 else None


class _Places(NamedTuple):
    items: list[int]
    positions: list[int]
    ends: list[int]
    depths: list[int]


def _place(parents: list[int], sequence: Sequence[int]) -> _Places:
    """Where everything stands: a branch needs as many rows as it has items."""
    count = len(parents)
    sizes = [1] * (count + 1)  # the last one is what TOP, -1, finds
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
    # Every branch is full now, so that what would be the next free position is its end.
    del free[TOP], depths[TOP]
    return _Places(items, positions, free, depths)
