"""Outline of the map: its lines are rows, and its cursor moves by cells in two directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagtui.text import label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.tui.graph.layout import GroupKind, GroupRow
from dagtui.tui.graph.map.cells import MapCells
from dagtui.tui.graph.map.plan import Cell, plan_of
from dagtui.tui.graph.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.map.layout import MapLayout

_NO_CELL = -1, Cell(0, 0, 0, 0, 0)
_FIRST_SIZE = CellWidth(48), 20
"""Columns and lines until the size of the pane is known."""


class MapOutline(Outline):
    """The lines of a map, for a pane of some size. A cell of several nodes is a group of them.

    The item of a cell is one of its nodes. A filter hides no cell: those without a hit are dimmed.
    """

    def __init__(self, layout: MapLayout) -> None:
        super().__init__(layout)
        self._size: tuple[CellWidth, int] = _FIRST_SIZE
        self._passing: bytearray | None = None
        self._column = -1, 0
        """Where the cursor went up or down to, and the column that it keeps on its way past short lines."""
        self._last = _NO_CELL
        """The item whose cell was last looked for: that of the cursor, mostly."""
        self._group: tuple[tuple[int, int], GroupRow] = (0, 0), GroupRow(GroupKind.CELL, "", 0, "")
        """The last cell of several nodes, with its places."""
        self._draw_plan()

    def __len__(self) -> int:
        return len(self.plan.lines) if len(self.layout) else 0

    @property
    def map_layout(self) -> MapLayout:
        """The layout, with its families."""
        return cast("MapLayout", self.layout)

    def fit(self, width: CellWidth, height: int) -> bool:
        """Adapt to the size of the pane. Return whether that changed the lines."""
        if (width, height) == self._size or width < 1 or height < 1:
            return False
        self._size = width, height
        self._draw_plan()
        return True

    def note(self, places: Collection[int]) -> None:
        """Learn at which places statuses have changed."""
        self.cells.note(places)

    def cell(self, item: int) -> Cell:
        """Return the cell of a node."""
        if self._last[0] != item:
            self._last = item, self.plan.cell(self.layout.positions[item])
        return self._last[1]

    # Rows

    def drawn(self, row: int) -> int:
        """Return what stands for a row when it is drawn: the number of the line."""
        return row

    def item(self, row: int) -> int:
        """Return the node at the beginning of a line, or of the nearest line with cells."""
        return self.item_at(row, 0)

    def item_at(self, row: int, column: int) -> int:
        """Return the node of the cell nearest to a position of the pane."""
        rows = self.plan.cell_rows
        nearest = min(rows, key=lambda other: abs(other - row))
        return self.layout.items[self.plan.nearest(nearest, column).start]

    def row(self, item: int) -> int | None:
        """Return the line of a node."""
        return self.cell(item).row

    def nearest_row(self, item: int) -> int:
        """Return the line of a node."""
        return self.cell(item).row

    def shown(self, item: int) -> int:
        """Return the node itself: none is hidden."""
        return item

    # Cells

    def node(self, item: int) -> NodeIndex | None:
        """Return the node of a cell, or None for a cell of several."""
        start, end = self.span(item)
        return self.layout.node(item) if end - start == 1 else None

    def span(self, item: int) -> tuple[int, int]:
        """Return the range of places that the cell of a node stands for."""
        cell = self.cell(item)
        return cell.start, cell.end

    def head(self, item: int) -> GroupRow | None:
        """Return the cell of several nodes as a group, or None for a cell of one."""
        start, end = self.span(item)
        if end - start == 1:
            return None
        if self._group[0] != (start, end):
            first, last = (label(self.map_layout.label(place), NAME_CHARACTERS) for place in (start, end - 1))
            title = f"{first} … {last}"
            self._group = (start, end), GroupRow(GroupKind.CELL, title, end - start, f"cell {start}-{end}")
        return self._group[1]

    def reach(self, item: int) -> tuple[int, int] | None:
        """Return the places behind a cell of several nodes, or None for a cell of one."""
        start, end = self.span(item)
        return None if end - start == 1 else (start, end)

    def moved(self, item: int, rows: int) -> int:
        """Return the node of the nearest cell some lines further down, or up for a negative number."""
        cell, lines = self.cell(item), self.plan.cell_rows
        column = self._column[1] if self._column[0] == item else cell.column
        index = lines.index(cell.row) + rows
        found = self.plan.nearest(lines[max(0, min(index, len(lines) - 1))], column)
        if found.row == cell.row:
            return item
        self._column = self.layout.items[found.start], column
        return self._column[0]

    def beside(self, item: int, step: int) -> int | None:
        """Return the node of the next cell as one reads, or of the one before it. None at the end."""
        found = self.plan.beside(self.cell(item), step)
        return None if found is None else self.layout.items[found.start]

    # Folding: nothing is below a cell

    def fold_all(self) -> None:
        """Do nothing."""

    def unfold_all(self) -> None:
        """Do nothing."""

    # Filtering

    def filter(self, nodes: Collection[int]) -> None:
        """Dim the cells without any of these nodes. In others, show only these."""
        super().filter(nodes)
        passing = bytearray(len(self.layout))
        for place in self._all:
            passing[place] = 1
        self._passing = passing
        self.cells = MapCells(self.plan, self._passing)

    def unfilter(self) -> None:
        """Show everything again."""
        super().unfilter()
        self._passing = None
        self.cells = MapCells(self.plan)

    def _draw_plan(self) -> None:
        self.plan = plan_of(self.map_layout, *self._size)
        self._last = _NO_CELL
        self.cells = MapCells(self.plan, self._passing)
