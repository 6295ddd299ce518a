"""Line cursor of a log: the line that keys act on, and the lines that are selected from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from weakref import proxy

from dagtui.tui.log.document import Spot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

    from dagtui.tui.log.document import LogDocument

NO_LINE = -1


class CursorView(Protocol):
    """The view that a cursor moves in."""

    document: LogDocument
    follows: bool

    @property
    def line_count(self) -> int:
        """Number of lines in the log."""

    @property
    def spots(self) -> Sequence[Spot]:
        """The rows in the window."""

    @property
    def size(self) -> Size:
        """The size of the window."""

    def follow(self) -> None:
        """Show the end and follow it."""

    def stay(self) -> None:
        """Stop following, at the present position."""

    def go_to(self, spot: Spot) -> None:
        """Put a row at the top of the window."""

    def show_line(self, line: int, *, from_above: bool = True) -> None:
        """Scroll as little as needed to show a line."""

    def repaint(self) -> int:
        """Draw what has changed."""


class LogCursor:
    """Moves in a view, which shows the line that it is on.

    While the view follows the end, the cursor is on the last line, whichever that is. It leaves the end with the first
    move up, and a move down to the last line follows again. While lines are selected, nothing follows: the selection
    would grow by itself.
    """

    def __init__(self, view: CursorView) -> None:
        self._view: CursorView = proxy(view)  # no reference cycle: see `take_apart`
        self._line = 0
        self._anchor: int | None = None
        """The line at which the selection began. None: there is none."""

    @property
    def line(self) -> int:
        """The line that it is on. NO_LINE: the log has none."""
        last = self._view.line_count - 1
        return last if self._view.follows else min(self._line, last)

    @property
    def follows(self) -> bool:
        """Whether it stays on the last line while the log grows."""
        return self._view.follows

    @property
    def selected(self) -> tuple[int, int] | None:
        """The first and the last selected line. None: no selection was begun."""
        here = self.line
        if self._anchor is None or here == NO_LINE:
            return None
        anchor = min(self._anchor, self._view.line_count - 1)  # redrawn lines may be fewer than before
        return min(anchor, here), max(anchor, here)

    @property
    def lines(self) -> tuple[int, int] | None:
        """The first and the last line that a key acts on: those selected, or that of the cursor. None: no line."""
        here = self.line
        return self.selected or (None if here == NO_LINE else (here, here))

    # Selecting

    def select(self, anchor: int | None = None) -> None:
        """Begin a selection at a line, or at that of the cursor."""
        if self.line == NO_LINE:
            return
        self.place(self.line)
        self._anchor = self.line if anchor is None else anchor
        self._view.repaint()

    def end_selection(self) -> None:
        """End the selection. The cursor stays."""
        if self._anchor is not None:
            self._anchor = None
            self._view.repaint()

    # Placing

    def place(self, line: int) -> None:
        """Put it on a line, and follow no longer. The caller draws the view."""
        if self._view.follows:
            self._view.stay()
        self._line = max(0, line)

    def forget(self) -> None:
        """Begin again: the log is another one."""
        self._line, self._anchor = 0, None

    def inserted(self, count: int) -> None:
        """Stay on the same line, now that others were inserted before it."""
        self._line += count
        if self._anchor is not None:
            self._anchor += count

    def keep_in(self, first: int, last: int) -> None:
        """Stay in the window, whose lines these are. A selection is left as it is."""
        if self._anchor is None:
            self._line = max(first, min(self._line, last))

    # Moving

    def move(self, lines: int) -> None:
        """Move by lines. On the way down the last line is followed. Of a line taller than the window, go by rows."""
        view, here = self._view, self.line
        if here == NO_LINE or (lines > 0 and view.follows) or self._moved_within(here, lines):
            return
        last = view.line_count - 1
        target = max(0, min(here + lines, last))
        if target == last and lines > 0 and self._anchor is None:
            view.follow()
        else:
            self.place(target)
            view.show_line(target, from_above=lines > 0)

    def _moved_within(self, line: int, lines: int) -> bool:
        """Scroll to more of the cursor's line, if there is more of it than the window shows."""
        view = self._view
        rows = [spot.row for spot in view.spots if spot.line == line]
        count = len(view.document.starts(line))
        if not rows or count <= view.size.height:
            return False
        step = 1 if lines > 0 else -1
        if (rows[-1] == count - 1) if step > 0 else (rows[0] == 0):
            return False
        view.go_to(view.document.forward(view.spots[0], 1) if step > 0 else view.document.back(view.spots[0], 1))
        return True

    def scroll(self, rows: int) -> None:
        """Scroll the window by rows, and keep the cursor's row in it. At an end, go to the end."""
        view, spots = self._view, self._view.spots
        if not spots or self.line == NO_LINE or (rows > 0 and view.follows):
            return
        here, height = spots[0], view.size.height
        row = next((y for y, spot in enumerate(spots) if spot.line == self.line), 0)
        last_top = view.document.last_top(height)
        top = min(view.document.forward(here, rows), last_top) if rows > 0 else view.document.back(here, -rows)
        if top == last_top and rows > 0:
            self.bottom()
            return
        shown = view.document.pieces(top, height)
        line = shown[min(row, len(shown) - 1)].spot.line if top != here else 0
        self.place(min(line, view.line_count - 1))
        view.go_to(top)

    def top(self) -> None:
        """Go to the first line."""
        if self.line != NO_LINE:
            self.place(0)
            self._view.go_to(Spot(0))

    def bottom(self) -> None:
        """Go to the last line and follow it, unless lines are selected."""
        if self._anchor is None:
            self._view.follow()
        elif self.line != NO_LINE:
            self.place(self._view.line_count - 1)
            self._view.go_to(self._view.document.last_top(self._view.size.height))
