"""List of rows with a cursor: one screen row each, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from textual.message import Message

from dagtui.text.amounts import CellWidth
from dagtui.tui.lines.copied import Copied
from dagtui.tui.lines.page import ScrolledRows
from dagtui.tui.lines.rows import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.text.look import Look
    from dagtui.tui.lines.rows import Row

_FAR = 1000
"""Rows without a link that the cursor passes at once."""


class RowSource(Protocol):
    """What a list shows. Only rows on the screen are asked for."""

    def __len__(self) -> int:
        """Return the number of rows."""
        ...

    def row(self, index: int, width: CellWidth) -> Row:
        """Return a row for a width. The cursor stops at rows with a `jump`, which says what they lead to."""
        ...


class FixedRows:
    """Rows that exist already."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._rows = rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def row(self, index: int, width: CellWidth) -> Row:  # noqa: ARG002 - the protocol's signature
        """Return a row."""
        return self._rows[index]


class RowList(ScrolledRows):
    """Shows the rows of a source, with the cursor on one that leads somewhere."""

    class Followed(Message):
        """A row was opened by key or double click."""

        def __init__(self, index: int, jump: int) -> None:
            super().__init__()
            self.index, self.jump = index, jump

    def __init__(self, look: Look, source: RowSource | None = None, *, id: str | None = "rows") -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.source: RowSource = source or FixedRows()
        self.cursor = 0
        self.first_row = 0
        """The first row in the window."""

    def show(self, source: RowSource, cursor: int | None = None) -> None:
        """Show another source, with the cursor on a row, or where it was as far as the rows reach."""
        self.source = source
        self.cursor = self.cursor if cursor is None else cursor
        self._settle()
        if cursor is not None:
            self.reveal()
        self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows from the top of the window."""
        self.first_row = max(0, min(self.first_row, len(self.source) - height))
        shown = range(self.first_row, min(len(self.source), self.first_row + height))
        return [self._strip(index, width) for index in shown]

    def _strip(self, index: int, width: CellWidth) -> Strip:
        one = self.source.row(index, width)
        runs = (one.lead, *one.runs) if one.lead else one.runs
        is_cursor = index == self.cursor and one.jump >= 0
        return self.painter.strip(runs, width, Role.CURSOR if is_cursor else None)

    # Moving

    @property
    def current(self) -> Row | None:
        """The row under the cursor, if it leads somewhere."""
        if not 0 <= self.cursor < len(self.source):
            return None
        found = self._row(self.cursor)
        return found if found.jump >= 0 else None

    def move(self, step: int) -> None:
        """Go to the next or previous row that leads somewhere, or scroll if there is none near."""
        target = self._stop(self.cursor + step, 1 if step > 0 else -1)
        if target is None:
            self.scroll_rows(step)
            return
        self.cursor = target
        self.reveal()
        if self._stop(target + step, step) is None:  # a heading beyond the last stop stays in reach
            self.first_row += step * self.size.height
        self.repaint()

    def page(self, direction: int) -> None:
        """Move by one page."""
        self._leap(direction * max(1, self.size.height - 1))

    def half_page(self, direction: int) -> None:
        """Move by half a page."""
        self._leap(direction * max(1, self.size.height // 2))

    def top(self) -> None:
        """Go to the first row."""
        self._leap(-len(self.source))

    def bottom(self) -> None:
        """Go to the last row."""
        self._leap(len(self.source))

    def go_to(self, index: int) -> None:
        """Put the cursor on a row."""
        self.cursor = index
        self._settle()
        self.reveal()
        self.repaint()

    def scroll_rows(self, rows: int) -> None:
        """Scroll as far as there are rows. The cursor stays in the window."""
        last = max(0, len(self.source) - self.size.height)
        self.first_row = max(0, min(self.first_row + rows, last))
        held = max(self.first_row, min(self.cursor, self.first_row + self.size.height - 1))
        if held != self.cursor:
            near = self._stop(held, 1 if rows > 0 else -1)
            if near is not None and self.first_row <= near < self.first_row + self.size.height:
                self.cursor = near
        self.repaint()

    def reveal(self) -> None:
        """Scroll so that the cursor is in the window."""
        height = max(1, self.size.height)
        self.first_row = min(max(self.first_row, self.cursor - height + 1), self.cursor)

    def activate(self) -> bool:
        """Open the row under the cursor. Return whether it leads somewhere."""
        found = self.current
        if found is None:
            return False
        self.post_message(self.Followed(self.cursor, found.jump))
        return True

    def copied(self) -> Copied:
        """Return the row under the cursor for the clipboard."""
        found = self.current
        return Copied("" if found is None else found.text.strip() if found.whole is None else found.whole)

    def _leap(self, rows: int) -> None:
        height, count = max(1, self.size.height), len(self.source)
        if not count:
            return
        target = max(0, min(self.cursor + rows, count - 1))
        back = -1 if rows > 0 else 1
        found = self._stop(target, -back)
        self.cursor = target if found is None else found
        self._settle(back)
        self.first_row = max(0, min(self.first_row + rows, count - height))
        self.reveal()
        self.repaint()

    def _settle(self, first: int = 1) -> None:
        """Put the cursor on the nearest row that leads somewhere."""
        self.cursor = max(0, min(self.cursor, len(self.source) - 1))
        for step in (first, -first):
            found = self._stop(self.cursor, step)
            if found is not None:
                self.cursor = found
                return

    def _stop(self, index: int, step: int) -> int | None:
        """Return the first row from an index on, in a direction, that leads somewhere."""
        for _ in range(_FAR):
            if not 0 <= index < len(self.source):
                return None
            if self._row(index).jump >= 0:
                return index
            index += step
        return None

    def _row(self, index: int) -> Row:
        return self.source.row(index, CellWidth(max(1, self.size.width)))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row. A double click opens it."""
        index = self.first_row + event.y
        if not 0 <= index < len(self.source) or self._row(index).jump < 0:
            return
        self.cursor = index
        self.repaint()
        if event.chain == 2:
            self.activate()
