"""The starts of the lines of a growing file, in little memory: about one checkpoint every 32 KB."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dagtui.text.redraws import VERTICAL, row_after, rows_moved

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP = 32_768
"""Minimum distance of checkpoints in bytes. Every line between two starts within 2 * GAP of the first."""

_SPLIT = re.compile(rb"\x1b(?:\[[0-9]{0,3})?\Z")
"""The beginning of a move between rows whose end has not arrived yet."""
_LONGEST_MOVE = 6
_UNSEEN = re.compile(rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}(?:[@-~]|\Z)|[78]|\Z)|\r")
_SHORT = 1_000
"""The size in bytes from which a row is assumed to show something."""


class Gap(NamedTuple):
    """The lines between two checkpoints. They start in `offset` to before `offset` + 2 * GAP, and end at `end`.

    For redrawn lines this is where their last state lies, and part of it may lie before `offset`.
    """

    number: int
    first_line: int
    line_count: int
    offset: int
    end: int
    row: int = 0
    """The line of the cursor at `offset`: the first one, unless that line was redrawn from further down."""
    bottom: int = 0
    """The lowest line that the cursor has been on before that."""
    redrawn: bool = False
    """Whether the cursor moves between lines other than to the next one."""


class LineIndex:
    """The lines of a stretch of a file, from byte `start` to before `end`, numbered from 0.

    The stretch grows at its end. Lines are the rows that a terminal would show: where the cursor moves up and rewrites
    a line, that is the same line again. A checkpoint knows the first line that is written after it. Checkpoints whose
    lines were all rewritten later are dropped, so that a block that is redrawn for ever takes no memory.
    The index takes some 33 bytes for every GAP bytes, regardless of the length of the lines.
    """

    def __init__(self, start: int, *, inside_line: bool) -> None:
        """Start at byte `start`, which is the start of a line, or inside one if line starts are unknown there."""
        self.start = start
        self.end = start
        self.row = 0
        """The line that the cursor is on at the end."""
        self.is_redrawn = False
        """Whether the cursor has ever moved between lines other than to the next one."""
        self.touched = 0
        """The first line that was written to since a caller set this to `row`."""
        self.open_start = start
        """Where the line starts that has no newline yet."""
        self._inside_line = inside_line
        self._bottom = 0
        self._has_text = False
        """Whether the lowest row is known to show something."""
        self._seen_until = start
        self._open = b""
        """The part of the lowest row after `_seen_until`, until it is known whether the row shows something."""
        self._split = b""
        self._lines = array("Q", [0])
        self._offsets = array("Q", [start])
        self._ends = array("Q", [0])
        """Where the bytes end that can hold the lines of a checkpoint. 0 stands for the next checkpoint."""
        self._rows = array("Q", [0])
        self._bottoms = array("Q", [0])
        self._redrawn = bytearray([False])

    @property
    def line_count(self) -> int:
        """Number of lines, including an unfinished last one."""
        return self._bottom + (self._has_text or (self.row == self._bottom and self.end > self._seen_until))

    @property
    def stable_count(self) -> int:
        """Number of lines before the one with the cursor. They change only if they are redrawn."""
        return min(self.row, max(0, self.line_count - 1))

    @property
    def is_at_bottom(self) -> bool:
        """Whether the cursor is on the lowest line."""
        return self.row == self._bottom

    def extend(self, data: bytes) -> int:
        """Append the bytes that follow the end. Return the number of moves between lines, each of which takes time."""
        position = moves = 0
        for start, end, rows in self._moves(data):
            self._append(data, position, end)
            self._look(data, max(0, start))
            self._move(rows, self.end + end)
            position = end
            moves += 1
        self._append(data, position, len(data))
        self._look(data, len(data))
        self.end += len(data)
        return moves

    def join(self, following: LineIndex) -> bool:
        """Append the stretch that starts where this one ends. Return False if it depends on what precedes it."""
        if following.start != self.end:
            raise ValueError(f"a stretch from {following.start} does not follow one that ends at {self.end}")
        if following.is_redrawn or not self.is_at_bottom:
            return False
        first = 1 if following._inside_line else 0
        self._lines.extend(self.row + line for line in following._lines[first:])
        self._rows.extend(self.row + line for line in following._rows[first:])
        self._bottoms.extend(self.row + line for line in following._bottoms[first:])
        self._offsets.extend(following._offsets[first:])
        self._ends.extend(following._ends[first:])
        self._redrawn.extend(following._redrawn[first:])
        if following.row or not following._inside_line:
            self.open_start, self._seen_until = following.open_start, following._seen_until
            self._has_text, self._open = False, b""
        self._has_text, self._open = self._has_text or following._has_text, self._open + following._open
        self.row += following.row
        self._bottom = self.touched = self.row
        self._split = following._split
        self.end = following.end
        return True

    def gap_of(self, line: int) -> Gap:
        """Return the gap that contains a line."""
        return self.gap(bisect_right(self._lines, line) - 1)

    def gap_at(self, offset: int) -> Gap:
        """Return the gap after the last checkpoint at or before an offset, or the first one."""
        return self.gap(max(0, bisect_right(self._offsets, offset) - 1))

    def gap(self, number: int) -> Gap:
        """Return the gap after checkpoint `number`, from 0. Raises IndexError."""
        first_line, offset = self._lines[number], self._offsets[number]
        is_last = number + 1 == len(self._lines)
        following = self.line_count if is_last else self._lines[number + 1]
        end = self.end if is_last else self._ends[number] or self._offsets[number + 1]
        row, bottom, redrawn = self._rows[number], self._bottoms[number], bool(self._redrawn[number])
        return Gap(number, first_line, following - first_line, offset, end, row, bottom, redrawn)

    def _moves(self, data: bytes) -> Iterator[tuple[int, int, int]]:
        """Yield each move between rows: its start, which may precede the data, its end, and its number of rows."""
        position = 0
        if self._split:
            match = VERTICAL.match(self._split + data[:_LONGEST_MOVE])
            if match and (rows := rows_moved(match)):
                position = match.end() - len(self._split)
                yield -len(self._split), position, rows
        tail = self._split + data[-_LONGEST_MOVE:]
        split = _SPLIT.search(tail)
        self._split = split[0] if split else b""
        if b"\x1b" not in data:
            return
        for match in VERTICAL.finditer(data, position):
            if rows := rows_moved(match):
                yield match.start(), match.end(), rows

    def _append(self, data: bytes, start: int, end: int) -> None:
        """Append a part of the data in which only newlines move between lines."""
        for left in range(start, end, GAP):
            right = min(left + GAP, end)
            first = data.find(b"\n", left, right)
            if first < 0:
                continue
            offset = self.end + first + 1
            # A stretch that starts inside a line needs its first line start as a checkpoint, for `join`.
            if offset - self._offsets[-1] >= GAP or (self._inside_line and not self.row and not self.is_redrawn):
                self._add_checkpoint(self.row + 1, offset)
            self.row += data.count(b"\n", first, right)
            self.open_start = self.end + data.rfind(b"\n", first, right) + 1
            if self.row > self._bottom:
                self._bottom, self._has_text = self.row, False
            if self.row == self._bottom:
                self._seen_until, self._open = self.open_start, b""

    def _look(self, data: bytes, end: int) -> None:
        """Determine whether the lowest row shows something, if the cursor is on it."""
        if self._has_text or not self.is_at_bottom:
            return
        start = max(0, self._seen_until - self.end)
        if start < end:
            self._open += data[start : min(end, start + _SHORT)]
            self._has_text = len(self._open) > _SHORT or bool(_UNSEEN.sub(b"", self._open))

    def _add_checkpoint(self, row: int, offset: int) -> None:
        self._lines.append(row)
        self._rows.append(row)
        self._bottoms.append(max(row, self._bottom))
        self._offsets.append(offset)
        self._ends.append(0)
        self._redrawn.append(row <= self._bottom)
        self._drop_rewritten()

    def _move(self, rows: int, end: int) -> None:
        """Move the cursor by some rows, for a sequence that ends at `end`."""
        target = row_after(self.row, self._bottom, rows)
        self.is_redrawn = True
        self._redrawn[-1] = True
        self.row = target
        self.touched = min(self.touched, target)
        if target == self._bottom:
            self._seen_until, self._open = end, b""
        if end - self._offsets[-1] >= GAP:
            self._add_checkpoint(target, end)
            self._redrawn[-1] = True
        elif target < self._lines[-1]:
            self._lines[-1] = target
            self._drop_rewritten()

    def _drop_rewritten(self) -> None:
        """Drop the checkpoints whose lines were all written to after the last one."""
        while len(self._lines) > 1 and self._lines[-2] >= self._lines[-1]:
            dropped_at = self._offsets[-2]
            for column in (self._lines, self._offsets, self._ends, self._rows, self._bottoms, self._redrawn):
                del column[-2]
            if len(self._lines) > 1:
                self._ends[-2] = self._ends[-2] or dropped_at
