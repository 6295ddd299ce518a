"""The log of one attempt, read for the screen: any part of a growing file of any size, at once and in little memory."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.line_index import GAP, Gap, LineIndex
from dagtui.store.line_times import LineTimes
from dagtui.text import label
from dagtui.text.lines import LINE_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.queries import Query

_BLOCK = 262_144
_TAIL = 1_048_576
_WHOLE = 4 * _TAIL
"""A file that has grown by no more than this since the last look is indexed in one go, not from its end."""
_LAG = 64 * _TAIL
"""A file that outgrows its index by more than this is looked at from its new end."""


class LogLine(NamedTuple):
    """One line without its newline, at most LINE_LIMIT bytes of it."""

    data: bytes
    more: int = 0
    """Bytes of the line that follow and were left out."""


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

    def __bool__(self) -> bool:
        return self.grown or self.joined or self.replaced


class Found(NamedTuple):
    """The end of one step of a search."""

    line: int | None = None
    """The nearest line that matches."""
    resume: int | None = None
    """Nothing yet: go on from this line. With `line` None too: there is no such line."""


class _Lines:
    """The lines of a gap, read from the file."""

    __slots__ = ("_starts", "data", "gap")

    def __init__(self, gap: Gap, data: bytes) -> None:
        self.gap = gap
        self.data = data
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Where each line starts, from the beginning of the gap; found when first asked for."""
        if self._starts is None:
            lengths = (len(part) + 1 for part in self.data.split(b"\n"))
            self._starts = list(islice(accumulate(lengths, initial=0), self.gap.line_count))
            # A file that was cut meanwhile has fewer lines than its index: they are empty.
            self._starts += [len(self.data)] * (self.gap.line_count - len(self._starts))
        return self._starts


class LogFile:
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
        self._lines: _Lines | None = None
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
            if self.size - self._index.end > _LAG or self._index.end == 0:
                replaced = self._look_at_end() or replaced
            budget = max(budget_bytes, _TAIL)
            read = self._extend(self._index, self.size, budget)
            inserted = self._index_before(budget - read)
        except OSError as error:
            raise StoreError.of("read the log", self.path, error) from error
        return Change(read > 0, inserted is not None, inserted or 0, replaced)

    def lines(self, first: int, count: int) -> list[LogLine]:
        """At most `count` lines from line `first` on; of a long line its last state after a carriage return, if any."""
        found: list[LogLine] = []
        line = max(first, 0)
        end = min(first + count, self.line_count)
        while line < end:
            lines = self._read(self._index.gap_of(line))
            stop = min(end, lines.gap.first_line + lines.gap.line_count)
            found += (self._line(lines, number - lines.gap.first_line) for number in range(line, stop))
            line = stop
        return found

    def tail(self, count: int) -> list[LogLine]:
        """The last `count` lines."""
        return self.lines(max(0, self.line_count - count), count)

    def time_of(self, line: int) -> float | None:
        """When a line's first byte was written, in seconds since the epoch; None when nobody knows.

        Of a log that was printed in one go nobody noted times: all of it is as old as the file.
        """
        if not 0 <= line < self.line_count:
            return None
        lines = self._read(self._index.gap_of(line))
        try:
            noted = self._times.at(lines.gap.offset + lines.starts[line - lines.gap.first_line])
            return os.fstat(self._descriptor).st_mtime if noted is None else noted
        except OSError:
            return None

    def find_next(self, query: Query, start: int, budget_bytes: int = _BLOCK) -> Found:
        """The first match at or after line `start`, looking at about so many bytes (256 KB: 1 to 10 ms)."""
        line = max(start, 0)
        left = budget_bytes
        while line < self.line_count:
            if left <= 0:
                return Found(resume=line)
            lines = self._read(self._index.gap_of(line))
            stop = lines.gap.first_line + lines.gap.line_count
            hit = self._search(lines, query, range(line, stop))
            if hit is not None:
                return Found(line=hit)
            left -= len(lines.data)
            line = stop
        return Found()

    def find_previous(self, query: Query, start: int, budget_bytes: int = _BLOCK) -> Found:
        """The last match at or before line `start`, looking at about so many bytes."""
        line = min(start, self.line_count - 1)
        left = budget_bytes
        while line >= 0:
            if left <= 0:
                return Found(resume=line)
            lines = self._read(self._index.gap_of(line))
            hit = self._search(lines, query, range(line, lines.gap.first_line - 1, -1))
            if hit is not None:
                return Found(line=hit)
            left -= len(lines.data)
            line = lines.gap.first_line - 1
        return Found()

    def _search(self, lines: _Lines, query: Query, numbers: range) -> int | None:
        is_cut = lines.gap.end - lines.gap.offset > len(lines.data)
        if not is_cut and not query.may_match(lines.data):
            return None
        first = lines.gap.first_line
        return next((number for number in numbers if query.matches(self._line(lines, number - first).data)), None)

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
        self._lines = None
        self._times.close()

    def _look_at_end(self) -> bool:
        """Begin a new index near the end of a large file; returns whether lines were known before."""
        if self.size <= _WHOLE:
            return False
        start = self.size - _TAIL
        newline = os.pread(self._descriptor, _TAIL, start).find(b"\n", 0, -1)
        known = self._index.line_count > 0
        if self._before is None:
            self._before = self._index
        self._index = LineIndex(start + newline + 1, inside_line=newline < 0)
        return known

    def _index_before(self, budget: int) -> int | None:
        """Go on with the index from the start; returns how many lines it puts before the others when they meet."""
        before = self._before
        if before is None:
            return None
        self._extend(before, self._index.start, budget)
        if before.end < self._index.start:
            return None
        inserted = before.newlines
        before.join(self._index)
        self._index, self._before = before, None
        return inserted

    def _extend(self, index: LineIndex, end: int, budget: int) -> int:
        start = index.end
        stop = min(end, start + budget)
        while index.end < stop:
            data = os.pread(self._descriptor, min(_BLOCK, stop - index.end), index.end)
            if not data:
                break
            index.extend(data)
        return index.end - start

    def _read(self, gap: Gap) -> _Lines:
        if self._lines is not None and self._lines.gap == gap:
            return self._lines
        self._lines = _Lines(gap, self._pread(min(gap.end - gap.offset, 2 * GAP), gap.offset))
        return self._lines

    def _line(self, lines: _Lines, number: int) -> LogLine:
        """The line with that number in its gap."""
        start = lines.starts[number]
        if number + 1 < len(lines.starts):
            end = max(start, lines.starts[number + 1] - 1)
        else:
            is_open = lines.gap.end == self._index.end > self._index.open_start
            end = lines.gap.end - lines.gap.offset - (0 if is_open else 1)
        if end - start > LINE_LIMIT:
            return self._long_line(lines.gap.offset + start, end - start)
        if end > len(lines.data):
            return LogLine(self._pread(end - start, lines.gap.offset + start))
        return LogLine(lines.data[start:end])

    def _long_line(self, offset: int, length: int) -> LogLine:
        # A progress bar without newlines: its last state is at its end.
        end = self._pread(LINE_LIMIT, offset + length - LINE_LIMIT).rstrip(b"\r")
        state = end.rfind(b"\r") + 1
        if state:
            return LogLine(end[state:])
        return LogLine(self._pread(LINE_LIMIT, offset), length - LINE_LIMIT)

    def _pread(self, length: int, offset: int) -> bytes:
        try:
            return os.pread(self._descriptor, max(0, length), offset)
        except OSError as error:
            raise StoreError.of("read the log", self.path, error) from error
