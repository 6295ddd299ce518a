"""One row of a terminal: cells that a cursor writes, overwrites and erases."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from dagtui.text.amounts import NO_CELLS, ONE_CELL, CellWidth
from dagtui.text.styles import PLAIN
from dagtui.text.widths import MOST_MARKS, cell_width

if TYPE_CHECKING:
    from dagtui.text.styles import Style

ROW_CELLS = CellWidth(16_384)
"""The largest number of cells of a row. What is written beyond them is dropped."""
MOVE_CELLS = CellWidth(1_000)
"""The column that limits a jump to the right beyond the text, like the edge of a terminal."""
TAB_CELLS = CellWidth(8)


class CellRow:
    """The cells of one row. Each step takes time in proportion to what it writes, wherever the cursor is."""

    __slots__ = ("_cells", "_saved", "_styles", "column")

    def __init__(self) -> None:
        self.column = NO_CELLS
        """The cell that the cursor is on."""
        self._saved = NO_CELLS
        self._cells: list[str] = []
        """A character with the marks on it in each cell. Empty behind a wide character."""
        self._styles: list[Style] = []

    def write(self, text: str, style: Style) -> None:
        """Write safe text at the cursor, over what is there."""
        room = ROW_CELLS - self.column
        if room <= 0:
            return
        self._reach(self.column)
        if text.isascii():
            text = text[:room]
            end = self.column + len(text)
            self._cells[self.column : end] = text
            self._styles[self.column : end] = [style] * len(text)
            self.column = end
            return
        for character in text:
            self._write_character(character, style)

    def _write_character(self, character: str, style: Style) -> None:
        width = cell_width(character)
        column = self.column
        if width == 0:
            self._mark(character)
            return
        if column + width > ROW_CELLS:
            return
        self._cells[column : column + width] = [character] if width == 1 else [character, ""]
        self._styles[column : column + width] = [style] * width
        self.column = column + width

    def _mark(self, mark: str) -> None:
        """Put a mark on the character before the cursor. At most one excess mark is kept."""
        column = self.column - 1
        if column > 0 and not self._cells[column]:
            column -= 1
        if column >= 0 and len(self._cells[column]) <= MOST_MARKS + 1:
            self._cells[column] += mark

    def back(self, cells: CellWidth = ONE_CELL) -> None:
        """Move the cursor left, at most to the first cell."""
        self.column = max(NO_CELLS, self.column - cells)

    def forward(self, cells: CellWidth = ONE_CELL) -> None:
        """Move the cursor right, at most to the edge."""
        self.go_to(self.column + cells)

    def go_to(self, column: CellWidth) -> None:
        """Move the cursor to a cell, counted from 0."""
        edge = max(CellWidth(len(self._cells)), MOVE_CELLS, self.column)
        self.column = max(NO_CELLS, min(column, edge, ROW_CELLS))

    def tab(self) -> None:
        """Move the cursor to the next tab stop."""
        self.column = min(self.column - self.column % TAB_CELLS + TAB_CELLS, ROW_CELLS)

    def jump(self) -> None:
        """Move the cursor elsewhere on the screen. What follows is set apart from what is there."""
        self.column = CellWidth(len(self._cells))
        if self._cells and self._cells[-1] != " ":
            self.forward()

    def save(self) -> None:
        """Save the position of the cursor."""
        self._saved = self.column

    def restore(self) -> None:
        """Move the cursor to its saved position."""
        self.column = self._saved

    def erase_right(self) -> None:
        """Erase from the cursor to the end."""
        del self._cells[self.column :], self._styles[self.column :]

    def erase_left(self) -> None:
        """Erase from the beginning to the cursor, which does not move."""
        self._blank(0, self.column + 1)

    def erase_all(self) -> None:
        """Erase the row. The cursor does not move."""
        self._cells.clear()
        self._styles.clear()

    def erase(self, cells: CellWidth) -> None:
        """Erase cells from the cursor on. What follows does not move."""
        self._blank(self.column, self.column + cells)

    def delete(self, cells: CellWidth) -> None:
        """Delete cells at the cursor. What follows moves left."""
        end = self.column + cells
        del self._cells[self.column : end], self._styles[self.column : end]

    def insert(self, cells: CellWidth) -> None:
        """Insert blanks at the cursor. What follows moves right."""
        if self.column < len(self._cells):
            blanks = min(cells, MOVE_CELLS)
            self._cells[self.column : self.column] = [" "] * blanks
            self._styles[self.column : self.column] = [PLAIN] * blanks
            del self._cells[ROW_CELLS:], self._styles[ROW_CELLS:]

    def pieces(self) -> list[tuple[str, Style]]:
        """Return the text of the row, split into runs of one style."""
        cells, styles = self._cells, self._styles
        text = "".join(cells)
        if len(text) != len(cells) or not text.isascii():
            cells = _whole(cells)
        runs = groupby(range(len(cells)), key=styles.__getitem__)
        spans = [(style, list(run)) for style, run in runs]
        return [("".join(cells[run[0] : run[-1] + 1]), style) for style, run in spans]

    def _reach(self, column: CellWidth) -> None:
        """Fill with blanks up to a column."""
        missing = column - len(self._cells)
        if missing > 0:
            self._cells += [" "] * missing
            self._styles += [PLAIN] * missing

    def _blank(self, start: int, end: int) -> None:
        end = min(end, len(self._cells))
        if start < end:
            self._cells[start:end] = [" "] * (end - start)
            self._styles[start:end] = [PLAIN] * (end - start)


def _whole(cells: list[str]) -> list[str]:
    """Return the cells with a blank for each half of a wide character whose other half was overwritten."""
    found = list(cells)
    for column, cell in enumerate(cells):
        following = cells[column + 1] if column + 1 < len(cells) else None
        if cell == "":
            if column == 0 or cell_width(cells[column - 1]) < 2:
                found[column] = " "
        elif following != "" and not cell.isascii() and cell_width(cell) == 2:
            found[column] = " "
    return found
