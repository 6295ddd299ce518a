"""Edges from files: a node that reads what another one writes comes after it."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.files.file_edges import FileEdges
from dagtui.graph.files.matching import FileMatching, meets
from dagtui.graph.files.paths import PathKind, PathPlan, PathSpelling, UnknownValue, is_plain
from dagtui.graph.files.places import ForbiddenPlaces
from dagtui.graph.files.variables import with_variables
from dagtui.graph.model import NodeIndex, numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.files.paths import DeclaredPath, NodeFiles
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import ParameterValue, Task, TaskIndex

    Edge = tuple[NodeIndex, NodeIndex]

MOST_EDGES = 2_000_000
"""Number of edges from files. Each takes some hundred bytes until all are known."""
MOST_PATHS = 5_000_000
"""Number of paths of all nodes together."""
MOST_SHOWN = 50
"""Number of outputs declared twice that are reported."""


class FileLinks:
    """What the tasks of a layout read and write, and the edges that follow."""

    def __init__(
        self,
        layout: GraphLayout,
        params: Mapping[str, ParameterValue],
        directory: Path,
        diagnostics: Diagnostics,
        origins: Origins,
    ) -> None:
        self._layout = layout
        self._params = params
        self._spelling = PathSpelling(directory)
        self._diagnostics = diagnostics
        self._origins = origins
        self._matching = FileMatching()
        self._edges = FileEdges((), 1)
        self._count = 0
        """Number of paths so far."""
        self.file_edges: FileEdges | None = None
        """The edges that only files make, once they are merged with those of `needs`. None if there are none."""

    def find(self, tasks: list[Task], environment: Mapping[str, str], broken: Collection[str], state: str) -> None:
        """Fill in the variables in the paths of all tasks but broken ones, in place, and link their nodes.

        `state` is the directory of runs that the file names, if it names one.
        """
        places = ForbiddenPlaces(self._spelling, state)
        for number, task in numbered_tasks(tasks):
            if not (task.inputs or task.outputs) or task.name in broken:
                continue
            if number not in self._layout.cells and not places.state and is_plain(task):
                self._add_plain(cast("NodeIndex", self._layout.firsts[number]), task)
                continue
            try:
                tasks[number] = self._add(number, with_variables(task, environment), places)
            except UnknownValue:
                continue  # reported with the other placeholders, or a variable that need not be set yet
            except ValueProblem as wrong:
                key, *inside = wrong.inside or ("inputs",)
                at = self._origins.of(number, str(key), *inside)
                self._diagnostics.value(at, wrong.message, wrong.hint, needle=wrong.needle)
        try:
            self._link()
        except ValueProblem as wrong:
            self._diagnostics.wrong(("tasks",), wrong)

    def merged(self, edges: Iterable[Edge]) -> list[Edge]:
        """Return all edges, in the order of the children: those of `needs` come first. Stores which of them are new."""
        pairs, count = list(edges), len(self._layout)
        children = {child for _, child in self._edges}
        needed = FileEdges([pair for pair in pairs if pair[1] in children], count)
        new = FileEdges([edge for edge in self._edges if not needed.has(*edge)], count)
        self.file_edges = new if len(new) else None
        pairs += cast("Iterable[Edge]", new)
        pairs.sort(key=itemgetter(1))
        return pairs

    @cached_property
    def tasks(self) -> frozenset[TaskIndex]:
        """The tasks that read what other nodes write."""
        return frozenset([self._layout.task_at(child) for _, child in cast("Iterable[Edge]", self._edges)])

    def has(self, parent: NodeIndex, child: NodeIndex) -> bool:
        """Return whether a node reads what another one writes."""
        return self._edges.has(parent, child)

    def meeting(self, parent: NodeIndex, child: NodeIndex) -> tuple[DeclaredPath, int]:
        """Return the first input of a node that another one makes, and its position in `inputs`."""
        outputs = self._files(parent).outputs
        for position, wanted in enumerate(self._files(child).inputs):
            if any(meets(output, wanted) for output in outputs):
                return wanted, position
        raise ValueError("they share no file")

    def _add_plain(self, node: NodeIndex, task: Task) -> None:
        """Add the paths of a task without a matrix that all name files, as most do."""
        matching = self._matching
        for text in task.outputs:
            if matching.made.setdefault(text, node) != node:
                matching.add_output(node, PathKind.FILE, text)
        matching.read += [(text, node) for text in task.inputs]

    def _add(self, number: TaskIndex, task: Task, places: ForbiddenPlaces) -> Task:
        """Add the paths of a task. Raises ValueProblem."""
        nodes = self._layout.nodes(number)
        plan = PathPlan(task, self._params, self._spelling)
        if plan.constant is not None:
            places.check(plan.constant)
            self._count_paths(plan.constant, len(nodes))
            for node in nodes:
                self._add_files(node, plan.constant)
            return task
        cells = self._layout.cells.get(number)
        for cell, node in enumerate(nodes):
            found = plan.fill(cells.cell(cell) if cells is not None else ())
            places.check(found)
            self._count_paths(found, 1)
            self._add_files(node, found)
        return task

    def _add_files(self, node: NodeIndex, files: NodeFiles) -> None:
        for path in files.outputs:
            self._matching.add_output(node, path.kind, path.path)
        for path in files.inputs:
            self._matching.add_input(node, path.kind, path.path)

    def _count_paths(self, files: NodeFiles, nodes: int) -> None:
        """Raise ValueProblem if there are too many paths with those of `nodes` more nodes."""
        self._count += nodes * (len(files.inputs) + len(files.outputs))
        if self._count > MOST_PATHS:
            key = "inputs" if files.inputs else "outputs"
            message = f"the nodes would read and write more than {MOST_PATHS:,} paths"
            raise ValueProblem(message, "name folders or patterns", inside=(key,))

    def _link(self) -> None:
        """Find the edges, and record outputs declared twice and nodes that read what they write."""
        self._matching.find_clashes()
        self._report_clashes()
        own: set[NodeIndex] = set()
        self._edges = FileEdges(self._distinct(own), len(self._layout))
        for node in sorted(own):
            self._report_own(node)

    def _distinct(self, own: set[NodeIndex]) -> Iterator[Edge]:
        """Yield the edges, without those from a node to itself, whose nodes are added to `own`. Raises ValueProblem."""
        found = 0
        for edge in self._matching.edges():
            if edge[0] == edge[1]:
                own.add(edge[0])
                continue
            found += 1
            if found > MOST_EDGES:
                message = f"inputs and outputs would make more than {MOST_EDGES:,} edges"
                raise ValueProblem(message, "put a task without a matrix between them")
            yield edge

    def _report_own(self, node: NodeIndex) -> None:
        number, label = self._whose(node)
        wanted, position = self.meeting(node, node)
        message = f"{quoted(label)} reads {quoted(wanted.from_folder)}, which it writes itself"
        hint = "remove it from inputs, or let the task write another file"
        self._diagnostics.value(self._origins.of(number, "inputs", position), message, hint, needle=wanted.text)

    def _report_clashes(self) -> None:
        reported: set[tuple[TaskIndex, TaskIndex]] = set()
        for one, other in sorted(set(self._matching.clashing), key=lambda pair: (pair[1], pair[0])):
            (first, label), (number, other_label) = self._whose(one), self._whose(other)
            if (first, number) in reported or len(reported) >= MOST_SHOWN:
                continue
            reported.add((first, number))
            before, after, position = self._clash(one, other)
            same = before.path == after.path and before.kind is after.kind
            which = f"write {quoted(before.from_folder)} and {quoted(after.from_folder)}, which overlap"
            which = f"both write {quoted(after.from_folder)}" if same else which
            message = f"{quoted(label)} and {quoted(other_label)} {which}"
            hint = "each output is made by one node: give one of them another path"
            if first == number:
                hint = "put into the path what differs between the cells, for example {{ matrix.AXIS }}"
            self._diagnostics.value(self._origins.of(number, "outputs", position), message, hint)

    def _clash(self, one: NodeIndex, other: NodeIndex) -> tuple[DeclaredPath, DeclaredPath, int]:
        for position, after in enumerate(self._files(other).outputs):
            for before in self._files(one).outputs:
                if meets(before, after):
                    return before, after, position
        raise ValueError("their outputs differ")

    def _files(self, node: NodeIndex) -> NodeFiles:
        number, _ = self._whose(node)
        task, cells = self._layout.tasks[number], self._layout.cells.get(number)
        plan = PathPlan(task, self._params, self._spelling)
        if plan.constant is not None:
            return plan.constant
        return plan.fill(cells.cell(node - self._layout.firsts[number]) if cells is not None else ())

    def _whose(self, node: NodeIndex) -> tuple[TaskIndex, str]:
        """Return the task of a node, and the node's name."""
        number = self._layout.task_at(node)
        return number, self._layout.label(number, node - self._layout.firsts[number])
