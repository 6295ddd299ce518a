"""Read the `matrix` of a task."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.suggestions import in_other_form, listed
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.model import Matrix
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from dagtui.graph.model import Cell, Value

MOST_NODES = 2_000_000
"""The largest number of nodes of a graph."""
MOST_AXES = 64
EXCLUDE = "exclude"
INCLUDE = "include"
FROM = "from"


class MatrixDraft(NamedTuple):
    """A matrix that takes values from elsewhere: the parameters of the run, or a sheet."""

    table: dict[str, object]
    """The matrix as it is written."""


class Sheet(NamedTuple):
    """The rows of a file."""

    path: str
    """The file, as the graph names it."""
    rows: tuple[Cell, ...]


NO_SHEET = Sheet("", ())


def read_matrix(value: object) -> Matrix | MatrixDraft:
    """Read `{ seed = [1, 2], model = ["s"], exclude = [{ seed = 2, model = "s" }] }`. Raises ValueProblem."""
    table = values.table(value, "write { seed = [1, 2] }")
    for axis, entries in table.items():
        if isinstance(entries, str) and axis != EXCLUDE and (axis == FROM or "{{" in entries):
            return MatrixDraft(table)
    return matrix_of(table)


def matrix_of(table: dict[str, object], changing: frozenset[str] = frozenset(), sheet: Sheet = NO_SHEET) -> Matrix:
    """Read a matrix with all of its values. Raises ValueProblem.

    The values of a sheet, and those of the axes `changing`, change from run to run: `exclude` may name some that they
    do not have now.
    """
    axes: list[tuple[str, tuple[Value, ...]]] = []
    rows = sheet.rows
    include: tuple[Cell, ...] = ()
    for axis, entries in table.items():
        if axis == FROM and not isinstance(entries, list):
            raise ValueProblem(
                f"must be a path, not {values.kind(entries)}", 'write from = "samples.tsv"', inside=(FROM,)
            )
        if axis == FROM and _are_tables(entries):
            rows = _cells(FROM, entries)
        elif axis == INCLUDE and _are_tables(entries):
            include = _cells(INCLUDE, entries)
        elif axis != EXCLUDE:
            axes.append((axis, _axis(axis, entries)))
    if not axes and not rows and not include:
        raise ValueProblem("must have at least one axis", "write { seed = [1, 2] }")
    if not rows and len(table) == len(axes) <= MOST_AXES:
        return Matrix(tuple(axes))
    known = _Known(axes, rows, include, changing | {axis for row in sheet.rows for axis, _ in row})
    if len(known.names) > MOST_AXES:
        raise ValueProblem(f"can have at most {MOST_AXES} axes, not {len(known.names):,}")
    exclude = _exclude(table[EXCLUDE], known) if EXCLUDE in table else ()
    return Matrix(tuple(axes), exclude, rows, include, sheet.path)


class _Known:
    """The axes of a matrix, and the values that `exclude` can name."""

    def __init__(
        self,
        axes: list[tuple[str, tuple[Value, ...]]],
        rows: tuple[Cell, ...],
        include: tuple[Cell, ...],
        changing: frozenset[str],
    ) -> None:
        self._axes = dict(axes)
        self._cells = rows or (() if axes else include)
        columns = {axis for cell in rows for axis, _ in cell}
        for axis in columns & self._axes.keys():
            raise ValueProblem("is an axis and a column of the sheet", "rename one of them", inside=(axis,))
        self.excluded_from = dict.fromkeys(chain(self._axes, (axis for cell in self._cells for axis, _ in cell)))
        """The axes that `exclude` can name, in order."""
        self.names = self.excluded_from.keys() | {axis for cell in include for axis, _ in cell}
        self.changing = changing
        self._values: dict[str, AxisValues] = {}

    def values(self, axis: str) -> AxisValues:
        """Return the values of an axis by the ways to write them."""
        if axis not in self._values:
            found = self._axes.get(axis) or [value for cell in self._cells for name, value in cell if name == axis]
            self._values[axis] = AxisValues(found)
        return self._values[axis]


def _are_tables(entries: object) -> bool:
    """Return whether an array lists cells rather than the values of an axis."""
    return isinstance(entries, list) and bool(entries) and isinstance(entries[0], dict)


def _cells(key: str, entries: object) -> tuple[Cell, ...]:
    found: list[Cell] = []
    for index, entry in enumerate(values.items(entries)):
        if not isinstance(entry, dict) or not entry:
            hint = 'write { in = "a", out = "b" }'
            raise ValueProblem("must be a table of axes and values", hint, inside=(key, index))
        for axis in entry:
            _check_name(axis, (key, index, axis))
        found.append(tuple([(axis, _entry(value, (key, index, axis))) for axis, value in entry.items()]))
    return tuple(found)


def _check_name(axis: str, inside: tuple[str | int, ...]) -> None:
    try:
        values.name(axis)
    except ValueProblem as wrong:
        raise ValueProblem(f"has an axis whose name {wrong.message}", inside=inside) from None


def _axis(axis: str, value: object) -> tuple[Value, ...]:
    _check_name(axis, (axis,))
    hint = f"write [{value_text(value)}]" if isinstance(value, (int, float)) else "list its values: [1, 2, 3]"
    entries = read_inside((axis,), values.items, value, "write [{ x = 1, y = 2 }]" if axis == INCLUDE else hint)
    if not entries:
        raise ValueProblem("must have at least one value", inside=(axis,))
    found = tuple(_entry(entry, (axis, index)) for index, entry in enumerate(entries))
    seen: set[str] = set()
    for index, entry in enumerate(found):
        if value_text(entry) in seen:
            raise ValueProblem(f"has the value {quoted(value_text(entry))} twice", "remove it", inside=(axis, index))
        seen.add(value_text(entry))
    return found


def _entry(value: object, inside: tuple[str | int, ...]) -> Value:
    found = read_inside(inside, values.scalar, value)
    return read_inside(inside, values.printable, found) if isinstance(found, str) else found


def _exclude(value: object, known: _Known) -> tuple[Cell, ...]:
    hint = "write exclude = [{ seed = 2 }]"
    found: list[Cell] = []
    axes = known.excluded_from
    for index, entry in enumerate(read_inside((EXCLUDE,), values.items, value, hint)):
        inside = (EXCLUDE, index)
        if not isinstance(entry, dict) or not entry:
            raise ValueProblem("must be a table of axes and values", hint, inside=inside)
        for axis in entry:
            if axis not in axes:
                hint = in_other_form(axis, axes) or f"the axes are {listed(axes)}"
                raise ValueProblem(f"names {quoted(axis)}, which is not an axis", hint, inside=(*inside, axis))
        cell = [(axis, _excluded(axis, value, known, inside)) for axis, value in entry.items()]
        if all(value is not None for _, value in cell):
            found.append(tuple([(axis, value) for axis, value in cell if value is not None]))
    return tuple(found)


def _excluded(axis: str, value: object, known: _Known, inside: tuple[str | int, ...]) -> Value | None:
    """Return the value of an axis that an entry of `exclude` means, or None if a changing axis does not have it."""
    written, there = value_text(_entry(value, (*inside, axis))), known.values(axis)
    found = there.meant(written)
    if found is not None:
        return there.texts[found]
    if axis in known.changing:
        return None
    hint = in_other_form(written, there.texts) or f"its values are {listed(there.texts)}"
    raise ValueProblem(f"excludes {quoted(written)}, which {quoted(axis)} doesn't have", hint, inside=(*inside, axis))
