"""Cells that a file lists: rows of a sheet, and entries of `include`. Cells may lack axes that others have."""

from __future__ import annotations

import math
from array import array
from itertools import chain, compress, repeat
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.cells import Cells, check_kinds, excluded_digits
from dagtui.graph.matrix.matrices import EXCLUDE, INCLUDE, MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.graph.matrix.cells import CellChoice
    from dagtui.graph.model import Cell, Matrix, Value

MOST_VALUES = 10 * MOST_NODES
"""Values of all cells of a matrix, and cells that all entries of `include` fit."""
MOST_INDEXED = 4_000_000
"""Cells in all tables that find them by some axes. Each takes a hundred bytes, or two."""
_LACKING = -1
"""The digit on an axis that a cell lacks."""


class ListedCells(Cells):
    """Cells as columns of digits.

    Each row of the sheet is combined with each combination of the axes. Then `exclude` takes cells away, and `include`
    adds to the cells that are left. Without a sheet and axes, `exclude` takes away what `include` lists.
    """

    __slots__ = ("_choices", "_columns", "_count", "_entries")

    def __init__(self, matrix: Matrix) -> None:
        """Lay out a matrix. Raises ValueProblem if nothing is left of it, or if it would be too large."""
        super().__init__(())
        self._columns: dict[str, array[int]] = {}
        self._entries: dict[str, list[Value]] = {}
        self._choices: dict[tuple[str, ...], CellChoice] = {}
        self._count = 0
        if matrix.rows or matrix.axes:
            self._combine(matrix)
            self._exclude(matrix)
            self._include(matrix.include)
        else:
            self._append(matrix.include)
            self._exclude(matrix)
        if not self._count:
            raise ValueProblem("excludes every cell", inside=(EXCLUDE,))

    def __len__(self) -> int:
        return self._count

    def cell(self, number: int) -> Cell:
        """Return the axes and values of a cell."""
        digits = [(axis, column[number]) for axis, column in self._columns.items()]
        return tuple([(axis, self._entries[axis][digit]) for axis, digit in digits if digit >= 0])

    def labels(self, name: str) -> Iterator[str]:
        """Yield the names of the nodes of all cells."""
        written = [[*(f"{axis}={text}" for text in self.digits[axis]), ""] for axis in self.names]
        for digits in zip(*self._columns.values(), strict=True):
            values = [texts[digit] for texts, digit in zip(written, digits, strict=True)]
            yield f"{name}[{','.join(filter(None, values))}]"

    def entries(self, axis: str) -> Sequence[Value]:
        """Return the values of an axis, in the order of their digits."""
        return self._entries[axis]

    def reader(self, axes: Sequence[str]) -> Callable[[int], tuple[int, ...]]:
        """Return a function from cells to their digits on some axes."""
        columns = [self._columns[axis] for axis in axes]
        return lambda number: tuple([column[number] for column in columns])

    def choice(self, axes: Sequence[str]) -> CellChoice:
        """Return the choice of cells by their digits on some axes."""
        known = self._choices.get(tuple(axes))
        if known is None:
            if self._count * (len(self._choices) + 1) > MOST_INDEXED:
                message = "these cells are selected by too many different sets of axes"
                raise ValueProblem(message, "select by fewer of them, or write the name of the task")
            known = self._choices[tuple(axes)] = _ListedChoice(self, axes)
        return known

    def lacking(self, axis: str) -> int | None:
        """Return the first cell that lacks an axis, or None."""
        column = self._columns[axis]
        return column.index(_LACKING) if _LACKING in column else None

    def _combine(self, matrix: Matrix) -> None:
        """Fill the columns with each row, combined with each combination of the axes, the last axis fastest."""
        self._append(matrix.rows or ((),))
        combinations = math.prod(len(entries) for _, entries in matrix.axes)
        columns = len(self._columns) + len(matrix.axes)
        if self._count * combinations * columns > MOST_VALUES:
            raise _too_many()
        for axis, column in self._columns.items():
            self._columns[axis] = array("i", chain.from_iterable(repeat(digit, combinations) for digit in column))
        self._count *= combinations
        stride = combinations
        for axis, entries in matrix.axes:
            stride //= len(entries)
            turn = array("i", chain.from_iterable(repeat(digit, stride) for digit in range(len(entries))))
            self._add_axis(axis)
            for entry in entries:
                self._digit(axis, entry)
            self._columns[axis] = turn * (self._count // len(turn))

    def _exclude(self, matrix: Matrix) -> None:
        if not matrix.exclude:
            return
        kinds = excluded_digits(matrix.exclude, self)
        check_kinds(self._count, kinds)
        for axes, excluded in kinds.items():
            digits = zip(*(self._columns[axis] for axis in axes), strict=True)
            self._keep(bytearray(found not in excluded for found in digits))

    def _keep(self, kept: bytearray) -> None:
        self._columns = {axis: array("i", compress(column, kept)) for axis, column in self._columns.items()}
        self._count = sum(kept)

    def _include(self, include: tuple[Cell, ...]) -> None:
        """Add to the cells that have the values of an entry, else take the entry as a cell of its own."""
        axes = frozenset(self.names)
        added: list[Cell] = []
        for cell, places in zip(include, self._fitting(include, axes), strict=True):
            if not places:
                added.append(cell)
                continue
            for axis, value in cell:
                if axis not in axes:
                    self._set(axis, value, places)
        self._append(added)
        self._values.clear()

    def _fitting(self, include: tuple[Cell, ...], axes: frozenset[str]) -> list[Sequence[int]]:
        """Return the cells that have the values of each entry on some axes. One table is kept at a time."""
        everywhere = range(self._count)
        fitting: list[Sequence[int]] = [everywhere] * len(include)
        kinds: dict[tuple[str, ...], list[int]] = {}
        for number, cell in enumerate(include):
            kinds.setdefault(tuple(sorted(axis for axis, _ in cell if axis in axes)), []).append(number)
        if self._count * len(kinds) > MOST_INDEXED:
            raise ValueProblem("names too many different sets of axes", inside=(INCLUDE,))
        work = 0
        for names, numbers in kinds.items():
            choice = _ListedChoice(self, names) if names else None
            for number in numbers:
                values = dict(include[number])
                digits = [self._meant(axis, values[axis]) for axis in names]
                known = [digit for digit in digits if digit is not None]
                if choice is not None:
                    found = choice.numbers(known) if len(known) == len(digits) else ()
                    fitting[number] = array("i", found)
                work += len(fitting[number])
                if work > MOST_VALUES:
                    raise ValueProblem("adds to too many cells", "write the values into the axes", inside=(INCLUDE,))
        return fitting

    def _meant(self, axis: str, value: Value) -> int | None:
        found = self.values(axis).meant(value_text(value))
        return None if found is None else self.digits[axis][found]

    def _set(self, axis: str, value: Value, places: Sequence[int]) -> None:
        self._add_axis(axis)
        column, digit = self._columns[axis], self._digit(axis, value)
        for place in places:
            column[place] = digit

    def _append(self, cells: Sequence[Cell]) -> None:
        """Add cells, with the axes that are new."""
        for cell in cells:
            for axis, _ in cell:
                self._add_axis(axis)
        if (self._count + len(cells)) * len(self._columns) > MOST_VALUES:
            raise _too_many()
        end = self._count
        for column in self._columns.values():
            column.extend(repeat(_LACKING, len(cells)))
        for number, cell in enumerate(cells, end):
            for axis, value in cell:
                self._columns[axis][number] = self._digit(axis, value)
        self._count += len(cells)

    def _add_axis(self, axis: str) -> None:
        if axis not in self._columns:
            if self._count * (len(self._columns) + 1) > MOST_VALUES:
                raise _too_many()
            self.names = (*self.names, axis)
            self._columns[axis] = array("i", (_LACKING,)) * self._count
            self._entries[axis] = []
            self.digits[axis] = {}

    def _digit(self, axis: str, value: Value) -> int:
        digits = self.digits[axis]
        text = value_text(value)
        digit = digits.get(text)
        if digit is None:
            digit = digits[text] = len(digits)
            self._entries[axis].append(value)
        return digit


class _ListedChoice:
    """Cells by their digits on some axes, found in a table."""

    __slots__ = ("_numbers", "_strides", "most")

    def __init__(self, cells: ListedCells, axes: Sequence[str]) -> None:
        self._numbers: dict[int, int | list[int]] = {}
        """By the digits as one number, in which 0 stands for an axis that a cell lacks."""
        self._strides: list[int] = []
        stride = 1
        for axis in axes:
            self._strides.append(stride)
            stride *= len(cells.digits[axis]) + 1
        read, numbers = cells.reader(axes), self._numbers
        self.most = min(1, len(cells))
        for number in range(len(cells)):
            key = self._key(read(number))
            there = numbers.setdefault(key, number)
            if isinstance(there, list):
                there.append(number)
            elif there != number:
                numbers[key] = [there, number]
        self.most = max((len(found) for found in numbers.values() if isinstance(found, list)), default=self.most)

    def _key(self, digits: Sequence[int]) -> int:
        return sum([(digit + 1) * stride for digit, stride in zip(digits, self._strides, strict=True)])

    def numbers(self, digits: Sequence[int]) -> Sequence[int]:
        found = self._numbers.get(self._key(digits), ())
        return (found,) if isinstance(found, int) else found


def _too_many() -> ValueProblem:
    return ValueProblem(f"would have more than {MOST_VALUES:,} values in all of its cells", "split the task")
