"""Bytes of a log turned into lines that are safe on a terminal, as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.lines import LINE_LIMIT, for_terminal, plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator


class ShownLines:
    """Cuts what a task printed into lines and sanitises each: colours stay, nothing else acts on the terminal.

    Of a line longer than LINE_LIMIT only as much is kept as is shown, so that a line of any length takes little memory.
    """

    def __init__(self, *, colours: bool) -> None:
        self._show = for_terminal if colours else plain_line
        self._head = bytearray()
        self._end = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete with this."""
        start = 0
        while (newline := data.find(b"\n", start)) >= 0:
            self._add(data[start:newline])
            yield self._take()
            start = newline + 1
        self._add(data[start:])

    def rest(self) -> Iterator[str]:
        """The last line, if it has no newline."""
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
        head, end, length = bytes(self._head), bytes(self._end).rstrip(b"\r"), self._length
        self._head.clear()
        self._end.clear()
        self._length = 0
        if b"\r" in end:  # a progress bar without newlines: its last state is at its end
            return self._show(end[end.rfind(b"\r") + 1 :])
        return self._show(head, length - len(head))
