"""Log view: the lines of one log, followed or scrolled, wrapped or cut, with times, numbers and hits."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rich.segment import Segment

from dagtui.text import cell_width
from dagtui.text.amounts import NO_CELLS, ONE_CELL, time_of_day
from dagtui.tui.lines.page import ScrolledRows
from dagtui.tui.lines.painter import measured
from dagtui.tui.lines.rows import Role, Row
from dagtui.tui.lines.wrapping import characters_before
from dagtui.tui.log.document import LogDocument, LogPiece, Spot
from dagtui.tui.log.hits import Finder
from dagtui.tui.log.task_colours import Mark, segments
from dagtui.tui.log.throttle import LogThrottle, row_cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.store.logs import Change, LogReader
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

TIME_CELLS = 9


class LogView(ScrolledRows):
    """Draws a window of a log. It knows its position, but only the part of the log that is on screen."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.finder: Finder | None = None
        self.pace = LogThrottle()
        self.follows = True
        self.shows_times = False
        self.shows_numbers = False
        self.column = NO_CELLS
        """The first cell shown when lines are cut."""
        self.top = Spot(0)
        """The first row on screen, unless the view follows the end."""
        self.selected: tuple[int, int] | None = None
        """The first and the last selected line."""
        self.document = LogDocument()
        self._ending: Sequence[Row] = ()
        self._pieces: list[LogPiece] = []
        self._drawn: dict[LogPiece, Strip] = {}
        self.late = False
        """Whether new content was not drawn yet, to save bytes."""
        self._cost = 0
        """Bytes of the last frame, as an estimate for the next one."""
        self._whole_width = -1
        self._pressed_at = -1

    @property
    def wraps(self) -> bool:
        """Whether long lines wrap to the next row instead of being cut."""
        return self.document.wraps

    @wraps.setter
    def wraps(self, wraps: bool) -> None:
        first = self.first_line
        self.document.wraps = wraps
        self.column = NO_CELLS
        self.redraw()
        if not self.follows:
            self.go_to(Spot(first))

    @property
    def line_count(self) -> int:
        """Number of lines in the log."""
        return self.document.line_count

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
        self.finder, self.selected = None, None
        self.top, self.column, self.follows = Spot(0), NO_CELLS, True

    def set_ending(self, ending: Sequence[Row]) -> None:
        """Show these rows after the last line."""
        if ending != self._ending:
            self._ending = ending
            self.repaint()

    def redraw(self) -> None:
        """Draw at once: something other than the end of the log has changed."""
        self.document.forget()
        self._drawn.clear()
        self.late = not self.is_mounted or not self.size
        self.repaint()

    def take(self, change: Change) -> None:
        """Adopt changes of the log file. `flush` draws those on screen."""
        if change.replaced:
            self.top, self.selected, self.follows = Spot(0), None, True
            if self.finder and self.document.log:
                self.finder = Finder(self.document.log, self.finder.text)
        if change.joined:
            self.top = self.top._replace(line=self.top.line + change.inserted)
            if self.selected:
                self.selected = (self.selected[0] + change.inserted, self.selected[1] + change.inserted)
            if self.finder:
                self.finder.inserted(change.inserted)
        if change.replaced or change.joined:
            self.document.forget()
            self._drawn.clear()
        if change.redrawn is not None:
            self.document.forget_from(change.redrawn)
            self._drawn = {piece: strip for piece, strip in self._drawn.items() if piece.spot.line < change.redrawn}
            if self.finder:
                self.finder.redrawn(change.redrawn)
        if change.grown and self.finder:
            self.finder.grown()
        self.late = True

    def mark_late(self) -> None:
        """Mark the window as changed. It is drawn when the throttle allows it."""
        self._drawn.clear()
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
        """Scroll. At the end, the view follows again."""
        if rows > 0 and self.follows:
            return
        here = self._pieces[0].spot if self._pieces else Spot(0)
        self.go_to(self.document.back(here, -rows) if rows < 0 else self.document.forward(here, rows))

    def go_to(self, spot: Spot) -> None:
        """Put a row at the top of the window. The end never rises above the window's bottom."""
        last = self.document.last_top(self.size.height)
        self.follows = spot >= last
        self.top = min(spot, last)
        self.repaint()

    def reveal(self, line: int) -> None:
        """Bring a line into the window, to a third of its height if it is not there yet."""
        spots = (piece.spot for piece in self._pieces)
        self._bring(next((spot for spot in spots if spot.line == line), Spot(line)))

    def _bring(self, spot: Spot) -> None:
        self._drawn.clear()
        if any(piece.spot == spot for piece in self._pieces):
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
        start = characters_before(text, self.column)
        return start, start + max(1, characters_before(text[start:], self.document.width))

    def reveal_span(self, line: int, start: int, end: int) -> None:
        """Bring some characters of a line into the window."""
        text = self.document.line(line).text
        if self.wraps:
            row = bisect_right(self.document.starts(line), start) - 1
            self._bring(Spot(line, max(row, 0)))
            return
        first, last = cell_width(text[:start]), cell_width(text[:end])
        if first < self.column or last > self.column + self.document.width:
            self.column = max(NO_CELLS, first - self.document.width // 3) if last > self.document.width else NO_CELLS
        self.reveal(line)

    def follow(self) -> None:
        """Show the end and follow it."""
        self.follows = True
        self.repaint()

    def stay(self) -> None:
        """Stop following, at the present position."""
        self.top = self._pieces[0].spot if self._pieces else Spot(0)
        self.follows = False

    def scroll_columns(self, cells: CellWidth) -> None:
        """Scroll sideways if lines are cut."""
        if self.wraps:
            return
        lines = {piece.spot.line for piece in self._pieces if piece.spot.line < self.line_count}
        widest = max((cell_width(self.document.line(line).text) for line in lines), default=NO_CELLS)
        self.column = max(NO_CELLS, min(self.column + cells, widest - self.document.width // 2))
        self._drawn.clear()
        self.repaint()

    # Drawing

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows of the window."""
        gutter = self._gutter_cells()
        if (width - gutter, width) != (self.document.width, self._whole_width):
            self._drawn.clear()
        self._whole_width = width
        self.document.width = max(ONE_CELL, width - gutter)
        self.document.set_ending(self._ending, width)
        top = self.document.last_top(height) if self.follows else self.top
        self._pieces = self.document.pieces(top, height)
        drawn = {piece: self._drawn.get(piece) or self._draw_piece(piece, width) for piece in self._pieces}
        # The last line may still grow, and a line's time may still be on its way.
        stable = 0 if self.shows_times else self.document.stable_count
        self._drawn = {piece: strip for piece, strip in drawn.items() if piece.spot.line < stable}
        return [drawn[piece] for piece in self._pieces]

    def _draw_piece(self, piece: LogPiece, width: CellWidth) -> Strip:
        number = piece.spot.line
        if number >= self.line_count:
            return self.painter.strip(self.document.ending_row(number), width)
        line = self.document.line(number)
        base = self.painter.style(Role.PLAIN)
        marks = []
        if self.selected and self.selected[0] <= number <= self.selected[1]:
            base += self.painter.style(Role.SELECTED)
        if self.finder:
            role = Role.HIT_CURRENT if number == self.finder.current else Role.HIT
            marks = [Mark(start, end, self.painter.style(role)) for start, end in self.finder.marks(number, line.text)]
        parts = segments(line, piece.start, piece.end, base, marks, self.app.ansi_theme)
        strip = measured(parts)
        if not self.wraps:
            strip = strip.crop(self.column, self.column + self.document.width)
        if gutter := self._gutter(piece.spot):
            strip = measured([Segment(gutter, self.painter.style(Role.GUIDE)), *strip])
        return strip.crop(0, width)

    def _gutter(self, spot: Spot) -> str:
        if spot.row:
            return " " * self._gutter_cells()
        text = ""
        if self.shows_times:
            at = self.document.time_of(spot.line)
            shown = "--:--:--" if at is None else time_of_day(at)
            text += f"{shown} "
        if self.shows_numbers:
            digits = self._number_cells() - 1
            known = self.document.log is not None and self.document.log.numbered
            text += f"{spot.line + 1 if known else '?':>{digits}} "
        return text

    def _gutter_cells(self) -> int:
        return TIME_CELLS * self.shows_times + (self._number_cells() if self.shows_numbers else 0)

    def _number_cells(self) -> int:
        return max(4, len(str(self.line_count))) + 1

    # Events

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Start selecting lines."""
        self._pressed_at = self._line_at(event.y)
        self.capture_mouse()
        self._select(None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select from the line where the button was pressed."""
        if self._pressed_at < 0:
            return
        here = self._line_at(event.y)
        if here >= 0 and (self.selected or here != self._pressed_at):
            self._select((min(here, self._pressed_at), max(here, self._pressed_at)))

    def on_mouse_up(self) -> None:
        """Finish the selection."""
        self._pressed_at = -1
        self.release_mouse()

    def _select(self, lines: tuple[int, int] | None) -> None:
        if lines != self.selected:
            self.selected = lines
            self._drawn.clear()
            self.repaint()

    def _line_at(self, y: int) -> int:
        if not 0 <= y < len(self._pieces):
            return -1
        return self._pieces[y].spot.line
