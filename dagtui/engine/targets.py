"""Targets: the nodes that a run is for. They are part of it with all of their ancestors.

Most runs are for all nodes, and start without this module.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, filterfalse
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.walks import reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from dagtui.graph.model import Graph, NodeIndex


class Targets(NamedTuple):
    """The nodes that a call asks for."""

    nodes: tuple[NodeIndex, ...]
    named: tuple[str, ...] = ()
    """The names that were given. Empty: the nodes are the graph's default."""


def outside_ancestors(graph: Graph, selected: Sequence[int], nodes: Iterable[NodeIndex]) -> set[NodeIndex]:
    """Return those of the nodes and their ancestors that are not selected. Ancestors of selected nodes are selected."""
    is_selected = selected.__getitem__
    return reach(filterfalse(is_selected, nodes), lambda node: filterfalse(is_selected, graph.parents(node)))


def with_finally(graph: Graph, targets: Targets) -> Targets:
    """Return the targets with the finally nodes that run by default and need nothing else."""
    if not graph.any_finally:
        return targets
    inside = reach(targets.nodes, graph.parents)
    added = []
    for node in graph.order:
        task = graph.task(node)
        if task.is_finally and task.default and node not in inside and inside.issuperset(graph.parents(node)):
            inside.add(node)
            added.append(node)
    return targets._replace(nodes=(*targets.nodes, *sorted(added)))


def whole_names(graph: Graph, nodes: Collection[NodeIndex]) -> list[str]:
    """Return names for nodes: that of a task for all of its cells, and else those of cells."""
    total, found = Counter(graph.task_of), Counter(graph.task_of[node] for node in nodes)
    whole = {task for task, number in found.items() if number == total[task] > 1}
    names = (graph.task(node).name if graph.task_of[node] in whole else graph.labels[node] for node in nodes)
    return list(dict.fromkeys(names))


def nodes_named(graph: Graph, names: Iterable[str]) -> tuple[NodeIndex, ...]:
    """Return the nodes that `whole_names` gave names for. Names that the graph no longer has mean none."""
    cells: dict[str, list[NodeIndex]] = {}
    for node, task in zip(graph.nodes, graph.task_of, strict=True):
        cells.setdefault(graph.tasks[task].name, []).append(node)
    numbers = ((name, graph.find(name)) for name in names)
    found = (cells.get(name, []) if number is None else [number] for name, number in numbers)
    return tuple(dict.fromkeys(chain.from_iterable(found)))
