"""Log document: the lines of a log, wrapped or not, and the footer after them, as screen rows of one window."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.text import label
from dagtui.text.amounts import NO_CELLS, ONE_CELL, CellWidth
from dagtui.text.lines import StyledLine, styled
from dagtui.text.redraws import without_unfinished
from dagtui.tui.lines.page import wrapped
from dagtui.tui.lines.wrapping import word_breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.store.logs import LogReader
    from dagtui.text.amounts import WallTime
    from dagtui.tui.lines.rows import Row, Span

KEPT = 512
"""Number of decoded lines to cache: more than any screen shows."""
CONTINUED_CELLS = CellWidth(2)
"""Cells of the mark that begins the rows after the first of a line."""
_FITTING = [0]
"""The start of the only row of a line."""


class Spot(NamedTuple):
    """One row: a line (those after the last one belong to the footer), and the row within it."""

    line: int
    row: int = 0


class LogPiece(NamedTuple):
    """The content of one row: the characters [start, end) of the line at `spot`."""

    spot: Spot
    start: int
    end: int


class _ShownLine:
    """A decoded line, and how it is wrapped for the width that it was last asked for."""

    __slots__ = ("hang", "starts", "styled", "width")

    def __init__(self, line: StyledLine) -> None:
        self.styled = line
        self.width = NO_CELLS
        self.starts = _FITTING
        self.hang = NO_CELLS
        """Cells before the text of the rows after the first."""

    def wrap(self, width: CellWidth) -> _ShownLine:
        """Wrap it, unless it is wrapped already."""
        if self.width == width:
            return self
        self.width, self.starts, self.hang = width, _FITTING, NO_CELLS
        text = self.styled.text
        if len(text) > width or not text.isascii():
            indent = CellWidth(len(text) - len(text.lstrip(" ")))
            if width >= 4 * CONTINUED_CELLS:
                self.hang = min(indent + CONTINUED_CELLS, width // 2)
            self.starts = word_breaks(text, width, width - self.hang)
        return self


class LogDocument:
    """The rows of a log file and its footer for one width. There may be billions, so they are never counted."""

    def __init__(self) -> None:
        self.log: LogReader | None = None
        self.width = CellWidth(80)
        """Cells for the text of a line."""
        self.wraps = True
        self.column = NO_CELLS
        """The first cell shown when lines are cut."""
        self._ending: list[tuple[Span, ...]] = []
        self._lines: dict[int, _ShownLine] = {}
        self._open: dict[int, _ShownLine] = {}
        """Lines that may still change. They stay as long as the log has the same size."""
        self._open_size = 0
        self._pages: dict[int, int] = {}
        """The shown page of long lines, where it differs from the log's default."""

    @property
    def line_count(self) -> int:
        """Number of lines in the log. Of an ended attempt, those that show nothing where a block was don't count."""
        log = self.log
        if log is None:
            return 0
        try:
            return log.shown_count if self._ending else log.line_count
        except StoreError:
            return log.line_count

    @property
    def count(self) -> int:
        """Number of lines in the log and the footer."""
        return self.line_count + len(self._ending)

    def set_ending(self, rows: Iterable[Row], width: CellWidth) -> None:
        """Put rows after the last line, wrapped to `width` cells."""
        self._ending = [runs for one in rows for runs in wrapped(one, width)]

    def forget(self) -> None:
        """Discard everything: line numbers or their meaning have changed."""
        self._lines.clear()
        self._open.clear()
        self._pages.clear()

    def forget_from(self, number: int) -> None:
        """Discard the lines from `number` on, which were redrawn."""
        self._open.clear()
        for line in [line for line in self._lines if line >= number]:
            del self._lines[line]

    @property
    def stable_count(self) -> int:
        """Number of lines from the first one that stay the same until the log reports otherwise."""
        return self.log.stable_count if self.log else 0

    def page_of(self, number: int) -> int:
        """Return which page of a line is shown."""
        return self._pages.get(number, 0)

    def page_count(self, number: int) -> int:
        """Return the number of pages of a line."""
        try:
            return self.log.page_count(number) if self.log and number < self.line_count else 1
        except StoreError:
            return 1

    def turn_to(self, number: int, page: int) -> None:
        """Show a page of a long line."""
        self._pages[number] = page
        self._lines.pop(number, None)
        self._open.clear()

    def turn_back(self) -> None:
        """Show the log's default page of every long line."""
        for number in self._pages:
            self._lines.pop(number, None)
        self._open.clear()
        self._pages.clear()

    def line(self, number: int) -> StyledLine:
        """Return a line of the log, safe to show. An unreadable line contains the reason."""
        return self._shown(number).styled

    def _shown(self, number: int) -> _ShownLine:
        log = self.log
        if log is None:
            return _ShownLine(StyledLine(""))
        if self._open_size != log.size:
            self._open.clear()
            self._open_size = log.size
        found = self._lines.get(number) or self._open.get(number)
        if found is not None:
            return found
        try:
            page = self._pages.get(number)
            raw = log.lines(number, 1) if page is None else [log.page(number, page)]
        except StoreError as error:
            return _ShownLine(StyledLine(label(error)))
        if raw and page is None and number == log.open_line:
            raw[0] = raw[0]._replace(data=without_unfinished(raw[0].data))
        shown = _ShownLine(styled(*raw[0]) if raw else StyledLine(""))
        if number >= log.stable_count:
            self._open[number] = shown
            return shown
        if len(self._lines) >= KEPT:
            self._lines.clear()
        self._lines[number] = shown
        return shown

    def time_of(self, number: int) -> WallTime | None:
        """Return when a line was written, in seconds since the epoch, or None if unknown."""
        if self.log is None:
            return None
        try:
            return self.log.time_of(number)
        except StoreError:
            return None

    def ending_row(self, number: int) -> tuple[Span, ...]:
        """Return the spans of a line after the last one of the log."""
        return self._ending[number - self.line_count]

    def starts(self, number: int) -> list[int]:
        """Return the start of each row of a line."""
        if number >= self.line_count or not self.wraps:
            return _FITTING
        return self._shown(number).wrap(self.width).starts

    def hang(self, number: int) -> CellWidth:
        """Return the cells before the text of the rows of a line after the first: its indent, and the mark's."""
        return self._shown(number).wrap(self.width).hang

    def cells_shown(self, cells: CellWidth) -> tuple[CellWidth, CellWidth]:
        """Return the first cell shown of a line of `cells`, and the end of those shown. Signs stand where it is cut."""
        first, end = self.column, self.column + self.width
        if first and self.width > 2 * ONE_CELL:
            first += ONE_CELL
        return first, end - ONE_CELL if cells > end and self.width > ONE_CELL else end

    def pieces(self, top: Spot, height: int) -> list[LogPiece]:
        """Return the rows from `top`, at most `height`."""
        found: list[LogPiece] = []
        for number in range(top.line, self.count):
            found += self._pieces_of(number)[top.row if number == top.line else 0 :]
            if len(found) >= height:
                break
        return found[:height]

    def back(self, spot: Spot, rows: int) -> Spot:
        """Return the row `rows` rows before `spot`, or the first one."""
        line, row = spot
        while rows > row:
            rows -= row + 1
            line -= 1
            if line < 0:
                return Spot(0)
            row = len(self.starts(line)) - 1
        return Spot(line, row - rows)

    def forward(self, spot: Spot, rows: int) -> Spot:
        """Return the row `rows` rows after `spot`, or the end."""
        line, row = spot
        row += rows
        while line < self.count:
            count = len(self.starts(line))
            if row < count:
                return Spot(line, row)
            row -= count
            line += 1
        return Spot(self.count)

    def last_top(self, height: int) -> Spot:
        """Return the row from which the end fills a window."""
        return self.back(Spot(self.count), height)

    def _pieces_of(self, number: int) -> Sequence[LogPiece]:
        if number >= self.line_count:
            return (LogPiece(Spot(number), 0, 0),)
        length = len(self.line(number).text)
        starts = self.starts(number)
        return [
            LogPiece(Spot(number, row), start, end)
            for row, (start, end) in enumerate(zip(starts, [*starts[1:], length], strict=True))
        ]
