"""Find the nodes that a pattern means: `train*`, a group, or another name for nodes."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted
from dagtui.graph.matrix.selection import ChoiceError, nodes_meant
from dagtui.graph.matrix.selectors import target_of
from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, NodeIndex


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
        if "*" in words or "?" in words:
            return _like(graph, words)
    return nodes_meant(graph, words)


def _in_group(graph: Graph, words: str) -> list[NodeIndex]:
    group = words.rstrip("/")
    if not group:
        return []
    tasks = {
        number for number, task in enumerate(graph.tasks) if task.group == group or task.group.startswith(f"{group}/")
    }
    return [node for node, task in zip(graph.nodes, graph.task_of, strict=True) if task in tasks] if tasks else []


def _like(graph: Graph, pattern: str) -> Sequence[NodeIndex]:
    """Return the nodes whose label matches the pattern, or whose values are those between its brackets."""
    matches = re.compile(translate(pattern.replace("[", "[[]"))).match
    found = [node for node, label in zip(graph.nodes, graph.labels, strict=True) if matches(label)]
    if found:
        return found
    if target_of(pattern, {task.name: number for number, task in numbered_tasks(graph.tasks)}) is not None:
        return nodes_meant(graph, pattern)
    raise ChoiceError(f"no node matches {quoted(pattern)}")
