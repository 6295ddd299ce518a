"""Scrolling page of rows, some of which link to other nodes."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from dagtui.text import cell_width
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.copied import Copied
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import Role, Row, Span, width_of
from dagtui.tui.lines.wrapping import word_breaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

NOWHERE = -1
WHEEL_ROWS = 3


class JumpTo(Message):
    """Request to show what a row leads to: a node, or a page of the manual."""

    def __init__(self, target: int) -> None:
        super().__init__()
        self.target = target


class PagePosition(NamedTuple):
    """The position of a page, to be restored later."""

    first_row: int = 0
    cursor: int = NOWHERE


class ScrolledRows(PaintedRows):
    """Rows that scroll by keys and by the wheel."""

    def scroll_rows(self, rows: int) -> None:
        """Scroll as far as there are rows."""
        raise NotImplementedError

    def page(self, direction: int) -> None:
        """Scroll by one page."""
        self.scroll_rows(direction * max(1, self.size.height - 1))

    def half_page(self, direction: int) -> None:
        """Scroll by half a page."""
        self.scroll_rows(direction * max(1, self.size.height // 2))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll."""
        event.stop()
        self.scroll_rows(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll."""
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)


class Page(ScrolledRows):
    """Word-wrapped rows that scroll, with a cursor on one of the linked rows."""

    def __init__(self, look: Look = IN_UNICODE, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(look, id=id)
        self.rows: Sequence[Row] = ()
        self.first_row = 0
        """The first screen row in the window."""
        self.cursor = NOWHERE
        """The row that Enter follows."""
        self._screen_rows: list[tuple[Span, ...]] = []
        self._first: list[int] = []
        """For each row, the screen row at which it begins."""
        self._wrapped_width = -1

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows. The position is kept as far as the rows reach."""
        if rows == self.rows:
            return
        self.rows = rows
        self._wrapped_width = -1
        if not (0 <= self.cursor < len(rows) and rows[self.cursor].jump >= 0):
            self.cursor = next((index for index, one in enumerate(rows) if one.jump >= 0), NOWHERE)
        self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows from the top of the window."""
        self._wrap(width)
        self.first_row = max(0, min(self.first_row, len(self._screen_rows) - height))
        first, last = self._extent(self.cursor) if self.has_focus else (0, 0)
        return [
            self.painter.strip(runs, width, Role.CURSOR if first <= y < last else None)
            for y, runs in enumerate(self._screen_rows[self.first_row : self.first_row + height], self.first_row)
        ]

    # Moving

    def scroll_rows(self, rows: int) -> None:
        """Scroll as far as there are rows."""
        self.first_row = max(0, self.first_row + rows)
        self.repaint()

    def move(self, step: int) -> None:
        """Go to the next or previous linked row, or scroll if it is too far away."""
        target = self.cursor + step
        while 0 <= target < len(self.rows) and self.rows[target].jump < 0:
            target += step
        if self.cursor == NOWHERE or not 0 <= target < len(self.rows) or not self._is_near(target):
            self.scroll_rows(step)
            return
        self.cursor = target
        self.reveal(target)

    def reveal(self, index: int) -> None:
        """Scroll so that a row is in the window."""
        first, last = self._extent(index)
        self.first_row = min(max(self.first_row, last - self.size.height), first)
        self.repaint()

    def top(self) -> None:
        """Scroll to the beginning."""
        self.scroll_rows(-len(self._screen_rows))

    def bottom(self) -> None:
        """Scroll to the end."""
        self.scroll_rows(len(self._screen_rows))

    def activate(self) -> bool:
        """Follow the link under the cursor. Return whether there is one."""
        if self.cursor == NOWHERE:
            return False
        self.post_message(JumpTo(self.rows[self.cursor].jump))
        return True

    def copy_text(self) -> str:
        """Return the whole page, unwrapped, with the full text of what is shown in part."""
        texts = (one.text.rstrip() if one.whole is None else one.whole for one in self.rows if one.whole != "")
        return "\n".join(texts)

    def copied(self) -> Copied:
        """Return the whole page for the clipboard."""
        return Copied(self.copy_text())

    @property
    def copies(self) -> str:
        """What `copied_line` returns, in a word."""
        return "page" if self.cursor == NOWHERE else "row"

    def copied_line(self) -> Copied:
        """Return the row under the cursor for the clipboard, or the whole page if it has no cursor."""
        if self.cursor == NOWHERE:
            return self.copied()
        one = self.rows[self.cursor]
        return Copied(one.whole or one.text.strip())

    @property
    def place(self) -> PagePosition:
        """The position. Settable."""
        return PagePosition(self.first_row, self.cursor)

    @place.setter
    def place(self, place: PagePosition) -> None:
        self.first_row, self.cursor = place
        if not (0 <= self.cursor < len(self.rows) and self.rows[self.cursor].jump >= 0):
            self.cursor = NOWHERE
        self.repaint()

    # Events

    def watch_has_focus(self, has_focus: bool) -> None:  # noqa: ARG002 - Textual's signature
        """Show the cursor, or hide it."""
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer, or follow the row that was clicked."""
        if key := self._key_at(event.x, event.y):
            self.app.simulate_key(key)
            return
        clicked = bisect_right(self._first, self.first_row + event.y) - 1
        if 0 <= clicked < len(self.rows) and self.rows[clicked].jump >= 0:
            self.cursor = clicked
            self.repaint()
            self.activate()

    # Layout

    def _key_at(self, x: int, y: int) -> str:
        """Return the key of the text at a position of the window, or "" if it has none."""
        shown = self.first_row + y
        for run in self._screen_rows[shown] if shown < len(self._screen_rows) else ():
            x -= cell_width(run.text)
            if x < 0:
                return run.press
        return ""

    def _wrap(self, width: CellWidth) -> None:
        if self._wrapped_width == width:
            return
        self._wrapped_width = width
        self._screen_rows, self._first = [], []
        for one in self.rows:
            self._first.append(len(self._screen_rows))
            self._screen_rows += wrapped(one, width)

    def _extent(self, index: int) -> tuple[int, int]:
        """Return the first screen row of a row and the one after its last."""
        if not 0 <= index < len(self._first):
            return 0, 0
        following = self._first[index + 1] if index + 1 < len(self._first) else len(self._screen_rows)
        return self._first[index], following

    def _is_near(self, index: int) -> bool:
        first, last = self._extent(index)
        return self.first_row - self.size.height <= first and last <= self.first_row + 2 * self.size.height


def wrapped(one: Row, width: CellWidth) -> list[tuple[Span, ...]]:
    """Return a row wrapped at words into screen rows. Rows after the first are indented."""
    lead = (one.lead,) if one.lead else ()
    room = width - width_of(lead)
    indent = min(one.indent, room // 2)
    starts = word_breaks(one.text, room, room - indent)
    if len(starts) == 1:
        return [(*lead, *one.runs)]
    ends = [*starts[1:], len(one.text)]
    pieces = [_cut(one.runs, start, end) for start, end in zip(starts, ends, strict=True)]
    return [(*lead, *pieces[0]), *((*lead, Span(" " * indent), *piece) for piece in pieces[1:])]


def _cut(runs: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Return the spans between two indices of their text."""
    found = []
    position = 0
    for run in runs:
        piece = run.text[max(0, start - position) : max(0, end - position)]
        position += len(run.text)
        if piece:
            found.append(run._replace(text=piece))
    return tuple(found)
