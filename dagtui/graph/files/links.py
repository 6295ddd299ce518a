"""Edges from files: a node that reads what another one writes comes after it."""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.files.file_edges import FileEdges
from dagtui.graph.files.matching import FileMatching, clashes, meets
from dagtui.graph.files.paths import PathKind, PathPlan, PathSpelling, UnknownValue, is_plain
from dagtui.graph.files.places import ForbiddenPlaces
from dagtui.graph.files.variables import with_variables
from dagtui.graph.flat_edges import MOST_EDGES
from dagtui.graph.model import NodeIndex, numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.files.paths import DeclaredPath, NodeFiles
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import ParameterValue, Task, TaskIndex

    Edge = tuple[NodeIndex, NodeIndex]

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
        self._edges: set[Edge] = set()
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
            if task.cwd == "." and number not in self._layout.cells and not places.state and _are_plain(task):
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
        pairs = list(edges)
        children = {child for _, child in self._edges}
        new = self._edges.difference([pair for pair in pairs if pair[1] in children])
        self.file_edges = FileEdges(new, len(self._layout)) if new else None
        pairs += sorted(new)
        pairs.sort(key=itemgetter(1))
        return pairs

    @cached_property
    def tasks(self) -> frozenset[TaskIndex]:
        """The tasks that read what other nodes write."""
        return frozenset([self._layout.task_at(child) for _, child in self._edges])

    def has(self, parent: NodeIndex, child: NodeIndex) -> bool:
        """Return whether a node reads what another one writes."""
        return (parent, child) in self._edges

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
        matching, nodes = self._matching, self._layout.nodes(number)
        plan = PathPlan(task, self._params, self._spelling)
        cells = self._layout.cells.get(number)
        for cell, node in enumerate(nodes):
            found = plan.constant
            if found is None:
                found = plan.fill(cells.cell(cell) if cells is not None else ())
            if cell == 0 or plan.constant is None:
                places.check(found)
            for path in found.outputs:
                matching.add_output(node, path.kind, path.path)
            for path in found.inputs:
                matching.add_input(node, path.kind, path.path)
        return task

    def _link(self) -> None:
        """Find the edges, and record outputs declared twice and nodes that read what they write."""
        self._matching.find_clashes()
        self._report_clashes()
        own: set[NodeIndex] = set()
        for edge in self._matching.edges():
            if edge[0] == edge[1]:
                own.add(edge[0])
            else:
                self._edges.add(edge)
                if len(self._edges) > MOST_EDGES:
                    message = f"inputs and outputs would make more than {MOST_EDGES:,} edges"
                    raise ValueProblem(message, "put a task without a matrix between them")
        for node in sorted(own):
            self._report_own(node)

    def _report_own(self, node: NodeIndex) -> None:
        number, label = self._whose(node)
        wanted, position = self.meeting(node, node)
        message = f"{quoted(label)} reads {quoted(wanted.text)}, which it writes itself"
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
            which = f"write {quoted(before.text)} and {quoted(after.text)}, which overlap"
            which = f"both write {quoted(after.text)}" if same else which
            message = f"{quoted(label)} and {quoted(other_label)} {which}"
            hint = "each output is made by one node: give one of them another path"
            if first == number:
                hint = "put into the path what differs between the cells, for example {{ matrix.AXIS }}"
            self._diagnostics.value(self._origins.of(number, "outputs", position), message, hint)

    def _clash(self, one: NodeIndex, other: NodeIndex) -> tuple[DeclaredPath, DeclaredPath, int]:
        for position, after in enumerate(self._files(other).outputs):
            for before in self._files(one).outputs:
                if clashes(before, after):
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


def _are_plain(task: Task) -> bool:
    return all(map(is_plain, task.inputs)) and all(map(is_plain, task.outputs))
