"""The log of one attempt, read for the screen: any part of a growing file of any size, at once and in little memory."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.line_index import LineIndex
from dagtui.store.line_times import LineTimes
from dagtui.store.log_lines import LogLine, PrintedLines, RedrawnLines
from dagtui.store.log_search import Found, LogSearch
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.log_queries import Query

_BLOCK = 262_144
_REDRAWN_BLOCK = 32_768
_TAIL = 1_048_576
_WHOLE = 4 * _TAIL
"""A file that has grown by no more than this since the last look is indexed in one go, not from its end."""
_MOVE_COST = 1_000
"""A move between lines takes as long as so many bytes."""
_LAG = 64 * _TAIL
"""A file that outgrows its index by more than this is looked at from its new end."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a refresh found; false when nothing has changed."""

    grown: bool = False
    """There is more at the end."""
    joined: bool = False
    """The index from the start has met the end: the first line that was known may have been only the end of one."""
    inserted: int = 0
    """So many lines are then known before those that were: what was line n is line n + inserted."""
    replaced: bool = False
    """Line numbers of before mean nothing: another file, a truncated one, or one that grew too fast."""
    redrawn: int | None = None
    """The first line that was known and may look different now, besides the last one."""

    def __bool__(self) -> bool:
        return self.grown or self.joined or self.replaced


class LogReader:
    """The lines of a log file, which may not exist yet and may grow.

    Nothing blocks for longer than reading a few megabytes takes: `refresh` indexes a large file in steps, its end
    first. Until the index from the start has met the end, `numbered` is false and only the last part of the file can
    be addressed, from line 0; then the lines before are inserted.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened before the first refresh."""
        self.path = path
        self.size = 0
        """Bytes, at the last refresh."""
        self._descriptor = -1
        self._identity = (0, 0)
        self._index = LineIndex(0, inside_line=False)
        self._before: LineIndex | None = None
        self._search: LogSearch | None = None
        self._lines: PrintedLines | RedrawnLines | None = None
        self._times = LineTimes(path.with_name(path.name + ".times"))

    @property
    def exists(self) -> bool:
        """Whether there was a file at the last refresh."""
        return self._descriptor >= 0

    @property
    def line_count(self) -> int:
        """Lines that can be addressed; the last one may still grow."""
        return self._index.line_count

    @property
    def stable_count(self) -> int:
        """Lines from the first one on that stay as they are, unless a change says that they were redrawn."""
        return self._index.stable_count

    @property
    def numbered(self) -> bool:
        """Whether line 0 is the first line of the file."""
        return self._before is None

    @property
    def complete(self) -> bool:
        """Whether all of the file as it was at the last refresh is indexed; if not, refresh again soon."""
        return self._before is None and self._index.end >= self.size

    @property
    def progress(self) -> float:
        """The share of the file that is indexed, from 0 to 1."""
        done = self._index.end - self._index.start + (self._before.end if self._before else 0)
        return min(1.0, done / self.size) if self.size else 1.0

    def close(self) -> None:
        """Close the file; a refresh opens it again."""
        self._forget()
        self._times.close()

    def refresh(self, budget_bytes: int = _WHOLE) -> Change:
        """Look for what is new and index at most so many bytes (at least 1 MB) of it.

        Raises StoreError when the file is there and can't be read.
        """
        try:
            replaced = self._open()
            if not self.exists:
                return Change(replaced=replaced)
            self.size = os.fstat(self._descriptor).st_size
            indexed = self._index.end
            if self.size - self._index.end > _LAG or self._index.end == 0:
                replaced = self._look_at_end() or replaced
            known, stable = self.line_count, self.stable_count
            budget = max(budget_bytes, _TAIL)
            read = self._extend(self._index, self.size, budget)
            touched = min(self._index.touched, stable)
            self._index.touched = self._index.row
            inserted = self._index_before(budget - read)
        except OSError as error:
            raise StoreError.of("read the log", self.path, error) from error
        redrawn = touched if touched < known - 1 else None
        return Change(self._index.end > indexed, inserted is not None, inserted or 0, replaced, redrawn)

    def lines(self, first: int, count: int) -> list[LogLine]:
        """At most `count` lines from line `first` on, as a terminal would have been left with them."""
        end = min(first + count, self.line_count)
        return [self._lines_of(number).line(number) for number in range(max(first, 0), end)]

    def whole(self, line: int, most: int) -> LogLine | None:
        """A line as it was printed, at most so many bytes of it; None where lines were redrawn: none is as it was."""
        lines = self._lines_of(line)
        return lines.whole(line, most) if isinstance(lines, PrintedLines) else None

    def page(self, line: int, page: int) -> LogLine:
        """A part of a long line; there are `page_count` of them."""
        lines = self._lines_of(line)
        return lines.page(line, page) if isinstance(lines, PrintedLines) else lines.line(line)

    def page_count(self, line: int) -> int:
        """In how many pages a line can be read."""
        lines = self._lines_of(line)
        return lines.page_count(line) if isinstance(lines, PrintedLines) else 1

    def tail(self, count: int) -> list[LogLine]:
        """The last `count` lines."""
        return self.lines(max(0, self.line_count - count), count)

    def time_of(self, line: int) -> float | None:
        """When a line's first byte was written, in seconds since the epoch; None when nobody knows.

        Of a log that was printed in one go nobody noted times: all of it is as old as the file.
        """
        if not 0 <= line < self.line_count:
            return None
        offset = self._lines_of(line).offset_of(line)
        try:
            noted = self._times.at(offset)
            return os.fstat(self._descriptor).st_mtime if noted is None else noted
        except OSError:
            return None

    def find_next(self, query: Query, start: int, budget_bytes: int = _BLOCK) -> Found:
        """The first match at or after line `start`, looking at about so many bytes (256 KB: 1 to 10 ms)."""
        return self._searched().find_next(query, start, budget_bytes)

    def find_page(self, query: Query, line: int, start: int, step: int, budget_bytes: int = _BLOCK) -> Found:
        """The first page of a line that matches, from page `start` on in steps of 1 or -1."""
        return self._searched().find_page(query, line, start, step, budget_bytes)

    def _open(self) -> bool:
        """Open the file if it is there; returns whether it is another one than before, or has lost its end."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False  # not yet; or removed, then what is open can still be read
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise StoreError(f"can't read the log {label(self.path, 1000)}: it is no regular file")
        identity = (status.st_dev, status.st_ino)
        if self.exists and identity == self._identity and status.st_size >= self._index.end:
            os.close(descriptor)
            return False
        replaced = self.exists
        self._forget()
        self._descriptor, self._identity = descriptor, identity
        return replaced

    def _forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self.size = 0
        self._index = LineIndex(0, inside_line=False)
        self._before = None
        self._lines = self._search = None
        self._times.close()

    def _look_at_end(self) -> bool:
        """Begin a new index near the end of a large file; returns whether lines were known before."""
        if self.size <= _WHOLE:
            return False
        start = self.size - _TAIL
        data = os.pread(self._descriptor, _TAIL, start)
        newline = data.find(b"\n", 0, -1)
        known = self._index.line_count > 0
        if self._before is None:
            self._before = self._index
        self._index = LineIndex(start + newline + 1, inside_line=newline < 0)
        self._index.extend(data[newline + 1 :])
        return known

    def _index_before(self, budget: int) -> int | None:
        """Go on with the index from the start; returns how many lines it puts before the others when they meet."""
        before = self._before
        if before is None:
            return None
        if before.end < self._index.start:
            budget -= self._extend(before, self._index.start, budget)
        if before.end == self._index.start:
            inserted = before.row
            if before.join(self._index):
                return self._take(before, inserted)
        # What redraws lines from before the end on has no number without them.
        if before.end >= self._index.start:
            self._extend(before, self._index.end, budget)
        if before.end < self._index.end:
            return None
        return self._take(before, before.line_count - self.line_count)

    def _take(self, index: LineIndex, inserted: int) -> int:
        self._index, self._before = index, None
        self._index.touched = index.row
        self._lines = self._search = None
        return inserted

    def _extend(self, index: LineIndex, end: int, budget: int) -> int:
        start = index.end
        while index.end < end and budget > 0:
            block = _REDRAWN_BLOCK if index.is_redrawn else _BLOCK
            data = os.pread(self._descriptor, min(block, end - index.end, budget), index.end)
            if not data:
                break
            budget -= len(data) + _MOVE_COST * index.extend(data)
        return index.end - start

    def _lines_of(self, number: int) -> PrintedLines | RedrawnLines:
        """The lines of the gap that a line lies in."""
        gap = self._index.gap_of(number)
        known = self._lines
        if known is not None and known.gap == gap:
            return known
        if not gap.redrawn:
            is_open = gap.end == self._index.end > self._index.open_start
            earlier = known if isinstance(known, PrintedLines) else None
            self._lines = PrintedLines(gap, self._pread, is_open=is_open, known=earlier)
        elif not (isinstance(known, RedrawnLines) and known.take(gap)):
            self._lines = RedrawnLines(gap, self._pread, self._index.start)
        return self._lines  # type: ignore[return-value]

    def _searched(self) -> LogSearch:
        if self._search is None:
            self._search = LogSearch(self._index, self._pread)
        return self._search

    def _pread(self, length: int, offset: int) -> bytes:
        try:
            return os.pread(self._descriptor, max(0, length), offset)
        except OSError as error:
            raise StoreError.of("read the log", self.path, error) from error
