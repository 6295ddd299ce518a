"""Find the nodes that a person means: a label, a task, some of its cells with axes in any order, or a pattern."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean, in_other_form
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.matrix.selectors import split_axes, target_of
from dagtui.graph.model import numbered_tasks
from dagtui.graph.several_tasks import groups_of, is_in_group, matches
from dagtui.text import label
from dagtui.text.amounts import first_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dagtui.graph.model import Graph, NodeIndex, TaskIndex

LISTED = 10
"""The largest number of alternatives that an error lists."""


class ChoiceError(ValueError):
    """The words do not select a node. The text is one line and safe to show."""


def chosen_nodes(graph: Graph, names: Iterable[str]) -> tuple[NodeIndex, ...]:
    """Return the nodes that any of the names mean, each once, in the order of the names. Raises ChoiceError."""
    return tuple(dict.fromkeys(node for name in names for node in nodes_matching(graph, name)))


def nodes_meant(graph: Graph, words: str) -> list[NodeIndex]:
    """Return the nodes that are meant, in the order of the file, at least one. Raises ChoiceError."""
    node = graph.find(words)
    if node is not None:
        return [node]
    index = {task.name: number for number, task in numbered_tasks(graph.tasks)}
    target = target_of(words, index)
    if target is None:
        raise ChoiceError(_unknown(graph, words, index))
    task, inside = target
    nodes = [node for node, number in zip(graph.nodes, graph.task_of, strict=True) if number == task]
    if inside is None:
        return nodes
    wanted = _meant(graph, nodes, _axes(graph, nodes, inside))
    chosen = [node for node in nodes if wanted.items() <= _texts(graph, node).items()]
    if not chosen:
        raise ChoiceError(_no_cell(graph, nodes, words, wanted))
    return chosen


def _texts(graph: Graph, node: NodeIndex) -> dict[str, str]:
    return {axis: value_text(value) for axis, value in graph.cell(node)}


def _axes(graph: Graph, nodes: list[NodeIndex], inside: str) -> dict[str, str]:
    """Parse what is between the brackets, split where an axis starts, because values may contain commas."""
    matrix = graph.task(nodes[0]).matrix if nodes else None
    several = nodes if matrix is not None and matrix.is_listed else nodes[:1]  # cells that lack some of the axes
    axes = list(dict.fromkeys(axis for node in several for axis in _texts(graph, node)))
    if not axes:
        name = quoted(graph.task(nodes[0]).name) if nodes else "the task"
        raise ChoiceError(f"{name} has no matrix to choose from; write {name}")
    try:
        chosen = split_axes(inside, axes)
    except ValueProblem as wrong:
        raise ChoiceError(f"{wrong.message}; {wrong.hint}" if wrong.hint else wrong.message) from None
    return {axis: text.strip() for axis, text in chosen.items()}


def _meant(graph: Graph, nodes: list[NodeIndex], wanted: dict[str, str]) -> dict[str, str]:
    """Replace each wanted value by its text in names, if there is one. Numbers are compared as numbers."""
    values = {
        axis: AxisValues(value for node in nodes for name, value in graph.cell(node) if name == axis) for axis in wanted
    }
    return {axis: values[axis].meant(text) or text for axis, text in wanted.items()}


def _no_cell(graph: Graph, nodes: list[NodeIndex], words: str, wanted: dict[str, str]) -> str:
    for axis, text in wanted.items():
        known = dict.fromkeys(text for node in nodes for name, text in _texts(graph, node).items() if name == axis)
        if text not in known:
            same = in_other_form(text, known)
            if same:
                return f"{quoted(axis)} has no value {quoted(text)}; {same}"
            shown = first_of([label(value, 60) for value in list(known)[:LISTED]], len(known))
            return f"{quoted(axis)} has no value {quoted(text)}; its values are {shown}"
    return f"there is no node {quoted(words)}: the matrix excludes it"


def _unknown(graph: Graph, words: str, index: dict[str, TaskIndex]) -> str:
    name = words.partition("[")[0]
    hint = did_you_mean(words, index) or did_you_mean(name, index) or did_you_mean(words, graph.labels)
    if not hint and len(index) <= LISTED:
        hint = _there_are(index)
    return f"there is no node {quoted(words)}" + (f"; {hint}" if hint else "")


def _there_are(names: Collection[str]) -> str:
    """List the first of the names that there are. Empty if there are none."""
    return f"there are {first_of([label(name) for name in islice(names, LISTED)], len(names))}" if names else ""


def nodes_matching(graph: Graph, words: str) -> Sequence[NodeIndex]:
    """Return the nodes that are meant, in the order of the file, at least one. Raises ChoiceError.

    The words are a label, a task or some of its cells, as everywhere. Else they are a group with all its nodes. Else
    they are a pattern of labels in which `*` stands for any characters and `?` for one. Brackets are those of the
    labels.
    """
    if graph.find(words) is not None:
        return nodes_meant(graph, words)
    if not any(task.name == words for task in graph.tasks):
        inside = _in_group(graph, words)
        if inside:
            return inside
        if words.endswith("/"):
            groups = groups_of(graph.tasks)
            hint = did_you_mean(words, groups) or _there_are(groups) or 'no task has a "group"'
            raise ChoiceError(f"there is no group {quoted(words)}; {hint}")
        if "*" in words or "?" in words:
            return _like(graph, words)
    return nodes_meant(graph, words)


def _in_group(graph: Graph, words: str) -> list[NodeIndex]:
    group = words.rstrip("/")
    if not group:
        return []
    tasks = {number for number, task in enumerate(graph.tasks) if is_in_group(task, group)}
    return [node for node, task in zip(graph.nodes, graph.task_of, strict=True) if task in tasks] if tasks else []


def _like(graph: Graph, pattern: str) -> Sequence[NodeIndex]:
    """Return the nodes whose label matches the pattern, or whose values are those between its brackets."""
    match = matches(pattern).match
    found = [node for node, label in zip(graph.nodes, graph.labels, strict=True) if match(label)]
    if found:
        return found
    if target_of(pattern, {task.name: number for number, task in numbered_tasks(graph.tasks)}) is not None:
        return nodes_meant(graph, pattern)
    tasks = {task.name: None for task in graph.tasks}
    raise ChoiceError(f"no node matches {quoted(pattern)}; {_there_are(tasks)}")


def default_nodes(graph: Graph) -> tuple[NodeIndex, ...]:
    """Return the nodes that run if none is named. Raises ChoiceError if there are none."""
    if graph.settings.default:
        return chosen_nodes(graph, graph.settings.default)
    nodes = tuple(node for node, task in zip(graph.nodes, graph.task_of, strict=True) if graph.tasks[task].default)
    if not nodes:
        raise ChoiceError('nothing runs by default, because every task has "default = false": name what to run')
    return nodes
