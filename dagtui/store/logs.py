"""The log of one attempt, read for the screen: any part of a growing file of any size, at once and in little memory."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.line_index import LineIndex
from dagtui.store.line_times import LineTimes, size_until
from dagtui.store.log_lines import LogLine, PrintedLines, RedrawnLines
from dagtui.store.log_search import Found, LogSearch
from dagtui.text import label
from dagtui.text.amounts import WallTime
from dagtui.text.lines import plain_line
from dagtui.text.redraws import REACH

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.log_queries import Query

_BLOCK = 262_144
_REDRAWN_BLOCK = 32_768
_TAIL = 1_048_576
_WHOLE = 4 * _TAIL
"""The growth in bytes up to which a file is indexed in one go, not from its end."""
_MOVE_COST = 1_000
"""The cost of a move between lines, in bytes read in the same time."""
_LAG = 64 * _TAIL
"""The growth in bytes beyond the index from which a file is indexed from its new end."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a refresh found. False if nothing has changed."""

    grown: bool = False
    """There is more at the end."""
    joined: bool = False
    """The index from the start has met the end. The first line known before may have been only the end of a line."""
    inserted: int = 0
    """The number of lines inserted before the known ones: line n became line n + inserted."""
    replaced: bool = False
    """Earlier line numbers are invalid: the file is another one, was truncated, or grew too fast."""
    redrawn: int | None = None
    """The first known line, besides the last one, that may look different now."""

    def __bool__(self) -> bool:
        return self.grown or self.joined or self.replaced


class LogReader:
    """The lines of a log file, which need not exist yet and may grow.

    No call blocks longer than reading a few megabytes takes: `refresh` indexes a large file in steps, its end
    first. Until the index from the start has met the end, `numbered` is false and only the last part of the file can
    be addressed, from line 0. Then the lines before it are inserted.
    """

    def __init__(self, path: Path) -> None:
        """Create a reader. The file is opened by the first refresh."""
        self.path = path
        self.size = 0
        """Size in bytes at the last refresh."""
        self._descriptor = -1
        self._identity = (0, 0)
        self._index = LineIndex(0, inside_line=False)
        self._before: LineIndex | None = None
        self._search: LogSearch | None = None
        self._lines: PrintedLines | RedrawnLines | None = None
        self._shown = (-1, -1), 0
        """`shown_count` for a number of lines and an end of the index."""
        self._times = LineTimes(path.with_name(path.name + ".times"))
        self._until: WallTime | None = None

    def show_until(self, until: WallTime | None) -> None:
        """Let the next refresh find only what was written until a time. None: all of it."""
        self._until = until

    @property
    def exists(self) -> bool:
        """Whether the file existed at the last refresh."""
        return self._descriptor >= 0

    @property
    def line_count(self) -> int:
        """Number of lines that can be addressed. The last one may still grow."""
        return self._index.line_count

    @property
    def shown_count(self) -> int:
        """Number of lines without those at the end that were redrawn and now show nothing."""
        known = self.line_count, self._index.end
        if self._shown[0] != known:
            self._shown = known, self._count_shown()
        return self._shown[1]

    @property
    def stable_count(self) -> int:
        """Number of lines from the first one on that stay as they are, unless a change reports them as redrawn."""
        return self._index.stable_count

    @property
    def open_line(self) -> int | None:
        """The line whose end was not printed yet, if the cursor is in the last one."""
        index = self._index
        return index.row if index.is_at_bottom and index.end > index.open_start else None

    @property
    def numbered(self) -> bool:
        """Whether line 0 is the first line of the file."""
        return self._before is None

    @property
    def complete(self) -> bool:
        """Whether the file is indexed as it was at the last refresh. If not, refresh again soon."""
        return self._before is None and self._index.end >= self.size

    @property
    def progress(self) -> float:
        """The share of the file that is indexed, from 0 to 1."""
        done = self._index.end - self._index.start + (self._before.end if self._before else 0)
        return min(1.0, done / self.size) if self.size else 1.0

    def close(self) -> None:
        """Close the file. A refresh opens it again."""
        self._forget()
        self._times.close()

    def refresh(self, budget_bytes: int = _WHOLE) -> Change:
        """Find what is new and index at most `budget_bytes` (at least 1 MB) of it.

        Raises StoreError if the file exists but can't be read.
        """
        try:
            replaced = self._open()
            if not self.exists:
                return Change(replaced=replaced)
            self.size = self._present_size()
            if self.size < self._index.end:
                self._forget_lines()
                replaced = True
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
        """Return at most `count` lines from line `first` on, as a terminal would show them."""
        end = min(first + count, self.line_count)
        return [self._lines_of(number).line(number) for number in range(max(first, 0), end)]

    def whole(self, line: int, most: int) -> LogLine | None:
        """Return at most `most` bytes of a line as it was printed, or None where lines were redrawn."""
        lines = self._lines_of(line)
        return lines.whole(line, most) if isinstance(lines, PrintedLines) else None

    def page(self, line: int, page: int) -> LogLine:
        """Return one of the `page_count` pages of a long line."""
        lines = self._lines_of(line)
        return lines.page(line, page) if isinstance(lines, PrintedLines) else lines.line(line)

    def page_count(self, line: int) -> int:
        """Return the number of pages of a line."""
        lines = self._lines_of(line)
        return lines.page_count(line) if isinstance(lines, PrintedLines) else 1

    def tail(self, count: int) -> list[LogLine]:
        """Return the last `count` lines, without those at the end that were redrawn and now show nothing."""
        end = self.shown_count
        first = max(0, end - count)
        return self.lines(first, end - first)

    def _count_shown(self) -> int:
        count, is_redrawn = self.line_count, self._index.is_redrawn
        if not is_redrawn and self.open_line is None:
            return count
        first = max(0, count - (REACH if is_redrawn else 1))
        found = self.lines(first, count - first)
        while found and not plain_line(*found[-1]).strip():
            found.pop()
        return first + len(found)

    def offset_of(self, line: int) -> int:
        """Return where a line starts in the file. A line that was redrawn starts where it was written to last."""
        return self._lines_of(line).offset_of(line)

    def row_in_file(self, line: int) -> int | None:
        """Return which line of the file this is, from 0. None: it isn't known yet, or the lines were redrawn."""
        return line if self.numbered and not self._index.is_redrawn else None

    def time_of(self, line: int) -> WallTime | None:
        """Return when a line's first byte was written, in seconds since the epoch, or None if that is unknown.

        No times are recorded for a log that was printed in one go: all of it is as old as the file.
        """
        if not 0 <= line < self.line_count:
            return None
        offset = self.offset_of(line)
        try:
            noted = self._times.at(offset)
            return WallTime(os.fstat(self._descriptor).st_mtime) if noted is None else noted
        except OSError:
            return None

    def line_at(self, offset: int) -> int | None:
        """Return the line that the byte at an offset is in, or None if that part of the file is not indexed yet.

        Where lines were redrawn, it is near that line. Beyond the end, it is the last line.
        """
        index = self._index
        if offset < index.start or (offset >= index.end and not self.complete):
            return None
        if not index.line_count:
            return 0
        lines = self._lines_of(min(index.gap_at(offset).first_line, index.line_count - 1))
        return min(lines.line_at(offset), index.line_count - 1)

    def find_next(self, query: Query, start: int, budget_bytes: int = _BLOCK) -> Found:
        """Return the first match at or after line `start`, reading about `budget_bytes` (256 KB: 1 to 10 ms)."""
        return self._searched().find_next(query, start, budget_bytes)

    def find_page(self, query: Query, line: int, start: int, step: int, budget_bytes: int = _BLOCK) -> Found:
        """Return the first matching page of a line, from page `start` on in steps of 1 or -1."""
        return self._searched().find_page(query, line, start, step, budget_bytes)

    def _open(self) -> bool:
        """Open the file if it exists. Return whether it is another file than before, or has lost its end."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False  # not yet, or removed: then what is open can still be read
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise StoreError(f"can't read the log {label(self.path, 1000)}: it is not a regular file")
        identity = (status.st_dev, status.st_ino)
        if self.exists and identity == self._identity and status.st_size >= self._index.end:
            os.close(descriptor)
            return False
        replaced = self.exists
        self._forget()
        self._descriptor, self._identity = descriptor, identity
        return replaced

    def _present_size(self) -> int:
        """Return the size in bytes of what is to be shown. Raises OSError."""
        status = os.fstat(self._descriptor)
        return status.st_size if self._until is None else size_until(self.path, status, self._until)

    def _forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self.size = 0
        self._forget_lines()
        self._times.close()

    def _forget_lines(self) -> None:
        self._index = LineIndex(0, inside_line=False)
        self._before = None
        self._lines = self._search = None

    def _look_at_end(self) -> bool:
        """Start a new index near the end of a large file. Return whether lines were known before."""
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
        """Continue the index from the start. Return the number of lines it inserts before the others once they meet."""
        before = self._before
        if before is None:
            return None
        if before.end < self._index.start:
            budget -= self._extend(before, self._index.start, budget)
        if before.end == self._index.start:
            inserted = before.row
            if before.join(self._index):
                return self._take(before, inserted)
        # Output after the end that redraws lines before it can only be numbered together with them.
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
