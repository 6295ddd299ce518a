"""Tasks laid out as nodes: the numbers of the nodes of each task, and their names."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, cast, overload

from dagtui.graph.expressions.templates import value_text
from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.graph.matrix.cells import Cells
    from dagtui.graph.model import Cell, NodeIndex, Task, TaskIndex


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
