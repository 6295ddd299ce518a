"""Where the lines of a growing file start, in little memory: one checkpoint every 32 KB or so."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import NamedTuple

GAP = 32_768
"""Bytes from one checkpoint to the next, at least; every line between them starts within 2 * GAP of the first."""


class Gap(NamedTuple):
    """The lines between two checkpoints: they start in `offset` to before `offset` + 2 * GAP, and end at `end`."""

    number: int
    first_line: int
    line_count: int
    offset: int
    end: int


class LineIndex:
    """The lines of one stretch of a file, from byte `start` to before `end`, numbered from 0.

    The stretch grows at its end. Its memory is 16 bytes for every GAP bytes, however short the lines are.
    """

    __slots__ = ("_inside_line", "_lines", "_offsets", "end", "newlines", "open_start", "start")

    def __init__(self, start: int, *, inside_line: bool) -> None:
        """Begin at byte `start`, which is the start of a line or, if nobody knows where that is, inside one."""
        self.start = start
        self.end = start
        self.newlines = 0
        self.open_start = start
        """Where the line starts that has no newline yet."""
        self._inside_line = inside_line
        self._lines = array("Q", [0])
        self._offsets = array("Q", [start])

    @property
    def line_count(self) -> int:
        """Lines, with the last one if anything of it is there."""
        return self.newlines + (self.end > self.open_start)

    def extend(self, data: bytes) -> None:
        """Add what follows the end."""
        for left in range(0, len(data), GAP):
            right = min(left + GAP, len(data))
            first = data.find(b"\n", left, right)
            if first < 0:
                continue
            offset = self.end + first + 1
            # A stretch that begins inside a line needs its first line start as a checkpoint, for `join`.
            if offset - self._offsets[-1] >= GAP or (self._inside_line and not self.newlines):
                self._lines.append(self.newlines + 1)
                self._offsets.append(offset)
            self.newlines += data.count(b"\n", first, right)
            self.open_start = self.end + data.rfind(b"\n", first, right) + 1
        self.end += len(data)

    def join(self, following: LineIndex) -> None:
        """Add the stretch that begins where this one ends."""
        if following.start != self.end:
            raise ValueError(f"a stretch from {following.start} does not follow one that ends at {self.end}")
        first = 1 if following._inside_line else 0
        self._lines.extend(self.newlines + line for line in following._lines[first:])
        self._offsets.extend(following._offsets[first:])
        if following.newlines or not following._inside_line:
            self.open_start = following.open_start
        self.newlines += following.newlines
        self.end = following.end

    def gap_of(self, line: int) -> Gap:
        """The gap that a line lies in."""
        return self.gap(bisect_right(self._lines, line) - 1)

    def gap(self, number: int) -> Gap:
        """The gap after checkpoint `number`, from 0; raises IndexError."""
        first_line, offset = self._lines[number], self._offsets[number]
        if number + 1 < len(self._lines):
            return Gap(number, first_line, self._lines[number + 1] - first_line, offset, self._offsets[number + 1])
        return Gap(number, first_line, self.line_count - first_line, offset, self.end)
