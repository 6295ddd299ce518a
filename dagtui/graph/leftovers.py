"""Leftovers: nodes that a file no longer has while their attempts go on, beside the nodes that it has now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.expressions.braces import doubled
from dagtui.graph.files.file_edges import FileEdges
from dagtui.graph.model import Graph, ShellCommand, Task, TaskIndex

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import NodeIndex

_LONGEST = 50_000
"""Characters of a command that are kept for people to read."""


def leftover(old: Task, label: str, command: str, pools: Container[str]) -> Task:
    """Return a task for one node whose attempt goes on. It has no edges, and never begins again.

    `command` is what the attempt executes, for people to read, and `pools` names those that there are now.
    """
    text = doubled(command) if 0 < len(command) <= _LONGEST else ":"
    return Task(
        label,
        ShellCommand(text),
        group=old.group,
        doc=old.doc,
        cwd=old.cwd if "{{" not in old.cwd else ".",
        timeout=old.timeout,
        grace=old.grace,
        slots=old.slots,
        pools=tuple(want for want in old.pools if want[0] in pools),
        service=old.service,
        is_finally=old.is_finally,
        allow_failure=True,
        tty=old.tty,
        executor=old.executor,
        resources=old.resources,
    )


def with_leftovers(graph: Graph, leftovers: Sequence[Task], known: Mapping[str, ExecutorSettings]) -> Graph:
    """Return a graph with more nodes at its end: one for each task, named like it. The others keep their numbers.

    `known` are the executors of the graph before, of which some may still have attempts of the leftovers.
    """
    if not leftovers:
        return graph
    first = len(graph.tasks)
    cells = None if graph.cells is None else [*(graph.cell(node) for node in graph.nodes), *(() for _ in leftovers)]
    found = Graph(
        [*graph.labels, *(task.name for task in leftovers)],
        _edges(graph),
        name=graph.name,
        path=graph.path,
        directory=graph.directory,
        tasks=[*graph.tasks, *leftovers],
        task_of=[*graph.task_of, *map(TaskIndex, range(first, first + len(leftovers)))],
        cells=cells,
        params=graph.params,
        given=graph.given,
        settings=graph.settings,
    )
    found.pools, found.variables, found.sources = graph.pools, graph.variables, graph.sources
    found.remarks, found.digest = graph.remarks, graph.digest
    found.executor_given = graph.executor_given
    held = {task.executor: known[task.executor] for task in leftovers if task.executor in known}
    found.executors = {**graph.executors, **{name: held[name] for name in held if name not in graph.executors}}
    if graph.file_edges is not None:
        found.file_edges = FileEdges(graph.file_edges, len(found))
    return found


def _edges(graph: Graph) -> Iterable[tuple[NodeIndex, NodeIndex]]:
    return ((parent, node) for node in graph.nodes for parent in graph.parents(node))
