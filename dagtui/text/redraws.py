"""Output that moves the cursor up to rewrite earlier lines: recognising the moves, and the resulting rows."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from dagtui.text.amounts import NO_CELLS
from dagtui.text.cells import ROW_CELLS, CellRow
from dagtui.text.lines import StyledLine, left_of, written
from dagtui.text.styles import PLAIN, style_after
from dagtui.text.tokens import write_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.text.amounts import CellWidth
    from dagtui.text.styles import Style

REACH = 200
"""The largest number of rows that the cursor moves up, as on a terminal of that height. More means "to the top"."""

VERTICAL = re.compile(rb"\x1b(?:\[([0-9]{0,3})([ABEF])|M)")
"""Moves between rows: up (A, F, reverse line feed) and down (B, E)."""

_HALF = rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8})?|[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2}"
_UNFINISHED_CODE = re.compile(rb"(?:%b)\Z" % _HALF)
"""The beginning of a move, colour or character whose rest has not arrived yet."""
_LONGEST_CODE = 80
_UNFINISHED = re.compile(rb"(?:%b|\x1b[\]PX^_][^\x00-\x1f]{0,2000}\x1b?)\Z" % _HALF)
"""The beginning of a control sequence or character whose rest has not arrived yet."""
_LONGEST = 2_100

_AT_START = re.compile(rb"(?:\r|\x1b\[[01]?G)(?:\x1b\[[0-9;?]*[KJmhl])*\Z")
"""The end of a piece that leaves the cursor at the start of its row."""
_ERASES = re.compile(rb"(?:\r|\x1b\[[01]?G)*\x1b\[([02]?)K")
"""The beginning of a piece that erases its row, or what follows the cursor."""
_ERASES_BELOW = re.compile(rb"\x1b\[0{0,3}J")
"""Erases what follows the cursor in its row, and all rows below."""
_NOT_SIMPLE = re.compile(rb"[\x00-\x1f\x7f]")
_MOST_PENDING = 64

_BREAK = re.compile(rb"\n|" + VERTICAL.pattern)


def rows_moved(match: re.Match[bytes]) -> int:
    """Return the number of rows that a match of VERTICAL moves down, negative if up, 0 for the top or bottom."""
    count, kind = match.group(1), match.group(2)
    if kind is None:
        return -1
    rows = max(int(count or 1), 1)
    if rows > REACH:
        return 0
    return rows if kind in b"BE" else -rows


def row_after(row: int, bottom: int, rows: int) -> int:
    """Return the row after a move, between the lowest row so far and REACH rows above it. Nothing scrolls."""
    return min(bottom, max(row + rows, bottom - REACH, 0))


class RedrawnRows:
    """The rows that a stretch of output leaves. Output is fed in pieces of any size. Rows have their lines' numbers."""

    __slots__ = ("_bottom", "_column", "_erased", "_erasures", "_held", "_last", "_offset", "_row", "_rows", "_style")

    def __init__(self, row: int = 0, bottom: int = 0, offset: int = 0, style: Style = PLAIN) -> None:
        """Start at the beginning of a row, with the byte at `offset`. `bottom` is the lowest row so far."""
        self._row = row
        self._bottom = bottom
        self._offset = offset
        self._column: CellWidth | None = NO_CELLS
        """The column that the cursor was moved to, or None if it is where the last piece of the row ended."""
        self._style = style
        self._held = b""
        self._last = b""
        """The last piece of the row."""
        self._rows: dict[int, _Row] = {}
        self._erasures = 0
        """How often all rows below the cursor were erased."""
        self._erased: list[tuple[int, int]] = []
        """Rows below which all were erased, and the number of that erasure. Both ascend."""

    @property
    def bottom(self) -> int:
        """The lowest row so far."""
        return self._bottom

    @property
    def shown_count(self) -> int:
        """The number of rows down to the cursor or to the lowest one that shows something."""
        for number in range(self._bottom, self._row - 1, -1):
            if self.line(number).text.strip():
                return number + 1
        return self._row

    @property
    def end(self) -> int:
        """The offset of the byte to feed next."""
        return self._offset + len(self._held)

    def skip_to(self, offset: int) -> None:
        """Skip bytes that belong to the row of the cursor."""
        self._held, self._offset = b"", offset

    def feed(self, data: bytes) -> None:
        """Take in the bytes that follow."""
        data = self._held + data
        unfinished = _UNFINISHED.search(data, max(0, len(data) - _LONGEST))
        whole = unfinished.start() if unfinished else len(data)
        position = 0
        for match in _BREAK.finditer(data, 0, whole):
            self._write(data, position, match.start())
            position = match.end()
            if match[0] == b"\n":
                self._row += 1
                self._bottom = max(self._bottom, self._row)
                self._column = NO_CELLS
            else:
                self._move(match)
        self._write(data, position, whole)
        self._held = data[whole:]
        self._offset += whole

    def __contains__(self, row: int) -> bool:
        return row in self._rows or self._last_erasure(row) > 0

    def line(self, number: int) -> StyledLine:
        """Return what a row shows."""
        row = self._row_at(number)
        return left_of(row.cells()) if row else StyledLine("")

    def written_at(self, number: int) -> int | None:
        """Return the offset of the byte that was written to a row last."""
        row = self._row_at(number)
        return row.written_at if row else None

    def forget_before(self, row: int) -> None:
        """Drop the rows before a row."""
        for number in [number for number in self._rows if number < row]:
            del self._rows[number]
        del self._erased[: max(0, bisect_left(self._erased, (row,)) - 1)]

    def _write(self, data: bytes, start: int, end: int) -> None:
        row = self._row_at(self._row)
        if row is None:
            row = self._rows[self._row] = _Row(self._erasures)
        if start == end:
            return
        self._last = data[start:end]
        row.add(self._column, self._style, self._last)
        row.written_at = self._offset + start
        self._style = style_after(self._last, self._style)
        self._column = None
        if self._row < self._bottom and b"J" in self._last and _ERASES_BELOW.search(self._last):
            self._erase_below()

    def _row_at(self, number: int) -> _Row | None:
        """Return a row, or None if it was never written or was erased since."""
        row = self._rows.get(number)
        return row if row is None or not self._erased or row.erasures >= self._last_erasure(number) else None

    def _last_erasure(self, number: int) -> int:
        """Return the number of the last erasure that reached a row, 0 for none."""
        above = bisect_left(self._erased, (number,))
        return self._erased[above - 1][1] if above else 0

    def _erase_below(self) -> None:
        """Erase the rows below the cursor: in constant time, so that no output makes it slow."""
        while self._erased and self._erased[-1][0] >= self._row:
            self._erased.pop()
        self._erasures += 1
        self._erased.append((self._row, self._erasures))

    def _move(self, match: re.Match[bytes]) -> None:
        rows = rows_moved(match)
        if not rows:
            self._write(b"\x1b[H", 0, 3)
            return
        if match[2] and match[2] in b"EF":
            self._column = NO_CELLS
        elif self._column is None:
            start = max(0, len(self._last) - 64)
            self._column = NO_CELLS if _AT_START.search(self._last, start) else self._cells().column
        self._row = row_after(self._row, self._bottom, rows)

    def _cells(self) -> CellRow:
        return self._rows[self._row].cells()


def without_unfinished(line: bytes) -> bytes:
    """Return a growing line without half a move, colour or character at its end, which no terminal shows."""
    unfinished = _UNFINISHED_CODE.search(line, max(0, len(line) - _LONGEST_CODE))
    return line[: unfinished.start()] if unfinished else line


def final_lines(output: bytes) -> list[bytes]:
    """Return the lines that output leaves, each preceded by the colours that are on where it starts."""
    if VERTICAL.search(output):
        rows = RedrawnRows()
        rows.feed(output)
        return [written(rows.line(number)).encode() for number in range(max(1, rows.shown_count))]
    lines = output.split(b"\n")
    if b"\x1b[" not in output:
        return lines
    style = PLAIN
    for number, line in enumerate(lines):
        lines[number] = style.sgr.encode() + line
        style = style_after(line, style)
    return lines


class _Row:
    """The content of one row: cells, and pieces of output that are written to them on demand."""

    __slots__ = ("_cells", "_pending", "_width", "erasures", "written_at")

    def __init__(self, erasures: int) -> None:
        self.erasures = erasures
        """The number of erasures before it was written first."""
        self.written_at: int | None = None
        """The offset of the byte that was written last."""
        self._cells = CellRow()
        self._pending: list[tuple[CellWidth | None, Style, bytes]] = []
        self._width = NO_CELLS
        """The largest number of cells that the row can have."""

    def add(self, column: CellWidth | None, style: Style, data: bytes) -> None:
        """Write from a column on, or where the cursor is if the column is None."""
        if column is not None and self._is_overwritten(column, data):
            self._cells, self._width = CellRow(), NO_CELLS
            self._pending.clear()
        is_simple = column is not None and data.isascii() and _NOT_SIMPLE.search(data) is None
        self._width = max(self._width, (column or NO_CELLS) + len(data) if is_simple else ROW_CELLS)
        self._pending.append((column, style, data))
        if len(self._pending) > _MOST_PENDING:
            self.cells()

    def cells(self) -> CellRow:
        """Return the cells after all writes, with the cursor behind the last one."""
        for column, style, data in self._pending:
            if column is not None:
                self._cells.column = column
            write_line(self._cells, data.decode("utf-8", "replace"), style)
        self._pending.clear()
        return self._cells

    def _is_overwritten(self, column: CellWidth, data: bytes) -> bool:
        """Return whether writing this from a column on leaves nothing of the row."""
        erases = _ERASES.match(data)
        if erases:
            return column == 0 or erases[1] == b"2" or erases.start(1) > 2
        return column == 0 and len(data) >= self._width and data.isascii() and _NOT_SIMPLE.search(data) is None


class RedrawnPiece(NamedTuple):
    """A part of some output that stays in one row."""

    row: int
    bottom: int
    """The lowest row so far."""
    start: int
    end: int


def pieces(data: bytes, row: int, bottom: int) -> Iterator[RedrawnPiece]:
    """Split output into parts that each stay in one row. The last one, perhaps empty, tells where the cursor is."""
    position = 0
    for match in _BREAK.finditer(data):
        yield RedrawnPiece(row, bottom, position, match.start())
        position = match.end()
        if match[0] == b"\n":
            row += 1
            bottom = max(bottom, row)
        else:
            row = row_after(row, bottom, rows_moved(match))
    yield RedrawnPiece(row, bottom, position, len(data))


def rows_passed(data: bytes) -> int:
    """Return by how many rows output moves the cursor, if there is room."""
    moves = VERTICAL.finditer(data) if b"\x1b" in data else ()
    return data.count(b"\n") + sum(map(rows_moved, moves))
