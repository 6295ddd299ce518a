"""Tasks laid out as nodes: the numbers of the nodes of each task, and their names."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, cast, overload

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.cells import ProductCells, most_cells
from dagtui.graph.matrix.matrices import MOST_NODES
from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.matrix.cells import Cells
    from dagtui.graph.model import Cell, Matrix, NodeIndex, Task, TaskIndex


class GraphLayout:
    """The nodes of each task are adjacent, in the order of the file."""

    def __init__(self, tasks: Sequence[Task], cells: Mapping[TaskIndex, Cells]) -> None:
        """Lay out tasks, those with a matrix by their cells."""
        self.tasks = tasks
        self.cells = cells
        """The cells of each task that has a matrix, by its number."""
        self.index = {task.name: number for number, task in numbered_tasks(tasks)}
        """The number of each task by its name."""
        self.firsts = array("i")
        """The first node of each task, followed by the total number of nodes."""
        total = 0
        for number, _ in numbered_tasks(tasks):
            self.firsts.append(total)
            total += len(cells[number]) if number in cells else 1
        self.firsts.append(total)

    def __len__(self) -> int:
        return self.firsts[-1]

    def nodes(self, task: TaskIndex) -> Sequence[NodeIndex]:
        """Return the nodes of a task."""
        return cast("Sequence[NodeIndex]", range(self.firsts[task], self.firsts[task + 1]))

    def task_at(self, node: NodeIndex) -> TaskIndex:
        """Return the task of a node."""
        return cast("TaskIndex", bisect_right(self.firsts, node) - 1)

    def labels(self) -> list[str]:
        """Return the names of all nodes."""
        labels: list[str] = []
        for number, task in numbered_tasks(self.tasks):
            if number in self.cells:
                labels.extend(self.cells[number].labels(task.name))
            else:
                labels.append(task.name)
        return labels

    def label(self, task: TaskIndex, cell: int) -> str:
        """Return the name of one node."""
        name = self.tasks[task].name
        if task not in self.cells:
            return name
        return f"{name}[{','.join(f'{axis}={value_text(value)}' for axis, value in self.cells[task].cell(cell))}]"

    def task_of(self) -> Iterator[TaskIndex]:
        """Yield the task of each node."""
        firsts = self.firsts
        return chain.from_iterable(
            repeat(task, firsts[task + 1] - firsts[task]) for task, _ in numbered_tasks(self.tasks)
        )


class NodeCells(Sequence["Cell"]):
    """The cell of each node, computed on access."""

    __slots__ = ("_layout", "_task_of")

    def __init__(self, layout: GraphLayout) -> None:
        """Look up cells in a layout."""
        self._layout = layout
        self._task_of = cast("Sequence[TaskIndex]", array("i", layout.task_of()))

    def __len__(self) -> int:
        return len(self._layout)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> list[Cell]: ...
    def __getitem__(self, index: int | slice) -> Cell | list[Cell]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        task = self._task_of[index]
        cells = self._layout.cells.get(task)
        return () if cells is None else cells.cell(index % len(self) - self._layout.firsts[task])


def lay_out(tasks: Sequence[Task], broken: set[str], diagnostics: Diagnostics) -> GraphLayout:
    """Lay out the tasks. Tasks that are too large or without cells are recorded, and added to the broken ones."""
    cells: dict[TaskIndex, Cells] = {}
    sizes = {number: most_cells(task.matrix) for number, task in numbered_tasks(tasks) if task.matrix}
    if len(tasks) + sum(sizes.values()) > MOST_NODES:
        _too_large(tasks, sizes, diagnostics)
        broken.update(tasks[number].name for number in sizes)
        return GraphLayout(tasks, cells)
    for number in sizes:
        matrix = tasks[number].matrix
        try:
            if matrix is not None and tasks[number].name not in broken:
                cells[number] = _cells_of(matrix)
        except ValueProblem as wrong:
            broken.add(tasks[number].name)
            diagnostics.wrong(("tasks", tasks[number].name, "matrix"), wrong, quoted("matrix"))
    return GraphLayout(tasks, cells)


def _cells_of(matrix: Matrix) -> Cells:
    """Lay out a matrix. Raises ValueProblem."""
    if not matrix.is_listed:
        return ProductCells(matrix)
    from dagtui.graph.matrix.listed_cells import ListedCells

    return ListedCells(matrix)


def _too_large(tasks: Sequence[Task], sizes: dict[TaskIndex, int], diagnostics: Diagnostics) -> None:
    size = len(tasks) + sum(sizes.values())
    shown = f"{size:,}" if size < 10**15 else f"more than {10**15:,}"
    message = f"the graph would have {shown} nodes; at most {MOST_NODES:,} are allowed"
    largest = max(sizes, key=sizes.__getitem__, default=None)
    if largest is None:
        diagnostics.key(("tasks",), message)
    else:
        diagnostics.key(("tasks", tasks[largest].name, "matrix"), message, "give the axes fewer values")
