"""The definition of a node in named parts, compared between two readings of a graph.

A success is valid for these parts. They are what is executed and what comes before it: `run`, `call`, `args.NAME`,
`ask`, `choices`, `cwd`, `shell`, `wrap`, `env.NAME`, `tty`, `colour`, `inputs`, `outputs`, `needs`, and `params.NAME`
where only the value of a parameter differs. A node is identified by its label, which states its task and its cell. Not
compared is what decides when, where, how often or how long a node is tried (trigger, executor, resources, retries,
timeout, grace, slots, pools), what a failure means, and how it is shown. Nor are the environment of the run itself and
the contents of files.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.braces import Placeholder, Root, TemplatePlace, quote
from dagtui.graph.expressions.templates import parameter_text, parse_command, parse_template, value_text
from dagtui.graph.files.parents import parents_of_needs
from dagtui.graph.gates import Gate
from dagtui.graph.model import DEFAULT_SHELL, ArgumentList, PythonCall, ShellCommand, numbered_tasks
from dagtui.text import count, label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.expressions.templates import Template
    from dagtui.graph.model import Graph, NodeIndex, Task, TaskIndex

_BETWEEN_ARGUMENTS = "\1"
NEW = "new"
"""Stands for all parts of a node that the older graph does not have."""


def changed_parts(old: Graph, new: Graph) -> dict[NodeIndex, tuple[str, ...]]:
    """Return the nodes of the new graph whose definition differs from the node of the same name, with the parts.

    Both graphs may have redacted texts. Differences in redacted text are not found.
    """
    comparison = _Comparison(old, new)
    same_nodes = old.labels == new.labels
    edges = _same_numbers if same_nodes else _Translated(old, new).same
    changed: dict[NodeIndex, tuple[str, ...]] = {}
    for node, name in zip(new.nodes, new.labels, strict=True):
        other = node if same_nodes else old.find(name)
        if other is None:
            changed[node] = (NEW,)
            continue
        parts = comparison.parts(old.task_of[other], new.task_of[node])
        if not edges(old, other, new, node):
            parts = (*parts, "needs")
        if parts:
            changed[node] = parts
    return changed


class CellChange(NamedTuple):
    """How many cells of a task are new, and how many are gone."""

    new: int
    gone: int

    def words(self, sheet: str = "") -> str:
        """Say it for people, with the sheet that the cells come from, if any."""
        parts = [plural(self.new, "new cell")] if self.new else []
        if self.gone:
            parts.append(f"{count(self.gone)} gone" if parts else f"{plural(self.gone, 'cell')} gone")
        return f"{label(sheet)}: {', '.join(parts)}" if sheet else ", ".join(parts)


def changed_cells(old: Graph, new: Graph) -> dict[TaskIndex, CellChange]:
    """Return the tasks of both graphs that do not have the same cells, by their numbers in the new one."""
    if old.labels == new.labels:
        return {}
    before, after = _labels_of_matrices(old), _labels_of_matrices(new)
    changes: dict[TaskIndex, CellChange] = {}
    for number, task in numbered_tasks(new.tasks):
        if task.name in before and task.name in after:
            one, other = before[task.name], after[task.name]
            change = CellChange(len(other - one), len(one - other))
            if change != (0, 0):
                changes[number] = change
    return changes


def _labels_of_matrices(graph: Graph) -> dict[str, set[str]]:
    """Return the names of the nodes of each task that has a matrix."""
    found: dict[str, set[str]] = {task.name: set() for task in graph.tasks if task.matrix is not None}
    for name, number in zip(graph.labels, graph.task_of, strict=True):
        if graph.tasks[number].matrix is not None:
            found[graph.tasks[number].name].add(name)
    return found


def gone(old: Graph, new: Graph) -> tuple[str, ...]:
    """Return the tasks of the old graph that the new one no longer has."""
    there = {task.name for task in new.tasks}
    return tuple(task.name for task in old.tasks if task.name not in there)


def with_descendants(graph: Graph, nodes: dict[NodeIndex, tuple[str, ...]]) -> dict[NodeIndex, NodeIndex]:
    """Return some nodes and all their descendants, each with one of the given nodes above it, or itself."""
    origin = {node: node for node in nodes}
    queue = list(origin)
    for node in queue:
        for child in graph.children(node):
            if child not in origin:
                origin[child] = origin[node]
                queue.append(child)
    return origin


def _same_numbers(old: Graph, other: NodeIndex, new: Graph, node: NodeIndex) -> bool:
    """Return whether a node has the same parents in two graphs that number their nodes in the same way.

    Which files make other parents is a part of `inputs`.
    """
    before, after = old.parents(other), new.parents(node)
    if before == after or set(before) == set(after):
        return True
    return set(parents_of_needs(old, other)) == set(parents_of_needs(new, node))


class _Translated:
    """The parents of nodes in two graphs that number their nodes in different ways."""

    def __init__(self, old: Graph, new: Graph) -> None:
        self._number = [new.find(name) for name in old.labels]

    def same(self, old: Graph, other: NodeIndex, new: Graph, node: NodeIndex) -> bool:
        number, before, after = self._number, old.parents(other), new.parents(node)
        if {number[parent] for parent in before} == set(after):
            return True
        return {number[parent] for parent in parents_of_needs(old, other)} == set(parents_of_needs(new, node))


class _Comparison:
    """Compares tasks, each pair of them once."""

    def __init__(self, old: Graph, new: Graph) -> None:
        self._old = old
        self._new = new
        before, after = ({name: parameter_text(value) for name, value in graph.params.items()} for graph in (old, new))
        self._params = frozenset(name for name in before | after if before.get(name) != after.get(name))
        self._known: dict[tuple[int, int], tuple[str, ...]] = {}

    def parts(self, other: TaskIndex, number: TaskIndex) -> tuple[str, ...]:
        """Return the parts in which a task of the new graph differs from one of the old graph."""
        known = self._known.get((other, number))
        if known is None:
            known = self._known[other, number] = tuple(self._compare(self._old.tasks[other], self._new.tasks[number]))
        return known

    def _compare(self, before: Task, after: Task) -> Iterator[str]:
        if not self._params and _written(before) == _written(after):
            return
        old, new = dict(_texts(before)), dict(_texts(after))
        named: set[str] = set()
        for part in dict.fromkeys([*old, *new]):
            if part not in old or part not in new:
                yield part
                continue
            one, other = old[part], new[part]
            if _filled(one, self._old) == _filled(other, self._new):
                continue
            used = {hole.name for hole in one.holes() if hole.root is Root.PARAMS} & self._params
            if one.source != other.source or not used:
                yield part
            named |= used if one.source == other.source else set()
        yield from (f"params.{name}" for name in sorted(named))


def _written(task: Task) -> tuple[object, ...]:
    return task.action, task.cwd, task.shell, task.env, task.tty, task.colour, task.wrap, task.inputs, task.outputs


class _Text:
    """One part of a task as it is written."""

    def __init__(self, source: str, template: Template | None, written: Callable[[str, TemplatePlace], str]) -> None:
        self.source = source
        self.written = written
        """Formats a value for a place in the text."""
        self.join = (_BETWEEN_ARGUMENTS if written is _plain else " ").join
        """Joins the elements of a list."""
        self._template = template

    def holes(self) -> list[Placeholder]:
        """The placeholders."""
        return [] if self._template is None else list(self._template.placeholders())

    def fill(self, value_of: Callable[[Placeholder], str]) -> str:
        """Return the text with values in the places of placeholders."""
        return self.source if self._template is None else self._template.fill(value_of)


def _filled(text: _Text, graph: Graph) -> str:
    """Fill in the parameters of a text. What depends on the cell or is known only later stays a placeholder."""

    def value(hole: Placeholder) -> str:
        if hole.root is Root.PARAMS and hole.name in graph.params:
            found = graph.params[hole.name]
            if isinstance(found, tuple) and (found or hole.default is None):
                return text.join([text.written(value_text(entry), hole.place) for entry in found])
            return text.written(hole.known("" if isinstance(found, tuple) else value_text(found)) or "", hole.place)
        # NUL is a character that no text read from a file contains.
        return f"\0{hole.root.value}.{hole.name}\0{hole.output}\0{hole.default}\0"

    return text.fill(value)


def _texts(task: Task) -> Iterator[tuple[str, _Text]]:
    action = task.action
    if isinstance(action, ShellCommand):
        yield "run", _text(action.text, lambda text: parse_command(text, task.shell), quote)
    elif isinstance(action, ArgumentList):
        yield "run", _text(_BETWEEN_ARGUMENTS.join(["", *action.arguments]), parse_template)
    elif isinstance(action, PythonCall):
        yield "call", _Text(action.target, None, _plain)
        for name, value in action.arguments.items():
            yield f"args.{name}", _text(value if isinstance(value, str) else repr(value), parse_template)
    elif isinstance(action, Gate):
        yield "ask", _text(action.question, parse_template)
        yield "choices", _Text(_BETWEEN_ARGUMENTS.join(action.answers), None, _plain)
    for part, paths in (("inputs", task.inputs), ("outputs", task.outputs)):
        if paths:
            yield part, _text(_BETWEEN_ARGUMENTS.join(["", *paths]), parse_template)
    yield "cwd", _text(os.path.normpath(task.cwd), parse_template)
    yield "shell", _Text(_BETWEEN_ARGUMENTS.join(task.shell or DEFAULT_SHELL), None, _plain)
    if task.wrap:
        yield "wrap", _text(_BETWEEN_ARGUMENTS.join(["", *task.wrap]), parse_template)
    for name, value in task.env.items():
        yield f"env.{name}", _text(value, parse_template)
    if task.tty:
        yield "tty", _Text("true", None, _plain)  # programs print other things to a terminal
    if task.colour:
        yield "colour", _Text("true", None, _plain)  # codes may go into files


def _plain(value: str, _place: TemplatePlace) -> str:
    return value


def _text(
    source: str, parse: Callable[[str], Template], written: Callable[[str, TemplatePlace], str] = _plain
) -> _Text:
    try:
        return _Text(source, parse(source), written)
    except ValueProblem:  # `***` is here in place of another text
        return _Text(source, None, written)
