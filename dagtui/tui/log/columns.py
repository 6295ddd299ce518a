"""Columns before the lines of a log: times and numbers, if they are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.amounts import CellWidth, time_of_day

if TYPE_CHECKING:
    from dagtui.tui.log.document import LogDocument, Spot

_TIME_CELLS = CellWidth(9)


class LogColumns:
    """Knows which columns are shown before a line, and what stands in them."""

    def __init__(self, document: LogDocument) -> None:
        self._document = document
        self.shows_times = False
        self.shows_numbers = False

    @property
    def cells(self) -> CellWidth:
        """Its width."""
        return CellWidth(_TIME_CELLS * self.shows_times + (self._number_cells() if self.shows_numbers else 0))

    def text(self, spot: Spot) -> str:
        """Return what stands before a row: nothing but blanks, unless it is the first row of its line."""
        if spot.row:
            return " " * self.cells
        text = ""
        if self.shows_times:
            at = self._document.time_of(spot.line)
            shown = "--:--:--" if at is None else time_of_day(at)
            text += f"{shown} "
        if self.shows_numbers:
            digits = self._number_cells() - 1
            known = self._document.log is not None and self._document.log.numbered
            text += f"{spot.line + 1 if known else '?':>{digits}} "
        return text

    def _number_cells(self) -> int:
        return max(4, len(str(self._document.line_count))) + 1
