"""The lines between two checkpoints of a log, read from the file: as printed, or as redrawing has left them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.line_index import GAP
from dagtui.text.lines import LINE_LIMIT, written
from dagtui.text.redraws import RedrawnRows, rows_passed
from dagtui.text.styles import PLAIN, style_after

if TYPE_CHECKING:
    from dagtui.store.line_index import Gap
    from dagtui.text.styles import Style

Read = Callable[[int, int], bytes]
"""Reads at most a number of bytes from an offset on."""

_BEFORE = 16_384
"""Bytes before a gap that are searched for a colour that is still on at its start."""
_REDRAWN_BEFORE = (32_768, 1_048_576)
"""Bytes before a gap that are searched for rows that are still visible. The second is used if rows are missing."""
_FED = 262_144
"""Bytes at the end of a huge line that are read where lines are redrawn."""


PAGE_OVERLAP = 1_024
PAGE_STEP = LINE_LIMIT - PAGE_OVERLAP
"""Bytes from one page of a long line to the next. Pages overlap, so that a match may cross their border."""
_CONTINUED = bytes(range(0x80, 0xC0))
"""Continuation bytes of UTF-8."""


class LogLine(NamedTuple):
    """At most LINE_LIMIT bytes of one line, without its newline."""

    data: bytes
    more: int = 0
    """Bytes of the line after this part that were left out."""
    before: int = 0
    """Bytes of the line before this part that were left out."""
    style: Style = PLAIN
    """The style at its beginning."""


class PrintedLines:
    """Lines as they were printed."""

    def __init__(self, gap: Gap, read: Read, *, is_open: bool, known: PrintedLines | None = None) -> None:
        """Read a gap. `is_open`: the last line has no newline. `known` are the lines of the gap when it was shorter."""
        self.gap = gap
        self.data = read(min(gap.end - gap.offset, 2 * GAP), gap.offset)
        self._read = read
        self._is_open = is_open
        self._starts: list[int] | None = None
        self._styles: list[Style] = []
        """The style at the start of each line, as far as computed."""
        if known is not None and known.gap.offset == gap.offset:
            self._styles = known._styles

    @property
    def starts(self) -> list[int]:
        """Offsets in the gap of the start of each line, and of the end of the last one."""
        if self._starts is None:
            count = self.gap.line_count
            lengths = (len(part) + 1 for part in self.data.split(b"\n"))
            self._starts = list(islice(accumulate(lengths, initial=0), count + 1))
            # A file that was truncated meanwhile has fewer lines than its index: the missing ones are empty.
            self._starts += [len(self.data)] * (count + 1 - len(self._starts))
        return self._starts

    def extent(self, number: int) -> tuple[int, int]:
        """Return where a line of the log starts and ends, as offsets in the gap."""
        index = number - self.gap.first_line
        start, end = self.starts[index], self.starts[index + 1] - 1
        if end >= len(self.data) and index == self.gap.line_count - 1:
            # It may be longer than what was read.
            end = self.gap.end - self.gap.offset - (0 if self._is_open else 1)
        return start, max(start, end)

    def raw(self, number: int) -> bytes:
        """Return a line of the log as it was printed."""
        start, end = self.extent(number)
        return self.data[start:end] if end <= len(self.data) else self._read(end - start, self.gap.offset + start)

    def line(self, number: int) -> LogLine:
        """Return a line. Of a long one, return its beginning, or its end if that overwrites what precedes it."""
        start, end = self.extent(number)
        style = self._style(number - self.gap.first_line)
        if end - start <= LINE_LIMIT:
            return LogLine(self.raw(number), style=style)
        tail = self._read(LINE_LIMIT, self.gap.offset + end - LINE_LIMIT).rstrip(b"\r")
        overwrites = tail.find(b"\r") + 1
        if overwrites:
            return LogLine(tail[overwrites:])
        return LogLine(self._read(LINE_LIMIT, self.gap.offset + start), end - start - LINE_LIMIT, style=style)

    def whole(self, number: int, most: int) -> LogLine:
        """Return at most `most` bytes of a line as it was printed."""
        start, end = self.extent(number)
        if end - start <= most:
            return LogLine(self.raw(number))
        return LogLine(self._read(most, self.gap.offset + start), end - start - most)

    def page_count(self, number: int) -> int:
        """Return the number of pages of a line. They overlap."""
        start, end = self.extent(number)
        return max(1, -(-(end - start - PAGE_OVERLAP) // PAGE_STEP))

    def page(self, number: int, page: int, pages: int = 1) -> LogLine:
        """Return `pages` pages of a long line, starting with `page`."""
        start, end = self.extent(number)
        first = start + page * PAGE_STEP
        data = self._read(min(end - first, pages * PAGE_STEP + PAGE_OVERLAP), self.gap.offset + first)
        cut = len(data[:4]) - len(data[:4].lstrip(_CONTINUED)) if page else 0
        return LogLine(data[cut:], max(0, end - first - len(data)), first - start + cut)

    def offset_of(self, number: int) -> int:
        """Return where a line starts in the file."""
        return self.gap.offset + self.starts[number - self.gap.first_line]

    def line_at(self, offset: int) -> int:
        """Return the line that a byte of the file is in."""
        return self.gap.first_line + max(
            0, bisect_right(self.starts, offset - self.gap.offset, hi=self.gap.line_count) - 1
        )

    def _style(self, index: int) -> Style:
        styles = self._styles
        if not styles:
            styles.append(self._style_before())
        if len(styles) <= index and b"\x1b[" not in self.data:
            return styles[-1]
        while len(styles) <= index:
            line = self.data[self.starts[len(styles) - 1] : self.starts[len(styles)]]
            styles.append(style_after(line, styles[-1]))
        return styles[index]

    def _style_before(self) -> Style:
        size = min(self.gap.offset, _BEFORE)
        return style_after(self._read(size, self.gap.offset - size)) if size else PLAIN


class RedrawnLines:
    """Lines as the moves of the cursor have left them. More output is fed in as the log grows."""

    def __init__(self, gap: Gap, read: Read, origin: int) -> None:
        """Read a gap. `origin` is where line 0 starts."""
        self.gap = gap
        self._read = read
        self._origin = origin
        near, far = (min(before, gap.offset - origin) for before in _REDRAWN_BEFORE)
        self._rows = self._replayed(near)
        earlier = range(gap.first_line, min(gap.bottom + 1, gap.first_line + gap.line_count))
        if far > near and not all(row in self._rows for row in earlier):
            self._rows = self._replayed(far)

    def take(self, gap: Gap) -> bool:
        """Take in new output. Return False if the lines must be read again instead."""
        known = self._rows.end
        if gap.first_line < self.gap.first_line or gap.offset < self.gap.offset or not 0 <= gap.end - known <= _FED:
            return False
        self._rows.feed(self._read(gap.end - known, known))
        self.gap = gap
        self._rows.forget_before(gap.first_line)
        return True

    def line(self, number: int) -> LogLine:
        """Return a row as it was left, with its colours."""
        return LogLine(written(self._rows.line(number)).encode())

    def offset_of(self, number: int) -> int:
        """Return where a row was written to last."""
        return self._rows.written_at(number) or self.gap.offset

    def line_at(self, offset: int) -> int:
        """Return the row that was written to last at or before an offset."""
        gap = self.gap
        rows = range(gap.first_line, gap.first_line + gap.line_count)
        written = [(at, row) for row in rows if (at := self._rows.written_at(row)) is not None and at <= offset]
        return max(written)[1] if written else gap.first_line

    def _replayed(self, before: int) -> RedrawnRows:
        """Return the rows after all output from `before` bytes before the gap on."""
        gap = self.gap
        data = self._read(before, gap.offset - before)
        row = bottom = 0
        if gap.offset - before > self._origin:
            data = data[data.find(b"\n") + 1 :] if b"\n" in data else b""
            row, bottom = max(0, gap.row - rows_passed(data)), gap.bottom
        rows = RedrawnRows(row, bottom, gap.offset - len(data))
        rows.feed(data)
        size = gap.end - gap.offset
        rows.feed(self._read(min(size, 2 * GAP), gap.offset))
        if size > 2 * GAP + _FED:
            rows.skip_to(gap.end - _FED)
        rows.feed(self._read(gap.end - rows.end, rows.end))
        rows.forget_before(gap.first_line)
        return rows
