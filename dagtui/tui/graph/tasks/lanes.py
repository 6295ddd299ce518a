"""Lanes: the edges of a graph as vertical lines beside rows in topological order.

A lane belongs to a family. A lane *from* a family begins at its row and ends at the row of its last child. A lane *to*
a family begins at the row of a parent and ends at its own row, so that several parents that nothing else waits for
share one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dagtui.tui.graph.tasks.families import Families

MOST_LANES: Final = 8
"""The most lanes that are drawn side by side. Edges beyond are named in words."""


class Tie(NamedTuple):
    """A lane that meets a row's family from the side."""

    column: int
    lane: int
    """The lane's number."""
    above: bool
    """Whether the lane comes from above."""
    below: bool
    """Whether the lane goes on below."""


class LaneRow(NamedTuple):
    """The lanes at one row."""

    column: int
    """The column of the family's own sign."""
    ties: tuple[Tie, ...]
    passing: Mapping[int, int]
    """The numbers of the lanes that only pass by, keyed by column."""
    below: Mapping[int, int]
    """The numbers of all lanes that go on below this row, keyed by column."""


class Lanes(NamedTuple):
    """The lanes of all rows."""

    rows: list[LaneRow]
    column_count: int
    over: Mapping[tuple[int, int], int]
    """The number of the lane that an edge takes, keyed by parent and child. Edges without a line are missing."""
    shared: Collection[int]
    """The numbers of the lanes that lead to a family."""

    @property
    def cells(self) -> int:
        """The number of cells of lines, which is the less the easier they are to follow."""
        bars = sum(len(row.below) for row in self.rows)
        return bars + sum(abs(tie.column - row.column) for row in self.rows for tie in row.ties)


NO_LANES: Final = Lanes([], 0, {}, ())


def lanes_of(families: Families, order: Sequence[int], least_shared: int, most: int = MOST_LANES) -> Lanes:
    """Return the lanes beside families in an order in which parents come before children.

    At least `least_shared` parents share a lane to their child.
    """
    drawing = _Drawing(families, order, least_shared, most)
    rows = [drawing.row(family) for family in order]
    return Lanes(rows, drawing.column_count, drawing.over, drawing.shared)


class _Lane:
    """A lane that is open."""

    __slots__ = ("column", "left", "number")

    def __init__(self, number: int, column: int, left: int) -> None:
        self.number = number
        self.column = column
        self.left = left
        """Number of rows still to come at which a child takes it. 1 for a lane to a family."""


class _Drawing:
    def __init__(self, families: Families, order: Sequence[int], least_shared: int, most: int) -> None:
        self._families = families
        self._most = most
        self.column_count = 0
        self.over: dict[tuple[int, int], int] = {}
        self.shared: set[int] = set()
        self._from: dict[int, _Lane] = {}
        self._to: dict[int, _Lane] = {}
        self._columns: list[_Lane | None] = []
        self._count = 0
        self._sharing = _sharing(families, order, least_shared)

    def row(self, family: int) -> LaneRow:
        """Return the lanes at the row of the next family."""
        before = self._numbers()
        incoming = [lane for parent in self._families.parents[family] if (lane := self._taken(parent, family))]
        if (own := self._to.pop(family, None)) is not None:
            incoming.append(own)
        for lane in incoming:
            lane.left -= 1
        ended = [lane for lane in incoming if not lane.left]
        for lane in ended:
            self._columns[lane.column] = None
        column = min((lane.column for lane in ended), default=self._free_column())
        ties = [
            Tie(lane.column, lane.number, above=True, below=lane.left > 0) for lane in incoming if lane.column != column
        ]
        ties += self._begin(family, column)
        below = self._numbers()
        self.column_count = max(self.column_count, 1 + column, 1 + max(below, default=0))
        met = {tie.column for tie in ties} | {column}
        passing = {at: number for at, number in before.items() if at not in met}
        return LaneRow(column, tuple(sorted(ties)), passing, below)

    def _taken(self, source: int, family: int) -> _Lane | None:
        """Return the lane from a parent, if the edge to a family takes that."""
        lane = self._from.get(source)
        if lane is None or source in self._sharing[family]:
            return None
        self.over[source, family] = lane.number
        if lane.left == 1:
            del self._from[source]
        return lane

    def _begin(self, family: int, column: int) -> list[Tie]:
        """Begin the lanes from and to a family. Return the ties to lanes that lead to its children."""
        children = self._families.children[family]
        shared = [child for child in children if family in self._sharing[child]]
        if len(children) > len(shared) and (lane := self._open(column, len(children) - len(shared))):
            self._from[family] = lane
        ties: list[Tie] = []
        for child in shared:
            lane = self._to.get(child)
            above = lane is not None
            if lane is None:
                at = column if len(children) == 1 else self._free_column(column)
                if (lane := self._open(at, 1)) is None:
                    continue
                self._to[child] = lane
                self.shared.add(lane.number)
            self.over[family, child] = lane.number
            if lane.column != column:
                ties.append(Tie(lane.column, lane.number, above=above, below=True))
        return ties

    def _open(self, column: int, left: int) -> _Lane | None:
        """Open a lane, unless it would be one too many."""
        if column >= self._most:
            return None
        self._columns += [None] * (column + 1 - len(self._columns))
        lane = self._columns[column] = _Lane(self._count, column, left)
        self._count += 1
        return lane

    def _free_column(self, after: int = -1) -> int:
        """Return the first free column after another one."""
        free = (at for at in range(after + 1, len(self._columns)) if self._columns[at] is None)
        return next(free, max(after + 1, len(self._columns)))

    def _numbers(self) -> dict[int, int]:
        """Return the numbers of the lanes that are open, by column."""
        return {at: lane.number for at, lane in enumerate(self._columns) if lane is not None}


def _sharing(families: Families, order: Sequence[int], least: int) -> list[frozenset[int]]:
    """Return for each family the parents that share a lane to it.

    They have no child further down, and rows stand between: each of their own lanes would be there for this child only.
    """
    place_of = dict(zip(order, range(len(order)), strict=True))
    last_child = [max(children, key=place_of.__getitem__, default=-1) for children in families.children]
    found: list[frozenset[int]] = []
    for family, parents in enumerate(families.parents):
        own = frozenset(parent for parent in parents if last_child[parent] == family)
        found.append(own if len(own) >= least else frozenset())
    return found
