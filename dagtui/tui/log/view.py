"""Log view: the lines of one log, followed or scrolled, wrapped or cut, with times, numbers and hits."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dagtui.text import cell_width
from dagtui.text.amounts import NO_CELLS, ONE_CELL
from dagtui.tui.lines.page import ScrolledRows
from dagtui.tui.lines.wrapping import characters_before
from dagtui.tui.log.columns import LogColumns
from dagtui.tui.log.cursor import NO_LINE, LogCursor
from dagtui.tui.log.document import LogDocument, LogPiece, Spot
from dagtui.tui.log.row_drawing import MARGIN_CELLS, LogRowDrawing
from dagtui.tui.log.throttle import LogThrottle, row_cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.store.logs import Change, LogReader
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look
    from dagtui.tui.lines.rows import Row
    from dagtui.tui.log.hits import Finder


class LogView(ScrolledRows):
    """Draws a window of a log. It knows its position, but only the part of the log that is on screen."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.finder: Finder | None = None
        self.pace = LogThrottle()
        self.follows = True
        self.top = Spot(0)
        """The first row on screen, unless the view follows the end."""
        self.document = LogDocument()
        self.columns = LogColumns(self.document)
        self.cursor = LogCursor(self)
        self.drawing = LogRowDrawing(self.document, self.columns, self.cursor, self.painter, look)
        self._ending: Sequence[Row] = ()
        self._pieces: list[LogPiece] = []
        self.late = False
        """Whether new content was not drawn yet, to save bytes."""
        self._cost = 0
        """Bytes of the last frame, as an estimate for the next one."""
        self._whole_width = -1
        self._pressed_at = NO_LINE

    @property
    def wraps(self) -> bool:
        """Whether long lines wrap to the next row instead of being cut."""
        return self.document.wraps

    @wraps.setter
    def wraps(self, wraps: bool) -> None:
        first = self.first_line
        self.document.wraps = wraps
        self.document.column = NO_CELLS
        self.redraw()
        if not self.follows:
            self.go_to(Spot(first))
            self.show_line(self.cursor.line)

    @property
    def line_count(self) -> int:
        """Number of lines in the log."""
        return self.document.line_count

    @property
    def spots(self) -> Sequence[Spot]:
        """The rows in the window."""
        return [piece.spot for piece in self._pieces]

    @property
    def first_line(self) -> int:
        """The line at the top of the window."""
        return self._pieces[0].spot.line if self._pieces else 0

    @property
    def visible_lines(self) -> tuple[int, int]:
        """The first and the last line of the log in the window."""
        last = self._pieces[-1].spot.line if self._pieces else 0
        return self.first_line, min(last, self.line_count - 1)

    @property
    def lines_below(self) -> int:
        """Number of lines of the log below the window."""
        if self.follows or not self._pieces:
            return 0
        return max(0, self.line_count - 1 - self._pieces[-1].spot.line)

    # What is shown

    def open(self, log_file: LogReader | None) -> None:
        """Turn to another log, at its end. The last one stays on screen until `redraw`: most cells may be the same."""
        self.document.log = log_file
        self.document.forget()
        self._pieces, self._ending = [], ()
        self.finder = None
        self.cursor.forget()
        self.top, self.document.column, self.follows = Spot(0), NO_CELLS, True

    def set_ending(self, ending: Sequence[Row]) -> None:
        """Show these rows after the last line."""
        if ending != self._ending:
            self._ending = ending
            self.repaint()

    def redraw(self) -> None:
        """Draw at once: something other than the end of the log has changed."""
        self.document.forget()
        self.drawing.forget()
        self.late = not self.is_mounted or not self.size
        self.repaint()

    def take(self, change: Change) -> None:
        """Adopt changes of the log file. `flush` draws those on screen."""
        if change.replaced:
            self.top, self.follows = Spot(0), True
            self.cursor.forget()
            if self.finder and self.document.log:
                self.finder = self.finder.again(self.document.log)
        if change.joined:
            self.top = self.top._replace(line=self.top.line + change.inserted)
            self.cursor.inserted(change.inserted)
            if self.finder:
                self.finder.inserted(change.inserted)
        if change.replaced or change.joined:
            self.document.forget()
            self.drawing.forget()
        if change.redrawn is not None:
            self.document.forget_from(change.redrawn)
            self.drawing.forget(change.redrawn)
            if self.finder:
                self.finder.redrawn(change.redrawn)
        if change.grown and self.finder:
            self.finder.grown()
        self.late = True

    def mark_late(self) -> None:
        """Mark the window as changed. It is drawn when the throttle allows it."""
        self.drawing.forget()
        self.late = True

    def flush(self) -> bool:
        """Draw new content if the throttle allows it. Return whether anything was drawn."""
        if not self.late or not self.is_mounted or not self.size or not self.pace.allows(self._cost):
            return False
        self.late = False
        strips, changed = self.changed_rows()
        regions = self.paint(strips, changed)
        if regions:
            self._cost = sum(row_cost(strips, region) for region in regions)
            self.pace.spend(self._cost)
        return bool(changed)

    # Moving

    def scroll_rows(self, rows: int) -> None:
        """Scroll. At the end, the view follows again, unless lines are selected. The cursor stays in the window."""
        if (rows > 0 and self.follows) or not self._pieces:
            return
        here, last = self._pieces[0].spot, self.document.last_top(self.size.height)
        top = self.document.back(here, -rows) if rows < 0 else min(self.document.forward(here, rows), last)
        if rows > 0 and top == last and self.cursor.selected is None:
            self.follow()
        elif top != here:
            self.cursor.place(self.cursor.line)
            shown = self.document.pieces(top, self.size.height)
            self.cursor.keep_in(shown[0].spot.line, min(shown[-1].spot.line, self.line_count - 1))
            self.go_to(top)

    def go_to(self, spot: Spot) -> None:
        """Put a row at the top of the window, and follow no longer. The end never rises above the window's bottom."""
        if self.follows:
            self.stay()
        self.top = min(spot, self.document.last_top(self.size.height))
        self.repaint()

    def show_line(self, line: int, *, from_above: bool = True) -> None:
        """Scroll as little as needed to show a line, or as much of it as there is room for."""
        shown = sum(spot.line == line for spot in self.spots)
        rows, height = len(self.document.starts(line)), self.size.height
        if shown == rows:
            self.repaint()
        elif rows >= height:
            self.go_to(Spot(line, 0 if from_above else rows - height))
        elif line <= self.first_line:
            self.go_to(Spot(line))
        else:
            self.go_to(self.document.back(Spot(line, rows - 1), height - 1))

    def reveal(self, line: int) -> None:
        """Put the cursor on a line, and bring it into the window, to a third of its height if it is not there yet."""
        self._bring(next((spot for spot in self.spots if spot.line == line), Spot(line)))

    def _bring(self, spot: Spot) -> None:
        self.drawing.forget()
        self.cursor.place(spot.line)
        if spot in self.spots:
            self.repaint()
        else:
            self.go_to(self.document.back(spot, self.size.height // 3))

    def spans(self, line: int) -> list[tuple[int, int]]:
        """Return where the searched text occurs in the shown part of a line."""
        return self.finder.spans(self.document.line(line).text) if self.finder else []

    @property
    def hit_is_overwritten(self) -> bool:
        """Whether the text of the current hit was overwritten since."""
        finder = self.finder
        if finder is None or finder.inverted or not finder.is_hit(finder.current):
            return False
        return not self.spans(finder.current)

    def window_of(self, line: int) -> tuple[int, int]:
        """Return the range of a line's characters in the window, or (0, 0) if none are."""
        shown = [piece for piece in self._pieces if piece.spot.line == line]
        if not shown:
            return 0, 0
        if self.wraps:
            return shown[0].start, shown[-1].end
        text = self.document.line(line).text
        first, last = self.document.cells_shown(cell_width(text))
        start = characters_before(text, first)
        return start, start + max(1, characters_before(text[start:], last - first))

    def reveal_span(self, line: int, start: int, end: int) -> None:
        """Bring some characters of a line into the window."""
        text = self.document.line(line).text
        if self.wraps:
            row = bisect_right(self.document.starts(line), start) - 1
            self._bring(Spot(line, max(row, 0)))
            return
        first, last = cell_width(text[:start]), cell_width(text[:end])
        shown_first, shown_last = self.document.cells_shown(cell_width(text))
        if first < shown_first or last > shown_last:
            beginning = first - self.document.width // 3 if last > self.document.width else NO_CELLS
            self.document.column = max(NO_CELLS, beginning)
        self.reveal(line)

    def follow(self) -> None:
        """Show the end and follow it."""
        self.follows = True
        self.cursor.end_selection()
        self.repaint()

    def stay(self) -> None:
        """Stop following, at the present position."""
        last = self.cursor.line
        self.top = self._pieces[0].spot if self._pieces else Spot(0)
        self.follows = False
        self.cursor.place(last)

    def scroll_columns(self, cells: CellWidth) -> None:
        """Scroll sideways if lines are cut."""
        if self.wraps:
            return
        lines = {piece.spot.line for piece in self._pieces if piece.spot.line < self.line_count}
        widest = max((cell_width(self.document.line(line).text) for line in lines), default=NO_CELLS)
        self.document.column = max(NO_CELLS, min(self.document.column + cells, widest - self.document.width // 2))
        self.drawing.forget()
        self.repaint()

    # Drawing

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows of the window."""
        before_text = self.columns.cells + MARGIN_CELLS
        if (width - before_text, width) != (self.document.width, self._whole_width):
            self.drawing.forget()
        self._whole_width = width
        self.document.width = max(ONE_CELL, width - before_text)
        self.document.set_ending(self._ending, width)
        top = self.document.last_top(height) if self.follows else self.top
        self._pieces = self.document.pieces(top, height)
        self.drawing.finder, self.drawing.shows_cursor = self.finder, self.has_focus
        self.drawing.palette = self.app.ansi_theme
        return self.drawing.rows(self._pieces, width)

    # Events

    def watch_has_focus(self, has_focus: bool) -> None:  # noqa: ARG002 - Textual's signature
        """Show the cursor, or hide it."""
        self.repaint()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor on a line. From there, lines can be selected."""
        self._pressed_at = self._line_at(event.y)
        self.capture_mouse()
        self.cursor.end_selection()
        if self._pressed_at not in {NO_LINE, self.cursor.line}:
            self.cursor.place(self._pressed_at)
            self.repaint()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select from the line where the button was pressed."""
        if self._pressed_at != NO_LINE and not 0 <= event.y < self.size.height:
            self.scroll_rows(-1 if event.y < 0 else 1)
        here = self._line_at(max(0, min(event.y, self.size.height - 1)))
        if self._pressed_at == NO_LINE or here in {NO_LINE, self.cursor.line}:
            return
        if self.cursor.selected is None:
            self.cursor.select(self._pressed_at)
        self.cursor.place(here)
        self.repaint()

    def on_mouse_up(self) -> None:
        """Finish the selection."""
        self._pressed_at = NO_LINE
        self.release_mouse()

    def _line_at(self, y: int) -> int:
        """Return the line of the log in a row of the window."""
        line = self._pieces[y].spot.line if 0 <= y < len(self._pieces) else NO_LINE
        return line if line < self.line_count else NO_LINE
