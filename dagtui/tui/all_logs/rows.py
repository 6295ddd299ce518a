"""Window on the rows of all logs: its place and its cursor, which stay where they are while more is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.merged_logs import FIRST, LAST
from dagtui.text.amounts import CellWidth
from dagtui.tui.all_logs.places import AllLogsState, LogPlace
from dagtui.tui.all_logs.reading import MergedReading
from dagtui.tui.all_logs.row_drawing import AllLogsDrawing
from dagtui.tui.lines.copied import Copied
from dagtui.tui.lines.page import ScrolledRows
from dagtui.tui.lines.rows import muted

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.strip import Strip

    from dagtui.runs.view import RunView
    from dagtui.store.merged_logs import EntryKey
    from dagtui.text.look import Look
    from dagtui.tui.all_logs.folds import FoldedRow
    from dagtui.tui.all_logs.reading import ShownRows

_COLUMNS = CellWidth(8)


class AllLogsRows(ScrolledRows):
    """Shows the rows that were read. Which ones these are follows from where the cursor is, or from the end."""

    def __init__(self, run: RunView, look: Look, unfold_key: str = "", *, id: str = "rows") -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.reading = MergedReading(run, self._take, self._all_read)
        self.drawing = AllLogsDrawing(run.graph, self.reading.attempts, self.painter, look, unfold_key=unfold_key)
        self.tell: Callable[[], None] = lambda: None
        """Tells the page that the rows have changed, or were all read."""
        self.cursor = 0
        """The row under the cursor, among those that were read."""
        self.first_row = 0
        self._cursor_at: EntryKey | None = None
        self._first_at: EntryKey | None = None
        self._left_to_move = 0
        """Rows by which the cursor is to be moved as soon as they are read."""
        self._restored: EntryKey | None = None
        """Where the cursor was when the page was left, until that is read."""

    @property
    def follows(self) -> bool:
        """Whether the end is followed."""
        return self.reading.wish.follows

    @property
    def shown(self) -> ShownRows:
        """What was read."""
        return self.reading.shown

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.run_worker(self.reading.run(), group="all logs", exit_on_error=True)

    def dump_state(self) -> AllLogsState:
        """Return how the rows are shown."""
        wish = self.reading.wish
        cursor, first = (None, None) if wish.follows else (self._restored or self._cursor_at, self._first_at)
        return AllLogsState(self.reading.filter, cursor, first, self.drawing.shows_times, folds=wish.folds)

    def restore_state(self, state: AllLogsState) -> None:
        """Show the rows as they were, before they are mounted."""
        reading, self.drawing.shows_times = self.reading, state.shows_times
        reading.filter, reading.wish.folds = state.filter, state.folds
        if state.cursor is not None:
            reading.wish.follows = False
            self._restored = state.cursor
            self._first_at = reading.wish.top = state.first or state.cursor

    def on_resize(self) -> None:
        """Keep the cursor or the end in the window."""
        self._settle()
        super().on_resize()

    def notify_style_update(self) -> None:
        """Draw all rows again: the colours have changed."""
        self.drawing.forget()
        super().notify_style_update()

    # Rows that were read

    def _take(self) -> None:
        """Show what was read: the cursor stays on its entry."""
        rows = self.shown.rows
        if self.follows:
            self.cursor = max(0, len(rows) - 1)
        elif rows:
            if self._restored is not None:
                self._cursor_at = self._restored
                if self.shown.at_end or self.shown.entries[-1].key >= self._restored:
                    self._restored = None
            self.cursor, self.first_row = self._row_of(self._cursor_at), self._row_of(self._first_at)
            if self._left_to_move:
                self._move_by(0)
        self._settle()
        if self.is_mounted:
            self.repaint()
            self.tell()

    def _all_read(self) -> None:
        """Let the page say that no more rows are on their way."""
        if not self.shown.rows:
            self.repaint()
        self.tell()

    def _row_of(self, key: EntryKey | None) -> int:
        """Return the row in which an entry is, or the nearest one."""
        entries, rows = self.shown.entries, self.shown.rows
        if key is None:
            return 0
        low, high = 0, len(rows)
        while low < high:
            middle = (low + high) // 2
            if entries[rows[middle].first].key <= key:
                low = middle + 1
            else:
                high = middle
        return max(0, low - 1)

    def _settle(self) -> None:
        """Keep cursor and window inside, and tell what is on the screen."""
        rows, wish = self.shown.rows, self.reading.wish
        height = self.size.height or wish.height  # rows may be read before the screen is laid out
        self.cursor = max(0, min(self.cursor, len(rows) - 1))
        if self.follows:
            self.first_row = max(0, len(rows) - height)
        self.first_row = max(0, min(self.first_row, len(rows) - height, self.cursor), self.cursor - height + 1)
        wish.height, wish.above = height, self.first_row
        wish.below = max(0, len(rows) - self.first_row - height)
        if rows:
            self._cursor_at = self.shown.entries[rows[self.cursor].first].key
            self._first_at = wish.top = self.shown.entries[rows[self.first_row].first].key
        self.reading.want()

    # Moving

    def move(self, step: int) -> None:
        """Go up or down one row."""
        self._left_to_move = 0
        self._move_by(step)

    def _move_by(self, step: int) -> None:
        self._restored = None
        rows = self.shown.rows
        target = self.cursor + step + self._left_to_move
        inside = max(0, min(target, len(rows) - 1))
        self._left_to_move = target - inside
        is_over = self.shown.at_end if target > inside else self.shown.at_start
        if is_over:
            self._left_to_move = 0
        if step > 0 and target > inside and self.shown.at_end:
            self.follow()
            return
        if step < 0:
            self.reading.wish.follows = False
        self.cursor = inside
        self._settle()
        self.repaint()

    def scroll_rows(self, rows: int) -> None:
        """Move the cursor with the wheel."""
        self.first_row = max(0, min(self.first_row + rows, len(self.shown.rows) - self.size.height))
        self.move(rows)

    def page(self, direction: int) -> None:
        """Go up or down one page."""
        self._leap(direction * max(1, self.size.height - 1))

    def half_page(self, direction: int) -> None:
        """Go up or down half a page."""
        self._leap(direction * max(1, self.size.height // 2))

    def _leap(self, rows: int) -> None:
        self.first_row += rows
        self.move(rows)

    def top(self) -> None:
        """Go to the beginning of the run."""
        self.reading.wish.follows = False
        self._cursor_at = self._first_at = self.reading.wish.top = FIRST
        self._left_to_move, self._restored = 0, None
        self.reading.restart(FIRST)

    def bottom(self) -> None:
        """Go to the end and follow it."""
        self.follow()

    def follow(self) -> None:
        """Follow the end."""
        wish = self.reading.wish
        wish.follows = True
        self._left_to_move, self._restored = 0, None
        if self.shown.at_end and not self.reading.missed:
            self._take()
        else:
            self.reading.restart(LAST)

    def toggle_follow(self) -> None:
        """Follow the end, or stay."""
        if self.follows:
            self.reading.wish.follows = False
            self._settle()
        else:
            self.follow()

    def activate(self) -> bool:
        """Open the fold under the cursor. Return False if it is on a single line."""
        row = self.row
        if row is None or not row.is_fold:
            return False
        self.toggle_fold()
        return True

    # Folds and columns

    @property
    def row(self) -> FoldedRow | None:
        """The row under the cursor."""
        rows = self.shown.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    @property
    def place(self) -> LogPlace | None:
        """The place in a log that the row under the cursor is from. Of a mark at the end, that is the end."""
        row = self.row
        if row is None:
            return None
        _, track, offset = self.shown.entries[row.first].key
        attempts = self.reading.attempts
        return LogPlace(attempts.nodes[track], attempts.attempts[track], max(0, offset))

    def toggle_fold(self) -> None:
        """Show the lines of a fold, or fold the lines around the cursor again."""
        opened, row = self.reading.wish.opened, self.row
        if row is None:
            return
        self.reading.wish.follows = False
        key = self.shown.entries[row.first].key
        if row.is_fold:
            opened.add(key)
        else:
            before = [one for one in opened if one <= key]
            if before:
                opened.discard(max(before))
        self.reading.refold()

    def fold_all(self) -> None:
        """Fold all lines that are alike."""
        self._fold(folds=True)

    def unfold_all(self) -> None:
        """Fold no lines."""
        self._fold(folds=False)

    def _fold(self, *, folds: bool) -> None:
        self.reading.wish.folds = folds
        self.reading.wish.opened.clear()
        self.reading.refold()

    def scroll_columns(self, steps: int) -> None:
        """Scroll sideways."""
        self.drawing.column = CellWidth(max(0, self.drawing.column + steps * _COLUMNS))
        self.repaint()

    def toggle_times(self) -> None:
        """Show or hide the times."""
        self.drawing.shows_times = not self.drawing.shows_times
        self.repaint()

    # Drawing

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows of the window."""
        self.drawing.palette = self.app.ansi_theme
        rows = self.shown.rows[self.first_row : self.first_row + height]
        if not rows and not self.reading.is_reading:
            return [self.painter.strip([muted(f" {self.reading.filter.nothing}")], width)]
        fills = not self.follows  # each new line would cost two such rows
        return self.drawing.rows(self.shown.entries, rows, width, self.cursor - self.first_row, fills=fills)

    # Clicks

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row, and open it with a double click."""
        row = self.first_row + event.y
        if row >= len(self.shown.rows):
            return
        self.reading.wish.follows, self._restored = False, None
        self.cursor = row
        self._settle()
        self.repaint()
        if event.chain == 2:
            self.app.simulate_key("enter")

    # Copying

    def copied_line(self) -> Copied:
        """Return the line under the cursor, or all lines of a fold."""
        row = self.row
        texts = () if row is None else self.drawing.texts(self.shown.entries, row)
        return Copied("\n".join(text for _, text in texts))

    def copied(self) -> Copied:
        """Return the rows in the window, each with the name of its node."""
        rows = self.shown.rows[self.first_row : self.first_row + self.size.height]
        texts = (one for row in rows for one in self.drawing.texts(self.shown.entries, row))
        return Copied("\n".join(f"{name}  {text}" for name, text in texts))
