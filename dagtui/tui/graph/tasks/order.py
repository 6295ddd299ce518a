"""Order of the tasks view: parents come before children, groups stay together, and what is begun is ended soon."""

from __future__ import annotations

import enum
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dagtui.tui.graph.tasks.families import Families

KEPT_TOGETHER = 1
"""The number of lanes that it may cost to stay in a group."""


class Aim(enum.Enum):
    """What an order is to achieve first."""

    FEW_LANES = "few lanes"
    """The next family leaves the fewest lanes open. A family keeps a lane open until its last child is placed."""
    SHORT_EDGES = "short edges"
    """The next family is the one whose parent was placed last."""


class _Entry(NamedTuple):
    """A family whose parents are placed, and what decides when it comes. The least entry comes first."""

    first: int
    second: int
    family: int
    lanes: int
    """How many more lanes are open after it."""


def ordered(families: Families, aim: Aim) -> list[int]:
    """Return the families from top to bottom.

    The next family is one of the same group, if that costs no more than `KEPT_TOGETHER` lanes. Otherwise, the aim
    decides, then the other aim, then the order of the file.
    """
    return _Placing(families, aim).run()


class _Placing:
    def __init__(self, families: Families, aim: Aim) -> None:
        self._families = families
        self._aim = aim
        self._missing = [len(parents) for parents in families.parents]
        """For each family, the number of its parents that are not placed."""
        self._open = [len(children) for children in families.children]
        """For each family, the number of its children that are not placed."""
        self._place_of = [-1] * len(families.members)
        self._order: list[int] = []
        self._waiting: dict[str, list[_Entry]] = {}
        """For each group, a heap of the families whose parents are placed. A family that got better is in it twice."""

    def run(self) -> list[int]:
        for family, missing in enumerate(self._missing):
            if not missing:
                self._offer(family)
        while self._waiting:
            self._place(self._next())
        return self._order

    def _offer(self, family: int) -> None:
        parents = self._families.parents[family]
        closed = sum(self._open[parent] == 1 for parent in parents)
        opened = 1 if self._families.children[family] or not parents else 0  # one alone has no reason to come early
        since = -max((self._place_of[parent] for parent in parents), default=-1)
        lanes = opened - closed
        first, second = (lanes, since) if self._aim is Aim.FEW_LANES else (since, lanes)
        group = self._families.members[family].group
        heappush(self._waiting.setdefault(group, []), _Entry(first, second, family, lanes))

    def _next(self) -> int:
        best = min(heap[0] for heap in self._waiting.values())
        if self._order:
            same = self._waiting.get(self._families.members[self._order[-1]].group)
            if same and same[0].lanes <= best.lanes + KEPT_TOGETHER:
                best = same[0]
        return best.family

    def _place(self, family: int) -> None:
        families = self._families
        self._place_of[family] = len(self._order)
        self._order.append(family)
        self._drop_placed(families.members[family].group)
        for parent in families.parents[family]:
            self._open[parent] -= 1
            if self._open[parent] == 1:
                self._offer_last_child(parent)
        for child in families.children[family]:
            self._missing[child] -= 1
            if not self._missing[child]:
                self._offer(child)

    def _offer_last_child(self, family: int) -> None:
        """Offer the child of a family again that now closes its lane."""
        last = next(child for child in self._families.children[family] if self._place_of[child] < 0)
        if not self._missing[last]:
            self._offer(last)
            self._drop_placed(self._families.members[last].group)

    def _drop_placed(self, group: str) -> None:
        heap = self._waiting[group]
        while heap and self._place_of[heap[0].family] >= 0:
            heappop(heap)
        if not heap:
            del self._waiting[group]
