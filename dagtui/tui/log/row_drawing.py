"""Drawing of a log's rows: the sign of the cursor, the columns, and a part of a line with its hits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from dagtui.text import cell_width
from dagtui.text.amounts import ONE_CELL, CellWidth
from dagtui.tui.lines.painter import measured
from dagtui.tui.lines.rows import Role
from dagtui.tui.log.task_colours import Mark, segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from dagtui.text.look import Look
    from dagtui.tui.lines.painter import Painter
    from dagtui.tui.log.columns import LogColumns
    from dagtui.tui.log.cursor import LogCursor
    from dagtui.tui.log.document import LogDocument, LogPiece
    from dagtui.tui.log.hits import Finder

MARGIN_CELLS = ONE_CELL
"""Cells at the left edge, for the signs of the cursor and of selected lines."""


class _Drawn(NamedTuple):
    """A row as it is on the screen."""

    sign: str
    """What stands in its margin."""
    filled: bool
    """Whether it stands out over its whole width."""
    strip: Strip


class LogRowDrawing:
    """Draws the rows of a window, and keeps those on screen that stay the same."""

    def __init__(
        self, document: LogDocument, columns: LogColumns, cursor: LogCursor, painter: Painter, look: Look
    ) -> None:
        self._document = document
        self._columns = columns
        self._cursor = cursor
        self._painter = painter
        self._glyphs = look.glyphs
        self.finder: Finder | None = None
        """The search whose hits are marked."""
        self.shows_cursor = False
        """Whether keys reach the cursor."""
        self.palette = DEFAULT_TERMINAL_THEME
        self._known: dict[LogPiece, _Drawn] = {}

    def forget(self, first: int = 0) -> None:
        """Draw the rows of a line and of those after it again."""
        self._known = {piece: drawn for piece, drawn in self._known.items() if piece.spot.line < first}

    def rows(self, pieces: Sequence[LogPiece], width: CellWidth) -> list[Strip]:
        """Return the rows of a window."""
        drawn = {piece: self._row(piece, width) for piece in pieces}
        # The last line may still grow, and a line's time may still be on its way.
        stable = 0 if self._columns.shows_times else self._document.stable_count
        self._known = {piece: one for piece, one in drawn.items() if piece.spot.line < stable}
        return [drawn[piece].strip for piece in pieces]

    def _row(self, piece: LogPiece, width: CellWidth) -> _Drawn:
        number, painter = piece.spot.line, self._painter
        if number >= self._document.line_count:
            return _Drawn("", False, painter.strip(self._document.ending_row(number), width))
        sign = self._sign(number)
        # While the end is followed, each new line would cost two rows that are filled.
        filled = bool(sign) and not self._cursor.follows
        known = self._known.get(piece)
        if known is not None and (known.sign, known.filled) == (sign, filled):
            return known
        over = painter.laid_over(Role.CURSOR) if filled else None
        parts = [self._segment(sign or " ", Role.KEY if sign else Role.PLAIN, over)]
        if columns := self._columns.text(piece.spot):
            parts.append(self._segment(columns, Role.GUIDE, over))
        if piece.spot.row and (hang := self._document.hang(number)):
            parts.append(self._segment(f"{self._glyphs.continued} ".rjust(hang), Role.GUIDE, over))
        parts += self._text(piece, over)
        strip = measured(parts).crop(0, width)
        return _Drawn(sign, filled, strip if over is None else strip.extend_cell_length(width, over))

    def _segment(self, text: str, role: Role, over: Style | None) -> Segment:
        style = self._painter.style(role)
        return Segment(text, style if over is None else style + over)

    def _sign(self, line: int) -> str:
        """Return the sign in the margin of a line: that of the cursor, if keys reach it, or of a selection."""
        if self.shows_cursor and line == self._cursor.line:
            return self._glyphs.cursor
        selected = self._cursor.selected
        return self._glyphs.selected if selected and selected[0] <= line <= selected[1] else ""

    def _text(self, piece: LogPiece, over: Style | None) -> list[Segment]:
        """Return the segments of a part of a line, with hits marked and, if the line is cut, signs where it is."""
        number, plain = piece.spot.line, self._painter.style(Role.PLAIN)
        line, base = self._document.line(number), plain if over is None else plain + over
        marks = []
        if self.finder:
            style = self._painter.style(Role.HIT_CURRENT if number == self.finder.current else Role.HIT)
            if over is not None and over.reverse:  # its own colours stand out in reversed ones
                style += Style(reverse=False)
            marks = [Mark(start, end, style) for start, end in self.finder.marks(number, line.text)]
        if self._document.wraps:
            return segments(line, piece.start, piece.end, base, marks, self.palette)
        if line.text.isascii():
            cells = cell_width(line.text)
            first, end = self._document.cells_shown(cells)
            found = segments(line, first, min(end, cells), base, marks, self.palette)
        else:
            whole = measured(segments(line, 0, len(line.text), base, marks, self.palette))
            cells = CellWidth(whole.cell_length)
            first, end = self._document.cells_shown(cells)
            found = list(whole.crop(first, end))
        if first > self._document.column and cells:
            found.insert(0, self._segment(self._glyphs.cut_before, Role.MUTED, over))
        if cells > end:
            found.append(self._segment(self._glyphs.cut_after, Role.MUTED, over))
        return found
