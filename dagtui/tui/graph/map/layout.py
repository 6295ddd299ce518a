"""Layout of the map: every node has one place, families in the order of the tasks view, each in file order."""

from __future__ import annotations

import re
from array import array
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dagtui.tui.graph.layout import TOP, TreeLayout
from dagtui.tui.graph.tasks.arrangement import arrangement_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex

MOST_BLOCKS: Final = 1_500
"""The most blocks that a family is wrapped into."""
LEAST_IN_BLOCK: Final = 4
"""The least mean number of nodes in a block. With fewer, the blocks' names would take more room than their cells."""
_TRIED: Final = 32
"""The number of blocks after which it is decided whether they are large enough."""
_NUMBERED: Final = re.compile(r"[-_.:/#]*(?:[Ii][Dd])?(\d+)(?:[-_.:]\d+)+$", re.ASCII)
"""The end of a name with several numbers, the first of which names the block: `00.40`."""


class Stretch(NamedTuple):
    """Neighbouring places with a common title, which is as read from the file."""

    title: str
    start: int
    """The first place."""
    end: int
    """The place after the last."""

    @property
    def size(self) -> int:
        """The number of its places."""
        return self.end - self.start


class MapLayout(TreeLayout):
    """All nodes of a graph in one row of places. Items are nodes, positions are places, and nothing is below another.

    It takes a few flat arrays, which cost little for a million nodes.
    """

    __slots__ = ("_blocks", "_graph", "families", "groups")

    def __init__(self, graph: Graph) -> None:
        arrangement = arrangement_of(graph)
        members = [arrangement.families.members[family] for family in arrangement.order]
        self._graph = graph
        self._blocks: dict[int, Sequence[Stretch]] = {}
        titled = [(family.shown_name(graph), len(family.nodes)) for family in members]
        self.families: Sequence[Stretch] = list(_stretches(titled))
        """The places of each family, from top to bottom."""
        self.groups = [family.group for family in members]
        """The group of each family."""
        count = len(graph)
        self.node_count = count
        self.nodes = cast("Sequence[NodeIndex]", range(count))
        self.heads = ()
        self.parents = array("i", [TOP]) * count
        self.items = array("i", chain.from_iterable(family.nodes for family in members))
        self.positions = array("i", bytes(4 * count))
        for place, node in enumerate(self.items):
            self.positions[node] = place
        self.ends = array("i", (place + 1 for place in self.positions))
        self.depths = array("i", bytes(4 * count))

    def blocks(self, family: int) -> Sequence[Stretch]:
        """Return the blocks of a family whose names have several parts, by the first part. Empty if there are none."""
        if family not in self._blocks:
            self._blocks[family] = self._divided(self.families[family])
        return self._blocks[family]

    def label(self, place: int) -> str:
        """Return the name of the node at a place, as read from the file."""
        return self._graph.labels[self.items[place]]

    def _divided(self, family: Stretch) -> Sequence[Stretch]:
        blocks: list[Stretch] = []
        place = family.start
        while place < family.end:
            part = first_part(self.label(place), family.title)
            if part is None or len(blocks) == MOST_BLOCKS:
                return ()
            end = self._end_of(part, place, family)
            blocks.append(Stretch(part, place, end))
            place = end
            if len(blocks) == _TRIED and place - family.start < _TRIED * LEAST_IN_BLOCK:
                return ()
        return blocks if 1 < len(blocks) <= family.size // LEAST_IN_BLOCK else ()

    def _end_of(self, part: str, place: int, family: Stretch) -> int:
        """Return the place after a block, found by few looks at names: a block's nodes are neighbours."""
        step = 1
        while place + step < family.end and first_part(self.label(place + step), family.title) == part:
            place += step
            step *= 2
        low, high = place + 1, min(place + step, family.end)
        while low < high:
            middle = (low + high) // 2
            if first_part(self.label(middle), family.title) == part:
                low = middle + 1
            else:
                high = middle
        return low


def first_part(name: str, title: str) -> str | None:
    """Return the first of several parts that a node's name adds to its family's title, or None if there is no such."""
    if not name.startswith(title):
        return None
    rest = name[len(title) :]
    if rest.startswith("[") and rest.endswith("]"):
        first, comma, _ = rest[1:-1].partition(",")
        return (first.partition("=")[2] or first) if comma else None
    found = _NUMBERED.match(rest)
    return None if found is None else found[1]


def _stretches(titled: Sequence[tuple[str, int]]) -> Iterator[Stretch]:
    start = 0
    for title, count in titled:
        yield Stretch(title, start, start + count)
        start += count
