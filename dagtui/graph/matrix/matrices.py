"""Read the `matrix` of a task. Its cells are numbers: a million of them take no memory of their own."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from itertools import compress, product
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.suggestions import in_other_form, listed
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.model import Matrix
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.model import Cell, Value

MOST_NODES = 2_000_000
"""The largest number of nodes of a graph."""
MOST_AXES = 64
EXCLUDE = "exclude"


class MatrixDraft(NamedTuple):
    """A matrix that takes values from elsewhere: the parameters of the run."""

    table: dict[str, object]
    """The matrix as it is written."""


def read_matrix(value: object) -> Matrix | MatrixDraft:
    """Read `{ seed = [1, 2], model = ["s"], exclude = [{ seed = 2, model = "s" }] }`. Raises ValueProblem."""
    table = values.table(value, "write { seed = [1, 2] }")
    if any(isinstance(entries, str) and "{{" in entries for axis, entries in table.items() if axis != EXCLUDE):
        return MatrixDraft(table)
    return matrix_of(table)


def matrix_of(table: dict[str, object], changing: frozenset[str] = frozenset()) -> Matrix:
    """Read a matrix with all of its values. Raises ValueProblem.

    The values of the axes `changing` change from run to run: `exclude` may name some that they do not have now.
    """
    axes = tuple((axis, _axis(axis, entries)) for axis, entries in table.items() if axis != EXCLUDE)
    if not axes:
        raise ValueProblem("must have at least one axis", "write { seed = [1, 2] }")
    if len(axes) > MOST_AXES:
        raise ValueProblem(f"can have at most {MOST_AXES} axes, not {len(axes):,}")
    if EXCLUDE not in table:
        return Matrix(axes)
    return Matrix(axes, _exclude(table[EXCLUDE], dict(axes), changing))


def _axis(axis: str, value: object) -> tuple[Value, ...]:
    try:
        values.name(axis)
    except ValueProblem as wrong:
        raise ValueProblem(f"has an axis whose name {wrong.message}", inside=(axis,)) from None
    try:
        hint = f"write [{value_text(value)}]" if isinstance(value, (int, float)) else "list its values: [1, 2, 3]"
        entries = values.items(value, hint)
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=(axis,)) from None
    if not entries:
        raise ValueProblem("must have at least one value", inside=(axis,))
    if axis == "include" and isinstance(entries[0], dict):
        hint = 'list every value on its axis and leave out cells with "exclude", or write another task'
        raise ValueProblem("is not supported", hint, inside=(axis,))
    found = tuple(_entry(entry, (axis, index)) for index, entry in enumerate(entries))
    seen: set[str] = set()
    for index, entry in enumerate(found):
        if value_text(entry) in seen:
            raise ValueProblem(f"has the value {quoted(value_text(entry))} twice", inside=(axis, index))
        seen.add(value_text(entry))
    return found


def _entry(value: object, inside: tuple[str | int, ...]) -> Value:
    try:
        found = values.scalar(value)
        if isinstance(found, str):
            values.printable(found)
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=inside) from None
    return found


def _exclude(value: object, axes: dict[str, tuple[Value, ...]], changing: frozenset[str]) -> tuple[Cell, ...]:
    hint = "write exclude = [{ seed = 2 }]"
    try:
        entries = values.items(value, hint)
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=(EXCLUDE,)) from None
    known = {axis: AxisValues(entries) for axis, entries in axes.items()}
    found: list[Cell] = []
    for index, entry in enumerate(entries):
        inside = (EXCLUDE, index)
        if not isinstance(entry, dict) or not entry:
            raise ValueProblem("must be a table of axes and values", hint, inside=inside)
        for axis in entry:
            if axis not in known:
                hint = in_other_form(axis, axes) or f"the axes are {listed(axes)}"
                raise ValueProblem(f"names {quoted(axis)}, which is not an axis", hint, inside=(*inside, axis))
        cell = [(axis, _excluded(axis, value, known[axis], inside, axis in changing)) for axis, value in entry.items()]
        if all(value is not None for _, value in cell):
            found.append(tuple([(axis, value) for axis, value in cell if value is not None]))
    return tuple(found)


def _excluded(
    axis: str, value: object, known: AxisValues, inside: tuple[str | int, ...], is_changing: bool
) -> Value | None:
    """Return the value of an axis that an entry of `exclude` means, or None if a changing axis does not have it."""
    written = value_text(_entry(value, (*inside, axis)))
    found = known.meant(written)
    if found is None and is_changing:
        return None
    if found is None:
        hint = in_other_form(written, known.texts) or f"its values are {listed(known.texts)}"
        raise ValueProblem(
            f"excludes {quoted(written)}, which {quoted(axis)} doesn't have", hint, inside=(*inside, axis)
        )
    return known.texts[found]


class AxisDigit(NamedTuple):
    """One digit of places as mixed-radix numbers: `place // stride % len(texts)`."""

    stride: int
    texts: tuple[str, ...]
    """The values, as they appear in names."""


class Cells:
    """The cells of one matrix, numbered from 0 in the order of the file, the last axis fastest.

    Places in the full product are mixed-radix numbers. With exclusions, the remaining ones are held in one flat array.
    """

    __slots__ = ("_kept", "_strides", "_texts", "_values", "axes", "digits")

    def __init__(self, matrix: Matrix) -> None:
        """Lay out a matrix. Raises ValueProblem if nothing is left of it, or if finding out takes too long."""
        self.axes = matrix.axes
        self.digits: dict[str, dict[str, int]] = {}
        """For each axis, the position of each value by its text."""
        self._texts: list[tuple[str, ...]] = []
        self._strides: list[int] = []
        self._values: dict[str, AxisValues] = {}
        stride = 1
        for axis, entries in reversed(matrix.axes):
            texts = tuple(map(value_text, entries))
            self.digits[axis] = {text: digit for digit, text in enumerate(texts)}
            self._texts.insert(0, texts)
            self._strides.insert(0, stride)
            stride *= len(entries)
        self._kept = self._without(matrix.exclude) if matrix.exclude else None
        if not len(self):
            raise ValueProblem("excludes every cell", inside=(EXCLUDE,))

    def __len__(self) -> int:
        return len(self._kept) if self._kept is not None else product_size(self.axes)

    def cell(self, number: int) -> Cell:
        """Return the axes and values of a cell."""
        place = self.place_of(number)
        return tuple(
            (axis, entries[place // stride % len(entries)])
            for (axis, entries), stride in zip(self.axes, self._strides, strict=True)
        )

    def labels(self, name: str) -> Iterator[str]:
        """Yield the names of the nodes of all cells."""
        written = (
            [f"{axis}={text}" for text in texts] for (axis, _), texts in zip(self.axes, self._texts, strict=True)
        )
        labels = (f"{name}[{','.join(cell)}]" for cell in product(*written))
        if self._kept is None:
            return labels
        mask = bytearray(product_size(self.axes))
        for place in self._kept:
            mask[place] = 1
        return compress(labels, mask)

    def place_of(self, number: int) -> int:
        """Return the place of a cell in the full product."""
        return self._kept[number] if self._kept is not None else number

    def axis_digit(self, axis: str) -> AxisDigit:
        """Return how to extract the value of one axis from a place."""
        index = next(index for index, (name, _) in enumerate(self.axes) if name == axis)
        return AxisDigit(self._strides[index], self._texts[index])

    def free_offsets(self, fixed: frozenset[str]) -> array[int]:
        """Return what the axes that are not fixed add to a place, for all of their combinations."""
        offsets = array("i", (0,))
        for (axis, entries), stride in zip(self.axes, self._strides, strict=True):
            if axis not in fixed:
                offsets = array("i", (base + digit * stride for base in offsets for digit in range(len(entries))))
        return offsets

    def values(self, axis: str) -> AxisValues:
        """Return the values of an axis by the ways to write them."""
        if axis not in self._values:
            self._values[axis] = AxisValues(dict(self.axes)[axis])
        return self._values[axis]

    def offset(self, axis: str, text: str) -> int | None:
        """Return what a value of an axis adds to a place, or None if the axis does not have it."""
        digit = self.digits[axis].get(text)
        return None if digit is None else digit * self.axis_digit(axis).stride

    def number(self, place: int) -> int | None:
        """Return the cell at a place of the full product, or None if it is excluded."""
        if self._kept is None:
            return place
        number = bisect_left(self._kept, place)
        return number if number < len(self._kept) and self._kept[number] == place else None

    def _without(self, exclude: tuple[Cell, ...]) -> array[int]:
        kinds: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        order = {axis: index for index, (axis, _) in enumerate(self.axes)}
        for cell in exclude:
            digits = sorted((order[axis], self.digits[axis][value_text(value)]) for axis, value in cell)
            axes = tuple(index for index, _ in digits)
            kinds.setdefault(axes, set()).add(tuple(digit for _, digit in digits))
        size = product_size(self.axes)
        if size * len(kinds) > 10 * MOST_NODES:
            raise ValueProblem("excludes too many different sets of axes", inside=(EXCLUDE,))
        radix = [(stride, len(entries)) for stride, (_, entries) in zip(self._strides, self.axes, strict=True)]
        kept = array("i", range(size))
        for axes, excluded in kinds.items():
            wheels = [radix[index] for index in axes]
            kept = array(
                "i",
                (place for place in kept if tuple([place // step % count for step, count in wheels]) not in excluded),
            )
        return kept


def product_size(axes: tuple[tuple[str, tuple[Value, ...]], ...]) -> int:
    """Return the number of cells of a matrix before exclusions."""
    return math.prod(len(entries) for _, entries in axes)
