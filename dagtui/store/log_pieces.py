"""Lines of one log around an offset, with their times: no more of the file is read than that.

A line starts after a newline. A line longer than PIECE is cut: multiples of PIECE start a line if no newline stands at
them or in the PIECE bytes before them. So any two readers find the same lines, and none reads a huge line to its end.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.files import open_file
from dagtui.store.line_times import RECORD, size_until
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PIECE = 16_384
"""The longest line in bytes."""
_LEAST_READ = 1_024
_SEARCHED = 4_096
"""Bytes that are read at once where a newline is looked for."""
_MOST_READ = 65_536
_TIMES_READ = 128
"""Number of time records that are read at once."""
NO_WALL_TIME = WallTime(0.0)


class TimedLine(NamedTuple):
    """A line of a log."""

    offset: int
    time: WallTime
    data: bytes
    """Without its newline."""
    end: int
    """Where the next line starts."""


class BytesRead:
    """Counts what is read of logs and of their times."""

    def __init__(self) -> None:
        self.logs = 0
        self.times = 0


class LogPieces:
    """The lines of a log that may grow. Its descriptors are open between `open` and `close`."""

    def __init__(
        self,
        path: Path,
        begin: WallTime,
        end: WallTime,
        read: BytesRead,
        seen: Sequence[tuple[int, WallTime]],
        until: WallTime | None = None,
    ) -> None:
        """Create a reader for the log of an attempt that lasted from `begin` to `end`, as wall times.

        No line is older or younger than the attempt. `seen` are offsets and times of growth that the records of times
        may not have yet. `until`: what was written later is not there. None: all is.
        """
        self._path = path
        self._begin, self._end = begin, end
        self._read = read
        self._seen = seen
        self._until = until
        self._log = self._times = -1
        self.size = 0
        self._changed = WallTime(0.0)
        self._records: list[tuple[int, WallTime]] = []
        """Records that were read together, and the number of the first of them."""
        self._first = 0
        self._count = 0
        self._grown: list[tuple[int, WallTime]] = []
        """The growth that was seen after the last record."""

    def open(self) -> bool:
        """Open the files. Return whether there is a log. Raises OSError."""
        try:
            self._log = open_file(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        status = os.fstat(self._log)
        self.size, self._changed = status.st_size, WallTime(status.st_mtime)
        if self._until is not None:
            self.size = size_until(self._path, status, self._until)
        try:
            self._times = open_file(self._path.with_name(self._path.name + ".times"), os.O_RDONLY)
            self._count = os.fstat(self._times).st_size // RECORD.size
        except FileNotFoundError:
            self._count = 0
        if self._seen:
            last = self._recorded(self._count - 1)[0] if self._count else -1
            self._grown = [one for one in self._seen if one[0] > last]
        return True

    def close(self) -> None:
        """Close the files."""
        for descriptor in (self._log, self._times):
            if descriptor >= 0:
                os.close(descriptor)
        self._log = self._times = -1

    def up_to(self, size: int) -> LogPieces:
        """Leave out what has come since the log had a size. Return these pieces."""
        self.size = min(self.size, size)
        return self

    # Lines

    def after(self, offset: int, most: int) -> list[TimedLine]:
        """Return the lines from `offset` on, where a line starts, at most about `most` bytes of them."""
        lines: list[TimedLine] = []
        data, at = b"", offset
        wanted = max(_LEAST_READ, min(most, _MOST_READ))
        while not lines and at < self.size:
            more = self._pread(min(wanted, self.size - at - len(data)), at + len(data))
            data += more
            last = not more or at + len(data) >= self.size
            position = 0
            while (cut := _line_end(data, at, position, is_last=last)) is not None:
                end, following = cut
                lines.append(TimedLine(at + position, NO_WALL_TIME, data[position:end], at + following))
                position = following
            wanted = PIECE
            if last:
                break
        return self._timed(lines)

    def before(self, offset: int, most: int) -> list[TimedLine]:
        """Return the lines that end at `offset`, where a line starts, in the order of the file."""
        end = min(offset, self.size)
        wanted = max(_LEAST_READ, min(most, _MOST_READ))
        low, data = end, b""
        while low > 0:
            step = min(wanted, low)
            low -= step
            data = self._pread(step, low) + data
            start = first_start(data, low)
            if start is not None and start < end:
                return self._timed(self._cut(data[start - low :], start))
            wanted = PIECE
        return []

    def start_at(self, offset: int) -> int:
        """Return the first start of a line at or after `offset`, or the end of the file."""
        if offset <= 0 or offset >= self.size:
            return max(0, min(offset, self.size))
        boundary = -(-offset // PIECE) * PIECE
        newline = self._newline(offset - 1, boundary + PIECE + 1)
        if newline is not None and newline <= boundary:
            return newline + 1
        if boundary >= self.size:
            return self.size
        if self._newline(boundary - PIECE, offset - 1) is None:
            return boundary
        return min(boundary + PIECE, self.size) if newline is None else newline + 1

    def _newline(self, start: int, end: int) -> int | None:
        """Return where the first newline is from `start` to before `end`."""
        while start < end:
            data = self._pread(min(_SEARCHED, end - start), start)
            if not data:
                break
            found = data.find(b"\n")
            if found >= 0:
                return start + found
            start += len(data)
        return None

    def _cut(self, data: bytes, at: int) -> list[TimedLine]:
        """Return the lines of data that ends where a line ends."""
        lines: list[TimedLine] = []
        position = 0
        while (cut := _line_end(data, at, position, is_last=True)) is not None:
            end, following = cut
            lines.append(TimedLine(at + position, NO_WALL_TIME, data[position:end], at + following))
            position = following
        return lines

    # Times

    def offset_at(self, time: WallTime, *, after: bool) -> int:
        """Return the offset from which on bytes were written at a time or later, or only later if `after`."""
        low, high = 0, self._count + len(self._grown)
        if not high:
            at = self._clamped(self._changed)
            return 0 if time < at or (not after and at == time) else self.size
        while low < high:
            middle = (low + high) // 2
            at = self._clamped(self._record(middle)[1])
            if time < at or (not after and at == time):
                high = middle
            else:
                low = middle + 1
        if low == self._count + len(self._grown):
            return self.size
        return 0 if low == 0 else min(self.size, self._record(low)[0])

    def _timed(self, lines: list[TimedLine]) -> list[TimedLine]:
        """Return lines with their times."""
        if not lines:
            return lines
        count = self._count + len(self._grown)
        if not count:
            at = self._clamped(self._changed)
            return [line._replace(time=at) for line in lines]
        found: list[TimedLine] = []
        number = max(0, bisect_right(range(count), lines[0].offset, key=lambda index: self._record(index)[0]) - 1)
        at = self._clamped(self._record(number)[1])
        following = self._record(number + 1)[0] if number + 1 < count else self.size + 1
        for line in lines:
            while following <= line.offset:
                number += 1
                at = self._clamped(self._record(number)[1])
                following = self._record(number + 1)[0] if number + 1 < count else self.size + 1
            found.append(TimedLine(line.offset, at, line.data, line.end))
        return found

    def _record(self, number: int) -> tuple[int, WallTime]:
        return self._recorded(number) if number < self._count else self._grown[number - self._count]

    def _recorded(self, number: int) -> tuple[int, WallTime]:
        index = number - self._first
        if not 0 <= index < len(self._records):
            self._first = max(0, number - _TIMES_READ // 2)
            size = min(_TIMES_READ, self._count - self._first) * RECORD.size
            data = os.pread(self._times, size, self._first * RECORD.size)
            self._read.times += len(data)
            whole = data[: len(data) // RECORD.size * RECORD.size]
            self._records = list(RECORD.iter_unpack(whole))
            index = number - self._first
        return self._records[index] if index < len(self._records) else (self.size, self._end)

    def _clamped(self, time: WallTime) -> WallTime:
        return min(max(time, self._begin), self._end)

    def _pread(self, length: int, offset: int) -> bytes:
        data = os.pread(self._log, max(0, length), offset)
        self._read.logs += len(data)
        return data


def first_start(data: bytes, low: int) -> int | None:
    """Return the first start of a line in data from offset `low` that can be told from the data alone."""
    if low == 0:
        return 0
    newline = data.find(b"\n")
    boundary = (-(-low // PIECE) + 1) * PIECE
    if boundary < low + len(data) and not 0 <= newline <= boundary - low:
        return boundary
    return None if newline < 0 else low + newline + 1


def _line_end(data: bytes, at: int, position: int, *, is_last: bool) -> tuple[int, int] | None:
    """Return where the line at a position of data from offset `at` ends, and where the next one starts.

    Both are positions. None: the data has no more lines, or, unless it `is_last`, not all of this one.
    """
    boundary = (-(-(at + position) // PIECE) + 1) * PIECE - at
    newline = data.find(b"\n", position, boundary + 1)
    if newline >= 0:
        return newline, newline + 1
    if boundary < len(data):
        return boundary, boundary
    return (len(data), len(data)) if is_last and position < len(data) else None
