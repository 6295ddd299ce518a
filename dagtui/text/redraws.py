"""Output that moves the cursor up to rewrite earlier lines: which moves these are, and the rows that they leave."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dagtui.text.cells import ROW_CELLS, CellRow
from dagtui.text.lines import StyledLine, left_of, written
from dagtui.text.styles import PLAIN, style_after
from dagtui.text.tokens import write_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.text.styles import Style

REACH = 200
"""The cursor reaches so many rows up at most, as on a terminal of that height; to ask for more means "to the top"."""

VERTICAL = re.compile(rb"\x1b(?:\[([0-9]{0,3})([ABEF])|M)")
"""Moves between rows: up (A, F, reverse line feed) and down (B, E)."""

UNFINISHED = re.compile(
    rb"(?:\x1b(?:\[[0-?]{0,64}[ -/]{0,8})?"
    rb"|\x1b[\]PX^_][^\x00-\x1f]{0,2000}\x1b?"
    rb"|[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z"
)
"""The beginning of a control sequence or character whose rest is still to come."""
_LONGEST = 2_100

_AT_START = re.compile(rb"(?:\r|\x1b\[[01]?G)(?:\x1b\[[0-9;?]*[KJmhl])*\Z")
"""The end of a piece that leaves the cursor at the start of its row."""
_ERASES = re.compile(rb"(?:\r|\x1b\[[01]?G)*\x1b\[([02]?)K")
"""The beginning of a piece that erases its row, or what follows the cursor."""
_NOT_SIMPLE = re.compile(rb"[\x00-\x1f\x7f]")
_MOST_PENDING = 64

_BREAK = re.compile(rb"\n|" + VERTICAL.pattern)


def rows_moved(match: re.Match[bytes]) -> int:
    """By how many rows a match of VERTICAL moves the cursor: below 0 it goes up. 0: it asks for the top or bottom."""
    count, kind = match.group(1), match.group(2)
    if kind is None:
        return -1
    rows = max(int(count or 1), 1)
    if rows > REACH:
        return 0
    return rows if kind in b"BE" else -rows


def row_after(row: int, bottom: int, rows: int) -> int:
    """The row that a move leads to, between the lowest one so far and REACH above it: nothing scrolls."""
    return min(bottom, max(row + rows, bottom - REACH, 0))


class RedrawnRows:
    """The rows that a stretch of output leaves: it is fed in any pieces, and rows have the numbers of their lines."""

    __slots__ = ("_bottom", "_column", "_held", "_last", "_offset", "_row", "_rows", "_style")

    def __init__(self, row: int = 0, bottom: int = 0, offset: int = 0, style: Style = PLAIN) -> None:
        """Begin at the start of a row, with the byte at `offset`, when the lowest row so far is `bottom`."""
        self._row = row
        self._bottom = bottom
        self._offset = offset
        self._column: int | None = 0
        """Where the cursor was put; None: it is where the last piece of the row ended."""
        self._style = style
        self._held = b""
        self._last = b""
        """The last piece of the row."""
        self._rows: dict[int, _Row] = {}

    @property
    def bottom(self) -> int:
        """The lowest row so far."""
        return self._bottom

    @property
    def end(self) -> int:
        """The byte that is to be fed next."""
        return self._offset + len(self._held)

    def skip_to(self, offset: int) -> None:
        """Leave bytes out; they are of the row where the cursor is."""
        self._held, self._offset = b"", offset

    def feed(self, data: bytes) -> None:
        """Take in what follows."""
        data = self._held + data
        unfinished = UNFINISHED.search(data, max(0, len(data) - _LONGEST))
        whole = unfinished.start() if unfinished else len(data)
        position = 0
        for match in _BREAK.finditer(data, 0, whole):
            self._write(data, position, match.start())
            position = match.end()
            if match[0] == b"\n":
                self._row += 1
                self._bottom = max(self._bottom, self._row)
                self._column = 0
            else:
                self._move(match)
        self._write(data, position, whole)
        self._held = data[whole:]
        self._offset += whole

    def __contains__(self, row: int) -> bool:
        return row in self._rows

    def line(self, number: int) -> StyledLine:
        """What a row shows."""
        row = self._rows.get(number)
        return left_of(row.cells()) if row else StyledLine("")

    def written_at(self, number: int) -> int | None:
        """Where the byte lies that was written to a row last."""
        row = self._rows.get(number)
        return row.written_at if row else None

    def forget_before(self, row: int) -> None:
        """Rows before this one are not asked for any more."""
        for number in [number for number in self._rows if number < row]:
            del self._rows[number]

    def _write(self, data: bytes, start: int, end: int) -> None:
        row = self._rows.get(self._row)
        if row is None:
            row = self._rows[self._row] = _Row()
        if start == end:
            return
        self._last = data[start:end]
        row.add(self._column, self._style, self._last)
        row.written_at = self._offset + start
        self._style = style_after(self._last, self._style)
        self._column = None

    def _move(self, match: re.Match[bytes]) -> None:
        rows = rows_moved(match)
        if not rows:
            self._write(b"\x1b[H", 0, 3)
            return
        if match[2] and match[2] in b"EF":
            self._column = 0
        elif self._column is None:
            self._column = 0 if _AT_START.search(self._last, max(0, len(self._last) - 64)) else self._cells().column
        self._row = row_after(self._row, self._bottom, rows)

    def _cells(self) -> CellRow:
        return self._rows[self._row].cells()


def final_lines(output: bytes) -> list[bytes]:
    """The lines of some output as it has left them, each with the colours that are on where it begins."""
    if VERTICAL.search(output):
        rows = RedrawnRows()
        rows.feed(output)
        return [written(rows.line(number)).encode() for number in range(rows.bottom + 1)]
    lines = output.split(b"\n")
    if b"\x1b[" not in output:
        return lines
    style = PLAIN
    for number, line in enumerate(lines):
        lines[number] = style.sgr.encode() + line
        style = style_after(line, style)
    return lines


class _Row:
    """What was written to one row: cells, and pieces of output that are written to them once somebody looks."""

    __slots__ = ("_cells", "_pending", "_width", "written_at")

    def __init__(self) -> None:
        self.written_at: int | None = None
        """Where the byte lies that was written last."""
        self._cells = CellRow()
        self._pending: list[tuple[int | None, Style, bytes]] = []
        self._width = 0
        """The row has no more cells than this."""

    def add(self, column: int | None, style: Style, data: bytes) -> None:
        """Write from a column on; None: where the cursor is."""
        if column is not None and self._is_overwritten(column, data):
            self._cells, self._width = CellRow(), 0
            self._pending.clear()
        is_simple = column is not None and data.isascii() and _NOT_SIMPLE.search(data) is None
        self._width = max(self._width, (column or 0) + len(data) if is_simple else ROW_CELLS)
        self._pending.append((column, style, data))
        if len(self._pending) > _MOST_PENDING:
            self.cells()

    def cells(self) -> CellRow:
        """The cells with all that was written, and the cursor behind it."""
        for column, style, data in self._pending:
            if column is not None:
                self._cells.column = column
            write_line(self._cells, data.decode("utf-8", "replace"), style)
        self._pending.clear()
        return self._cells

    def _is_overwritten(self, column: int, data: bytes) -> bool:
        """Whether nothing is left of the row once this is written from a column on."""
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
    """The parts of some output that each stay in one row; the last one, perhaps empty, tells where the cursor is."""
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
    """By how many rows some output moves the cursor, as far as there is room."""
    moves = VERTICAL.finditer(data) if b"\x1b" in data else ()
    return data.count(b"\n") + sum(map(rows_moved, moves))
