"""Outline: the rows of a layout that are in sight, given folds and a filter."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import compress
from typing import TYPE_CHECKING

from dagtui.engine.columns import positions
from dagtui.tui.graph.layout import TOP, GroupKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth
    from dagtui.tui.graph.layout import GroupRow, TreeLayout

_UNFOLDED_ONE_BY_ONE = 8
"""Unfolding more nested branches than this one by one costs more than computing all rows again."""


class Outline:
    """The rows in sight, as an ascending sequence of the layout's positions."""

    def __init__(self, layout: TreeLayout, folded: Iterable[int] = ()) -> None:
        self.layout = layout
        self.rows: Sequence[int] = range(len(layout))
        """For each row, its position."""
        self._all: Sequence[int] = self.rows
        """The positions that pass the filter."""
        self._folded = bytearray(len(layout))
        """Indexed by position."""
        self._unfiltered: bytearray | None = None
        """The folds from before the filter."""
        for item in folded:
            self._folded[layout.positions[item]] = layout.foldable(item)
        self._lay_out()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def filtered(self) -> bool:
        """Whether a filter hides rows."""
        return self._unfiltered is not None

    @property
    def folded_items(self) -> list[int]:
        """The folded items from top to bottom. Under a filter, those that are folded without it."""
        flags = self._folded if self._unfiltered is None else self._unfiltered
        items = self.layout.items
        return [items[position] for position in positions(flags, 1)]

    def item(self, row: int) -> int:
        """Return the item in a row."""
        return self.layout.items[self.rows[row]]

    def item_at(self, row: int, column: int) -> int:  # noqa: ARG002 - a row is one item
        """Return the item at a position of the pane, counted from the first row."""
        return self.landing(row)

    def landing(self, row: int, step: int = -1) -> int:  # noqa: ARG002 - of any row
        """Return the item on which a cursor lands that is moved to a row, by a step up or down."""
        return self.item(row)

    def drawn(self, row: int) -> int:
        """Return what stands for a row when it is drawn: its item."""
        return self.item(row)

    def row(self, item: int) -> int | None:
        """Return the row of an item, or None if it is hidden."""
        position = self.layout.positions[item]
        row = bisect_left(self.rows, position)
        return row if row < len(self.rows) and self.rows[row] == position else None

    def nearest_row(self, item: int) -> int:
        """Return the row of an item, of the fold that hides it, or of the item above it. 0 if there is none above."""
        return max(0, bisect_right(self.rows, self.layout.positions[item]) - 1)

    def moved(self, item: int, rows: int) -> int:
        """Return the item some rows further down, or up for a negative number."""
        return self.landing(max(0, min(self.nearest_row(item) + rows, len(self) - 1)), rows)

    def beside(self, item: int, step: int) -> int | None:  # noqa: ARG002 - a row is one item
        """Return the item beside another one in its row. None: there is none."""
        return None

    # What a row stands for

    def node(self, item: int) -> NodeIndex | None:
        """Return the node that an item is, or None if it stands for several."""
        return self.layout.node(item)

    def head(self, item: int) -> GroupRow | None:
        """Return the group that an item stands for, or None if it is one node."""
        return self.layout.head(item)

    def span(self, item: int) -> tuple[int, int]:
        """Return the range of positions of an item, without what is below it."""
        position = self.layout.positions[item]
        return position, position + 1

    def reach(self, item: int) -> tuple[int, int] | None:
        """Return the range of positions behind an item that stands for many nodes, or None for another one."""
        head = self.layout.head(item)
        if head is None or head.kind is GroupKind.NOTE:
            return None
        return self.layout.members_start(item), self.layout.ends[item]

    # What changes around it

    def fit(self, width: CellWidth, height: int) -> bool:  # noqa: ARG002 - rows have any width
        """Adapt to the size of the pane. Return whether that changed the rows."""
        return False

    def note(self, places: Collection[int]) -> None:
        """Learn at which positions statuses have changed."""

    def shown(self, item: int) -> int:
        """Return the item in whose row another one is, or is hidden. The first item if there is none above it."""
        return self.landing(self.nearest_row(item))

    def lets_through(self, position: int) -> bool:
        """Return whether the row at a position of the layout passes the filter."""
        if not self.filtered:
            return True
        index = bisect_left(self._all, position)
        return index < len(self._all) and self._all[index] == position

    def is_folded(self, item: int) -> bool:
        """Return whether something below the item is folded."""
        return bool(self._folded[self.layout.positions[item]])

    def is_foldable(self, item: int) -> bool:
        """Return whether something below the item passes the filter and can be folded."""
        if not self.layout.foldable(item):
            return False
        if not self.filtered:
            return True
        first, end = self._hidden_by(item)
        return first < end

    def has_later_sibling(self, item: int) -> bool:
        """Return whether a sibling follows the item's branch."""
        layout = self.layout
        above = layout.parents[item]
        end = layout.ends[item]
        limit = len(layout) if above == TOP else layout.ends[above]
        if not self.filtered:
            return end < limit
        return bisect_left(self._all, end) < bisect_left(self._all, limit)

    # Folding

    def fold(self, item: int) -> bool:
        """Fold an item. Return whether anything changed."""
        position = self.layout.positions[item]
        if self._folded[position] or not self.is_foldable(item):
            return False
        self._folded[position] = 1
        row = self.row(item)
        if row is not None:
            start = bisect_left(self.rows, self.layout.shut_start(item), row)
            end = bisect_left(self.rows, self.layout.ends[item])
            rows = self._own_rows()
            del rows[start:end]
        return True

    def unfold(self, item: int) -> bool:
        """Unfold an item. Folds below it remain. Return whether anything changed."""
        position = self.layout.positions[item]
        if not self._folded[position]:
            return False
        self._folded[position] = 0
        row = self.row(item)
        if row is not None:
            first = self.layout.shut_start(item)
            start = bisect_left(self.rows, first, row)
            rows = self._own_rows()
            rows[start:start] = self._unhidden(first, self.layout.ends[item])
        return True

    def fold_all(self) -> None:
        """Fold every item."""
        for item in self.layout.foldables():
            self._folded[self.layout.positions[item]] = 1
        self._lay_out()

    def unfold_all(self) -> None:
        """Unfold every item."""
        self._folded = bytearray(len(self.layout))
        self.rows = self._all

    def reveal(self, item: int) -> bool:
        """Unfold all that hides an item. Return whether anything changed. The filter stays."""
        layout, folded = self.layout, self._folded
        hiding: list[int] = []
        above = layout.parents[item]
        while above != TOP:
            if folded[layout.positions[above]] and layout.shut_start(above) <= layout.positions[item]:
                hiding.append(above)
            above = layout.parents[above]
        if len(hiding) > _UNFOLDED_ONE_BY_ONE:
            for above in hiding:
                folded[layout.positions[above]] = 0
            self._lay_out()
        else:
            for above in reversed(hiding):
                self.unfold(above)
        return bool(hiding)

    # Filtering

    def filter(self, nodes: Collection[int]) -> None:
        """Show only these nodes and the items above them, unfolded."""
        layout = self.layout
        kept = layout.with_ancestors(nodes)
        if self._unfiltered is None:
            self._unfiltered = self._folded
        self._folded = bytearray(len(layout))
        self._all = array("i", compress(range(len(layout)), kept))
        self._lay_out()

    def unfilter(self) -> None:
        """Show everything again, with the folds from before the filter."""
        if self._unfiltered is None:
            return
        self._folded, self._unfiltered = self._unfiltered, None
        self._all = range(len(self.layout))
        self._lay_out()

    # Rows

    def _hidden_by(self, item: int) -> tuple[int, int]:
        """Return the range of filtered positions that the item's fold covers."""
        first = bisect_left(self._all, self.layout.shut_start(item))
        return first, bisect_left(self._all, self.layout.ends[item])

    def _own_rows(self) -> array[int]:
        """Return the rows as an array that may be changed. Before the first fold they are not."""
        if not isinstance(self.rows, array) or self.rows is self._all:
            self.rows = array("i", self.rows)
        return self.rows

    def _lay_out(self) -> None:
        if self._folded.find(1) < 0:
            self.rows = self._all
        else:
            self.rows = self._unhidden(0, len(self.layout))

    def _unhidden(self, start: int, end: int) -> array[int]:
        """Return the positions in [start, end) that no fold between them hides."""
        layout, folded, let_through = self.layout, self._folded, self._all
        rows = array("i")
        position = start
        while position < end:
            fold = folded.find(1, position, end)
            last = end if fold < 0 else layout.shut_start(layout.items[fold])
            if isinstance(let_through, range):
                rows += _every_position(last)[position:last]
            else:
                rows.extend(let_through[bisect_left(let_through, position) : bisect_left(let_through, last)])
            position = end if fold < 0 else layout.ends[layout.items[fold]]
        return rows


def _every_position(end: int) -> array[int]:
    """Return the positions up to `end`, and maybe more. A part of them is copied faster than made."""
    if len(_positions) < end:
        _positions.extend(range(len(_positions), end))
    return _positions


_positions = array("i")
