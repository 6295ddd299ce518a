"""The cells of one matrix, as numbers: a million combinations take no memory of their own."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left
from itertools import compress, product
from operator import mul
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.matrix.matrices import EXCLUDE, MOST_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from dagtui.graph.model import Cell, Matrix, Value

    class CellChoice(Protocol):
        """The cells that have given values on some axes."""

        @property
        def most(self) -> int:
            """The largest number of cells that are chosen at once."""

        def numbers(self, digits: Sequence[int]) -> Sequence[int]:
            """Return the cells with these digits on the axes, in order."""


class Cells(ABC):
    """The cells of one matrix, numbered from 0. A digit is the position of a value among those of its axis."""

    __slots__ = ("_values", "digits", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        """The axes, in the order of labels."""
        self.digits: dict[str, dict[str, int]] = {}
        """For each axis, the digit of each value by its text."""
        self._values: dict[str, AxisValues] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def cell(self, number: int) -> Cell:
        """Return the axes and values of a cell."""

    @abstractmethod
    def labels(self, name: str) -> Iterator[str]:
        """Yield the names of the nodes of all cells."""

    @abstractmethod
    def entries(self, axis: str) -> Sequence[Value]:
        """Return the values of an axis, in the order of their digits."""

    @abstractmethod
    def reader(self, axes: Sequence[str]) -> Callable[[int], tuple[int, ...]]:
        """Return a function from cells to their digits on some axes. -1 stands for an axis that a cell lacks."""

    @abstractmethod
    def choice(self, axes: Sequence[str]) -> CellChoice:
        """Return the choice of cells by their digits on some axes."""

    def lacking(self, axis: str) -> int | None:  # noqa: ARG002 - cells of a product lack none
        """Return the first cell that lacks an axis, or None."""
        return None

    def values(self, axis: str) -> AxisValues:
        """Return the values of an axis by the ways to write them."""
        if axis not in self._values:
            self._values[axis] = AxisValues(self.entries(axis))
        return self._values[axis]


class ProductCells(Cells):
    """All combinations of the axes, in the order of the file, the last axis fastest, without the excluded ones.

    Places in the full product are mixed-radix numbers. With exclusions, the remaining ones are held in one flat array.
    """

    __slots__ = ("_axes", "_kept", "_strides", "_texts")

    def __init__(self, matrix: Matrix) -> None:
        """Lay out a matrix. Raises ValueProblem if nothing is left of it, or if finding out takes too long."""
        super().__init__(tuple([axis for axis, _ in matrix.axes]))
        self._axes = dict(matrix.axes)
        self._texts: dict[str, tuple[str, ...]] = {}
        self._strides: dict[str, int] = {}
        stride = 1
        for axis, entries in reversed(matrix.axes):
            texts = tuple(map(value_text, entries))
            self.digits[axis] = {text: digit for digit, text in enumerate(texts)}
            self._texts[axis] = texts
            self._strides[axis] = stride
            stride *= len(entries)
        self._kept = self._without(matrix.exclude) if matrix.exclude else None
        if not len(self):
            raise ValueProblem("excludes every cell", inside=(EXCLUDE,))

    def __len__(self) -> int:
        return len(self._kept) if self._kept is not None else self._size()

    def _size(self) -> int:
        return math.prod(map(len, self._axes.values()))

    def cell(self, number: int) -> Cell:
        """Return the axes and values of a cell."""
        place = number if self._kept is None else self._kept[number]
        strides = self._strides
        return tuple([(axis, entries[place // strides[axis] % len(entries)]) for axis, entries in self._axes.items()])

    def labels(self, name: str) -> Iterator[str]:
        """Yield the names of the nodes of all cells."""
        written = ([f"{axis}={text}" for text in self._texts[axis]] for axis in self.names)
        labels = (f"{name}[{','.join(cell)}]" for cell in product(*written))
        if self._kept is None:
            return labels
        mask = bytearray(self._size())
        for place in self._kept:
            mask[place] = 1
        return compress(labels, mask)

    def entries(self, axis: str) -> Sequence[Value]:
        """Return the values of an axis, in the order of their digits."""
        return self._axes[axis]

    def reader(self, axes: Sequence[str]) -> Callable[[int], tuple[int, ...]]:
        """Return a function from cells to their digits on some axes."""
        kept, radix = self._kept, self._radix(axes)

        def read(number: int) -> tuple[int, ...]:
            place = number if kept is None else kept[number]
            return tuple([place // stride % count for stride, count in radix])

        return read

    def choice(self, axes: Sequence[str]) -> CellChoice:
        """Return the choice of cells by their digits on some axes."""
        fixed = frozenset(axes)
        free = array("i", (0,))
        for axis, entries in self._axes.items():
            if axis not in fixed:
                stride = self._strides[axis]
                free = array("i", (base + digit * stride for base in free for digit in range(len(entries))))
        return _ProductChoice([self._strides[axis] for axis in axes], free, self._kept)

    def _radix(self, axes: Sequence[str]) -> list[tuple[int, int]]:
        return [(self._strides[axis], len(self._axes[axis])) for axis in axes]

    def _without(self, exclude: tuple[Cell, ...]) -> array[int]:
        kinds = excluded_digits(exclude, self)
        size = self._size()
        check_kinds(size, kinds)
        kept = array("i", range(size))
        for axes, excluded in kinds.items():
            wheels = self._radix(axes)
            kept = array(
                "i",
                (place for place in kept if tuple([place // step % count for step, count in wheels]) not in excluded),
            )
        return kept


class _ProductChoice:
    """Cells of a product by their digits on some axes, found by arithmetic."""

    __slots__ = ("_free", "_kept", "_strides", "most")

    def __init__(self, strides: list[int], free: array[int], kept: array[int] | None) -> None:
        """`free` is what the other axes add to a place, in all of their combinations."""
        self._strides = strides
        self._free = free
        self._kept = kept
        self.most = len(free)

    def numbers(self, digits: Sequence[int]) -> Sequence[int]:
        place = sum(map(mul, digits, self._strides))
        kept = self._kept
        if kept is None:
            return [place + offset for offset in self._free]
        found: list[int] = []
        for offset in self._free:
            number = bisect_left(kept, place + offset)
            if number < len(kept) and kept[number] == place + offset:
                found.append(number)
        return found


Kinds = dict[tuple[str, ...], set[tuple[int, ...]]]
"""Digits of excluded cells, by the axes that an entry of `exclude` names."""


def excluded_digits(exclude: tuple[Cell, ...], cells: Cells) -> Kinds:
    """Return what `exclude` takes away from cells that have all of its values."""
    kinds: Kinds = {}
    order = {axis: index for index, axis in enumerate(cells.names)}
    for cell in exclude:
        digits = sorted((order[axis], axis, cells.digits[axis][value_text(value)]) for axis, value in cell)
        axes = tuple(axis for _, axis, _ in digits)
        kinds.setdefault(axes, set()).add(tuple(digit for _, _, digit in digits))
    return kinds


def check_kinds(size: int, kinds: Kinds) -> None:
    """Raise ValueProblem if it would take too long to apply the exclusions to that number of cells."""
    if size * len(kinds) > 10 * MOST_NODES:
        raise ValueProblem("excludes too many different sets of axes", inside=(EXCLUDE,))


def most_cells(matrix: Matrix) -> int:
    """Return the largest number of cells that a matrix can have, before exclusions."""
    combinations = math.prod(len(entries) for _, entries in matrix.axes)
    if not matrix.is_listed:
        return combinations
    if not matrix.rows and not matrix.axes:
        combinations = 0
    return combinations * max(1, len(matrix.rows)) + len(matrix.include)
