"""Inputs that do not exist and that no task writes. A run with one is refused before anything starts.

A value that its file does not have is such an input, too.
"""

from __future__ import annotations

import glob
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.files.matching import meets
from dagtui.graph.files.paths import DeclaredPaths, PathKind
from dagtui.graph.secrets import located
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dagtui.graph.files.paths import DeclaredPath
    from dagtui.graph.model import Graph, NodeIndex, Task
    from dagtui.graph.toml.positions import KeyPath

_HIDDEN = MARK.decode()
_MOST = 1000
"""Number of missing inputs after which no more are searched for."""


def _no_problem(_path: DeclaredPath) -> str:
    return ""


class MissingInput(NamedTuple):
    """An input of a node that is not there."""

    node: NodeIndex
    path: DeclaredPath
    position: int
    """Its position in `inputs`."""
    may_be_made: bool
    """Whether a task that names no outputs comes before, and may write it."""
    problem: str = ""
    """What is wrong with the file of a value. Empty: it does not exist."""

    @property
    def is_pattern(self) -> bool:
        """Whether it is a pattern, which may match nothing."""
        return self.path.kind is PathKind.GLOB

    @property
    def is_unsure(self) -> bool:
        """Whether only the run will show if it is there."""
        return self.may_be_made and not self.is_pattern

    @property
    def is_refused(self) -> bool:
        """Whether a run can't begin."""
        return not self.may_be_made and not self.is_pattern


def missing_inputs(
    graph: Graph, nodes: Iterable[NodeIndex], *, patterns: bool, problem_of: Callable[[DeclaredPath], str] = _no_problem
) -> Iterator[MissingInput]:
    """Yield the inputs of some nodes that do not exist and that no task writes. It looks at the disk.

    Patterns that match nothing are yielded only if that is asked for: to find out may take long in large folders.
    `problem_of` says what is wrong with the file of a value that exists.
    """
    paths, known, unsure = DeclaredPaths(graph), _OnDisk(graph), _Unsure(graph)
    for node in nodes:
        if not graph.task(node).inputs:
            continue
        try:
            inputs = paths.of(node).inputs
        except ValueProblem:  # said when the node starts
            continue
        made: _Made | None = None
        for position, path in enumerate(inputs):
            if path.kind is PathKind.GLOB and not patterns:
                continue
            there = known.has(path)
            problem = problem_of(path) if there and path.kind is PathKind.VALUE else ""
            if there and not problem:
                continue
            made = made or _Made(graph, paths, node)
            if made.has(path):
                continue
            yield MissingInput(node, path, position, unsure.may_write(node), problem)


class _Made:
    """What the parents of a node write: whichever task writes an input is a parent by it."""

    def __init__(self, graph: Graph, paths: DeclaredPaths, node: NodeIndex) -> None:
        self._outputs = [output for parent in graph.parents(node) for output in paths.of(parent).outputs]
        self._files = {output.path for output in self._outputs if output.kind is PathKind.FILE}
        self._others = [output for output in self._outputs if output.kind is not PathKind.FILE]

    def has(self, path: DeclaredPath) -> bool:
        """Return whether a parent writes an input. A file is looked up, as most are."""
        if path.kind in {PathKind.FILE, PathKind.VALUE}:
            return path.path in self._files or any(meets(output, path) for output in self._others)
        return any(meets(output, path) for output in self._outputs)


class _OnDisk:
    """What exists now, each path looked at once."""

    def __init__(self, graph: Graph) -> None:
        self._directory = os.path.abspath(graph.directory or "")
        self._known: dict[tuple[str, bool], bool] = {}

    def has(self, path: DeclaredPath) -> bool:
        """Return whether a path exists, or something that matches a pattern. What is not known here may exist."""
        place = path.path, path.kind is PathKind.GLOB
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = _HIDDEN in path.path or self._look(*place)
        return found

    def _look(self, path: str, is_pattern: bool) -> bool:
        if is_pattern:
            return any(True for _ in glob.iglob(path, root_dir=self._directory, recursive=True))
        return os.path.exists(os.path.join(self._directory, path))


class _Unsure:
    """Which nodes come after one that executes something and does not say what it writes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found: bytearray | None = None

    def may_write(self, node: NodeIndex) -> bool:
        """Return whether such a node comes before this one."""
        if self._found is None:
            graph = self._graph
            says_nothing = [bool(task.action) and not task.outputs for task in graph.tasks]
            found = self._found = bytearray(len(graph))
            for at in graph.order:
                found[at] = any(found[parent] or says_nothing[graph.task_of[parent]] for parent in graph.parents(at))
        return bool(self._found[node])


def refuse_missing(
    graph: Graph,
    nodes: Iterable[NodeIndex],
    mask: Callable[[str], str] = str,
    problem_of: Callable[[DeclaredPath], str] = _no_problem,
) -> None:
    """Raise GraphError if inputs of these nodes don't exist and no task can write them, with all in one report."""
    diagnostics, made, reported = Diagnostics(), None, set[tuple[int, str]]()
    nodes = list(nodes)
    _check_yaml(graph, nodes, diagnostics)
    for one in missing_inputs(graph, nodes, patterns=False, problem_of=problem_of):
        node, path, position, _, problem = one
        number = graph.task_of[node]
        place = number, path.text if problem else path.path
        if not one.is_refused or place in reported or len(reported) >= _MOST:
            continue
        reported.add(place)
        if made is None:
            made = [mask(text) for task in graph.tasks for text in task.outputs]
        file = graph.tasks[number].file
        who = f"{quoted(mask(graph.labels[node]))}{f' of {quoted(file)}' if file else ''}"
        shown, at = mask(path.from_folder), _place(graph.tasks[number], position)
        if problem:
            message, _, near = mask(problem).partition("; ")
            diagnostics.value(
                at, f"{who} reads {quoted(shown)}: the file {message}", near or "correct the file or the name"
            )
            continue
        message = f"{who} reads {quoted(shown)}, which does not exist"
        near = diagnostics.nearest(shown, made)
        hint = "create it, or name it in the outputs of the task that writes it"
        diagnostics.value(at, f"{message} and which no task writes", f"{near} Otherwise {hint}" if near else hint)
    if diagnostics:
        raise located(diagnostics, graph)


def _place(task: Task, position: int) -> KeyPath:
    """Return where an input is written. Tasks of included files have no place in this one."""
    return ("include",) if task.file else ("tasks", task.name, "inputs", position)


def _check_yaml(graph: Graph, nodes: Iterable[NodeIndex], diagnostics: Diagnostics) -> None:
    """Record the first input that is a value in a YAML file if no program to read YAML is installed."""
    for number in dict.fromkeys(graph.task_of[node] for node in nodes):
        for position, text in enumerate(graph.tasks[number].inputs):
            if "#" in text and text.partition("#")[0].endswith((".yaml", ".yml")):
                if find_spec("yaml") is None:
                    message = f"{quoted(text)}: to read YAML, dagtui needs PyYAML, which is not installed"
                    diagnostics.value(
                        _place(graph.tasks[number], position), message, "install it: pip install 'dagtui[yaml]'"
                    )
                return
