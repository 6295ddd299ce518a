"""Read sheets: files whose rows are cells of a matrix, and whose columns are axes. Imported only where one is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from dagtui.graph.errors import GraphError, Problem, ValueProblem, quoted
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.matrices import MOST_AXES
from dagtui.graph.other_files import content_of as read_file
from dagtui.graph.toml import parse, values
from dagtui.graph.toml.positions import SourceSpan, excerpt, locate
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dagtui.graph.model import Cell, Value

    SpanOf = Callable[[str], SourceSpan]
    """Returns where a row has the value of an axis, or where the row is if the name is empty."""

MOST_BYTES = 16 * 1024 * 1024
MOST_ROWS = 100_000
ENDINGS = (".tsv", ".csv", ".json", ".toml")
_SPACE = re.compile(r"[ \t\n]*+")


def rows_of(path: Path, content: bytes) -> tuple[Cell, ...]:
    """Return the rows of a sheet. An empty cell is left out of its row.

    Raises GraphError with the place of the first thing that is wrong.
    """
    shown, ending = label(path), path.suffix.lower()
    rows = _SheetRows(parse.decode(content, shown).replace("\r", "\n"), shown)
    if ending in {".tsv", ".csv"}:
        _read_separated(rows, "\t" if ending == ".tsv" else ",")
    else:
        (_read_json if ending == ".json" else _read_toml)(rows)
    return rows.finished()


def content_of(path: Path) -> bytes:
    """Return the content of a file that is a sheet by its name. Raises ValueProblem."""
    if path.suffix.lower() not in ENDINGS:
        raise ValueProblem("must name a file that ends in .tsv, .csv, .json or .toml", "the ending says how to read it")
    return read_file(path, MOST_BYTES, "split it")


class _SheetRows:
    """The rows found so far in the text of a sheet."""

    def __init__(self, text: str, shown: str) -> None:
        self.text = text
        self.shown = shown
        self._rows: list[Cell] = []
        self._seen: dict[tuple[str, ...], str] = {}
        """Where each row is, by its axes and texts."""
        self._axes: set[str] = set()

    def fail(self, message: str, span: SourceSpan, hint: str = "") -> NoReturn:
        """Raise GraphError about a part of the text."""
        where = excerpt(self.text, span)
        problem = Problem(label(message, 500), self.shown, where.line, where.column, where.text, hint, where.mark)
        raise GraphError([problem]) from None

    def check_names(self, names: Sequence[str], span_of: SpanOf) -> None:
        """Check the columns of the sheet, or of a row."""
        for index, name in enumerate(names):
            if not name:
                self.fail(f"column {index + 1} has no name", span_of(""), "name it, or remove it")
            try:
                values.name(name)
            except ValueProblem as wrong:
                self.fail(f"the name of column {index + 1} {wrong.message}", span_of(""), wrong.hint)
        if len(set(names)) < len(names):
            twice = next(name for index, name in enumerate(names) if name in names[:index])
            self.fail(f"two columns are named {quoted(twice)}", span_of(twice), "rename one of them")
        self._axes.update(names)
        if len(self._axes) > MOST_AXES:
            message = f"a matrix can have at most {MOST_AXES} axes, and this sheet has {len(self._axes):,} columns"
            self.fail(message, span_of(""), "remove columns")

    def add(self, row: Iterable[tuple[str, object]], where: str, span_of: SpanOf) -> None:
        """Add a row without its empty cells. `where` tells people which row it is."""
        cell: list[tuple[str, Value]] = []
        for axis, value in row:
            if value is None or value == "":
                continue
            try:
                found = values.scalar(value)
                if isinstance(found, str):
                    values.printable(found)
            except ValueProblem as wrong:
                self.fail(f"the value of {quoted(axis)} {wrong.message}", span_of(axis), wrong.hint)
            cell.append((axis, found))
        if not cell:
            self.fail("this row has no values", span_of(""), "remove it")
        key = tuple([text for axis, value in cell for text in (axis, value_text(value))])
        first = self._seen.setdefault(key, where)
        if first != where:
            self.fail(f"this row repeats {first}", span_of(""), "remove one of them")
        if len(self._rows) == MOST_ROWS:
            self.fail(f"a sheet can have at most {MOST_ROWS:,} rows", span_of(""), "split it")
        self._rows.append(tuple(cell))

    def finished(self) -> tuple[Cell, ...]:
        """Return the rows, at least one."""
        if not self._rows:
            self.fail("the sheet has no rows", SourceSpan(0, 0), "add one")
        return tuple(self._rows)


def _read_separated(rows: _SheetRows, separator: str) -> None:
    """Read lines of cells, with the quotes of spreadsheets. The first line names the columns."""
    import csv
    import io

    reader = csv.reader(io.StringIO(rows.text, newline=""), delimiter=separator, strict=True)
    names: list[str] = []
    line = 1
    try:
        for found in reader:
            first, line = line, reader.line_num + 1
            cells = [cell.strip() for cell in found]
            if len(cells) < 2 and not any(cells):  # a blank line
                continue
            place = _LineOfCells(rows.text, first, names or cells, cells)
            if not names:
                rows.check_names(cells, place.span)
                names = cells
                continue
            if len(cells) != len(names):
                message = f"this row has {plural(len(cells), 'cell')}, and the header has {len(names):,}"
                hint = f"put a cell with {'a tab' if separator != ',' else 'a comma'} in it into quotation marks"
                rows.fail(message, place.span(""), hint if len(cells) > len(names) else "an empty cell counts, too")
            rows.add(zip(names, cells, strict=True), f"line {first}", place.span)
    except csv.Error as error:
        hint = 'put the whole cell into quotation marks, and double those in it: "a ""b"" c"'
        rows.fail(f"can't be read: {error}", _line(rows.text, line), hint)


class _LineOfCells:
    """Where the cells of a row are."""

    def __init__(self, text: str, line: int, names: list[str], cells: list[str]) -> None:
        self._text, self._line, self._names, self._cells = text, line, names, cells

    def span(self, name: str) -> SourceSpan:
        """Return the span of the last cell of a column, or of the line."""
        line = _line(self._text, self._line)
        if name not in self._names:
            return line
        column = len(self._names) - 1 - self._names[::-1].index(name)
        cell = self._cells[column].partition("\n")[0]
        start = line.start
        for before in self._cells[:column]:
            start = max(start, self._text.find(before, start, line.end) + len(before))
        start = self._text.find(cell, start, line.end)
        return line if start < 0 else SourceSpan(start, start + len(cell))


def _line(text: str, number: int) -> SourceSpan:
    start = 0
    for _ in range(number - 1):
        start = text.find("\n", start) + 1
    end = text.find("\n", start)
    return SourceSpan(start, len(text) if end < 0 else end)


class _Object(list[tuple[str, object]]):
    """The pairs of a JSON object, whose names may repeat."""


def _read_json(rows: _SheetRows) -> None:
    """Read an array of objects, one by one, so that each has its place."""
    import json

    text = rows.text
    decoder = json.JSONDecoder(object_pairs_hook=_Object)
    position = _behind_space(text, 0)
    if not text.startswith("[", position):
        rows.fail("the sheet must be an array of objects", SourceSpan(position, position + 1), 'write [{ "x": 1 }]')
    number, position = 0, _behind_space(text, position + 1)
    while not (number == 0 and text.startswith("]", position)):
        number += 1
        start = position
        try:
            found, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            rows.fail(f"not valid JSON: {error.msg}", SourceSpan(error.pos, error.pos + 1))
        except (RecursionError, ValueError):  # of a number with too many digits
            rows.fail("this row is nested too deeply, or has too long a number", SourceSpan(start, start + 1))
        _add_object(rows, found, number, SourceSpan(start, position))
        position = _behind_space(text, position)
        if not text.startswith(",", position):
            break
        position = _behind_space(text, position + 1)
    end = _behind_space(text, position + 1)
    if not text.startswith("]", position) or end < len(text):
        position = position if not text.startswith("]", position) else end
        rows.fail('expected "," or the end of the array here', SourceSpan(position, position + 1))


def _add_object(rows: _SheetRows, found: object, number: int, span: SourceSpan) -> None:
    if not isinstance(found, _Object):
        rows.fail("each row must be an object", span, 'write [{ "x": 1 }]')

    def span_of(name: str) -> SourceSpan:
        at = rows.text.rfind(f'"{name}"', span.start, span.end) if name else -1
        return span if at < 0 else SourceSpan(at, at + len(name) + 2)

    rows.check_names([name for name, _ in found], span_of)
    plain = [(name, {} if isinstance(value, _Object) else value) for name, value in found]
    rows.add(plain, f"row {number}", span_of)


def _behind_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _read_toml(rows: _SheetRows) -> None:
    """Read one array of tables."""
    tables = list(parse.parse(rows.text, rows.shown).tables.items())
    key, found = tables[0] if len(tables) == 1 else ("", None)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        message = "the sheet must be one array of tables, and nothing else"
        rows.fail(message, SourceSpan(0, 0), "write [[rows]] above each row")
    for index, row in enumerate(found):

        def span_of(name: str, index: int = index) -> SourceSpan:
            path = (key, index, name) if name else (key, index)
            place = locate(rows.text, [path]).get(path)
            return SourceSpan(0, 0) if place is None else place.value

        rows.check_names(list(row), span_of)
        rows.add(row.items(), f"row {index + 1}", span_of)
