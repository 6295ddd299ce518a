"""Arrangement of a graph's families: their order, and the lanes beside it. Tasks and Map share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.tui.graph.tasks.families import Families, families_of
from dagtui.tui.graph.tasks.lanes import NO_LANES, Lanes, lanes_of
from dagtui.tui.graph.tasks.order import Aim, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph

MOST_TRIED: Final = 500
"""The most rows for which several arrangements are compared."""
_NEVER: Final = 1 << 30
_WAYS: Final = tuple((aim, least) for aim in Aim for least in (3, 4, _NEVER))
"""Aims of the order, and how many parents at least share a lane to their child."""


class Arrangement(NamedTuple):
    """The families of a graph from top to bottom."""

    families: Families
    order: Sequence[int]
    lanes: Lanes

    @property
    def is_mostly_drawn(self) -> bool:
        """Whether most edges between families are known and are lanes, so that few are named in words."""
        edges = sum(map(len, self.families.children))
        return self.families.is_linked and 2 * len(self.lanes.over) >= edges


_known: list[tuple[Graph, Arrangement]] = []
"""That of the last graph."""


def arrangement_of(graph: Graph) -> Arrangement:
    """Return the families of a graph in topological order. Cached for one graph."""
    if not _known or _known[0][0] is not graph:
        families = families_of(graph)
        is_finally = [graph.task(family.nodes[0]).is_finally for family in families.members]
        _known[:] = [(graph, Arrangement(families, *_arranged(families, is_finally)))]
    return _known[0][1]


def _arranged(families: Families, is_last: Sequence[bool]) -> tuple[list[int], Lanes]:
    """Return an order of the families and the lanes beside it: the best of several, if there are not too many rows.

    Those in `is_last` stand after all others.
    """
    if not families.is_linked:
        return sorted(range(len(families.members)), key=is_last.__getitem__), NO_LANES
    tried = _WAYS if len(families.members) <= MOST_TRIED else _WAYS[:1]
    orders = {aim: sorted(ordered(families, aim), key=is_last.__getitem__) for aim in {aim for aim, _ in tried}}
    ways = [(orders[aim], lanes_of(families, orders[aim], least)) for aim, least in tried]
    edges = sum(map(len, families.children))
    return min(ways, key=lambda way: (edges - len(way[1].over), way[1].column_count, way[1].cells))
