"""Layout of the tasks view: a row a family in topological order, its cells below it, and lanes of edges beside it."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from itertools import groupby
from typing import TYPE_CHECKING, Final

from dagtui.text import cell_width, label
from dagtui.text.amounts import NO_CELLS
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout, unique_key
from dagtui.tui.graph.tasks.arrangement import arrangement_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.graph.model import Graph
    from dagtui.text.amounts import CellWidth
    from dagtui.tui.graph.tasks.families import Families, Family
    from dagtui.tui.graph.tasks.lanes import Lanes

LEAST_GROUPED: Final = 3
"""The least number of rows that get a heading for their group."""
_MEASURED: Final = 50
"""The longest titles, by characters, whose width in cells is looked at."""


class TasksLayout(TreeLayout):
    """All rows of the tasks view, with the families that they stand for."""

    __slots__ = ("families", "lanes", "longest", "order", "place_of", "widest")

    def __init__(self, graph: Graph) -> None:
        arrangement = arrangement_of(graph)
        self.families: Families = arrangement.families
        self.order: Sequence[int] = arrangement.order
        """The families from top to bottom."""
        self.lanes: Lanes = arrangement.lanes
        self.place_of: Mapping[int, int] = {family: place for place, family in enumerate(self.order)}
        """The place of each family in that order."""
        rows = _Rows(graph, self.families, self.order)
        super().__init__(len(graph), rows.heads, rows.parents, rows.sequence)
        longest = nlargest(_MEASURED, self.families.members, key=lambda family: len(family.shown_name(graph)))
        self.widest: CellWidth = max((_title_width(graph, family) for family in longest), default=NO_CELLS)
        """The width of the longest title, with the number of nodes."""
        self.longest = max((len(family.nodes) for family in self.families.members), default=0)
        """The number of nodes of the largest family."""

    def family(self, item: int) -> int | None:
        """Return the family whose row an item is, or None for a cell or a heading."""
        head = self.head(item)
        if head is None:
            return None if self.parents[item] != TOP and self._is_family(self.parents[item]) else self._family_of(item)
        return None if head.kind is GroupKind.FOLDER else self._family_of(self.items[self.positions[item] + 1])

    def place(self, item: int) -> int:
        """Return the place of the family that an item belongs to. For a heading, of the first below it."""
        while self.head(item) is not None:
            item = self.items[self.positions[item] + 1]
        return self.place_of[self._family_of(item)]

    def last_place(self, item: int) -> int:
        """Return the place of the last family in the branch of an item."""
        return self.place(self.items[self.ends[item] - 1])

    def undrawn_parents(self, family: int) -> list[int]:
        """Return the parents of a family from which no line leads to it."""
        over = self.lanes.over
        return [parent for parent in self.families.parents[family] if (parent, family) not in over]

    def _family_of(self, item: int) -> int:
        return self.families.of_node[item]

    def _is_family(self, item: int) -> bool:
        head = self.head(item)
        return head is not None and head.kind is GroupKind.MATRIX


def _title_width(graph: Graph, family: Family) -> CellWidth:
    """Return the width of the name in a family's row, with the number of its nodes."""
    number = f" ×{len(family.nodes)}" if len(family.nodes) > 1 else ""
    return cell_width(label(family.shown_name(graph), NAME_CHARACTERS) + number)


class _Rows:
    """The items of the layout."""

    def __init__(self, graph: Graph, families: Families, order: Sequence[int]) -> None:
        self.heads: list[GroupRow] = []
        self.parents = [TOP] * len(graph)
        self.sequence: list[int] = []
        self._families = families
        self._keys: Counter[str] = Counter()
        stretches = list(_stretches(families, order))
        headed = _headed(stretches, len(graph))
        for group, members in stretches:
            above = self._add_head(GroupKind.FOLDER, group, len(members), TOP) if group in headed else TOP
            for family in members:
                self._add_family(families.members[family], above)

    def _add_family(self, family: Family, above: int) -> None:
        nodes: Sequence[int] = family.nodes
        if len(nodes) > 1:
            above = self._add_head(GroupKind.MATRIX, family.title, len(nodes), above)
        for node in nodes:
            self.parents[node] = above
        self.sequence += nodes

    def _add_head(self, kind: GroupKind, title: str, total: int, above: int) -> int:
        key = unique_key(f"{kind.value} {title}", self._keys)
        self.parents.append(above)
        self.heads.append(GroupRow(kind, title, total, key))
        self.sequence.append(len(self.parents) - 1)
        return len(self.parents) - 1


def _stretches(families: Families, order: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
    """Yield each group that stands together, with its families."""
    for group, members in groupby(order, key=lambda family: families.members[family].group):
        yield group, list(members)


def _headed(stretches: Sequence[tuple[str, list[int]]], nodes: int) -> set[str]:
    """Return the groups that get a heading: they stand together, and there are no more rows than nodes."""
    times = Counter(group for group, _ in stretches)
    found = {group for group, members in stretches if group and times[group] == 1 and len(members) >= LEAST_GROUPED}
    rows = sum(len(members) for _, members in stretches) + len(found)
    return found if len(found) > 1 and rows <= nodes else set()
