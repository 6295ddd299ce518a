"""Convert the bytes of a log into lines that are safe on a terminal, as they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.lines import LINE_LIMIT, for_terminal, plain_line, written
from dagtui.text.redraws import REACH, VERTICAL, RedrawnRows
from dagtui.text.styles import PLAIN, style_after

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_HELD = 1 << 20
"""Bytes of lines that may still be redrawn. Beyond that, lines are released."""


class ShownLines:
    """Lines as they arrive. Colours stay, and nothing else acts on the terminal.

    Of a line longer than LINE_LIMIT, only the shown part is kept, so that it takes little memory.
    """

    def __init__(self, *, colours: bool) -> None:
        self._show = for_terminal if colours else plain_line
        self._head = bytearray()
        self._end = bytearray()
        self._length = 0
        self.style = PLAIN
        """The colours in effect at the start of the next line."""

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that these bytes complete."""
        start = 0
        while (newline := data.find(b"\n", start)) >= 0:
            self._add(data[start:newline])
            yield self._take()
            start = newline + 1
        self._add(data[start:])

    def rest(self) -> Iterator[str]:
        """Yield the last line if it has no newline."""
        if self._length:
            yield self._take()

    def _add(self, part: bytes) -> None:
        self._length += len(part)
        room = LINE_LIMIT - len(self._head)
        if room > 0:
            self._head += part[:room]
        if len(part) > room:
            self._end += part[max(0, room) :][-LINE_LIMIT:]
            del self._end[:-LINE_LIMIT]

    def _take(self) -> str:
        head, end, length, style = bytes(self._head), bytes(self._end).rstrip(b"\r"), self._length, self.style
        self._head.clear()
        self._end.clear()
        self._length = 0
        self.style = style_after(end, style_after(head, style))
        if b"\r" in end:  # a progress bar without newlines: its last state is at its end
            return self._show(end[end.find(b"\r") + 1 :])
        return self._show(head, length - len(head), 0, style)


class FinalLines:
    """Lines as a terminal would finally show them. Redrawn lines come once, at the end."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours
        self._lines = ShownLines(colours=colours)
        self._held = b""
        """Lines that may still be redrawn."""
        self._rows: RedrawnRows | None = None
        self._next_row = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """Yield the lines that these bytes move out of the cursor's reach."""
        if self._rows is None:
            self._held += data
            if VERTICAL.search(self._held) is None:
                yield from self._out_of_reach()
                return
            data, self._held = self._held, b""
            self._rows = RedrawnRows(style=self._lines.style)
        self._rows.feed(data)
        yield from self._row_lines(self._rows, self._rows.bottom - REACH)

    def rest(self) -> Iterator[str]:
        """Yield the other lines."""
        if self._rows is not None:
            yield from self._row_lines(self._rows, self._rows.shown_count)
            return
        yield from self._lines.feed(self._held)
        yield from self._lines.rest()

    def _out_of_reach(self) -> Iterator[str]:
        end = len(self._held)
        for _ in range(REACH + 1):
            end = self._held.rfind(b"\n", 0, max(0, end))
        if end < 0 and len(self._held) > _MOST_HELD:
            end = len(self._held) - 1
        released, self._held = self._held[: end + 1], self._held[end + 1 :]
        yield from self._lines.feed(released)

    def _row_lines(self, rows: RedrawnRows, end: int) -> Iterator[str]:
        for number in range(self._next_row, end):
            line = rows.line(number)
            yield written(line) if self._colours else line.text
        self._next_row = max(self._next_row, end)
        rows.forget_before(self._next_row)
