"""Two runs of a graph compared: definitions, parameters, slots, and each task's outcome and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.graph.definition import NEW, changed_cells, changed_parts, gone
from dagtui.graph.errors import GraphError
from dagtui.graph.expressions.templates import parameter_text
from dagtui.graph.loading import load_recorded, without_garbage_collection
from dagtui.runs.previous_run import recorded_graph, recorded_tasks
from dagtui.runs.run_grid import against, status_named, worst_of
from dagtui.store.errors import StoreError
from dagtui.store.run_index import read_summary, read_tasks, task_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.definition import CellChange
    from dagtui.graph.model import Graph
    from dagtui.store.directory import RunDirectory
    from dagtui.store.run_index import RunTasks, TaskOutcome
    from dagtui.store.summary import RunSummary


class ChangedTask(NamedTuple):
    """A task whose definition differs between two runs."""

    name: str
    parts: tuple[str, ...]
    """The keys that differ."""


class ChangedParameter(NamedTuple):
    """A parameter that had another value."""

    name: str
    old: str | None
    """None: the run did not have it."""
    new: str | None


class TaskPair(NamedTuple):
    """What became of a task in two runs."""

    name: str
    old: TaskOutcome | None
    """None: nothing of it is on record."""
    new: TaskOutcome | None

    @property
    def statuses(self) -> tuple[NodeStatus | None, NodeStatus | None]:
        """The worst status in both runs."""
        return worst_of(self.old), worst_of(self.new)

    @property
    def change(self) -> float | None:
        """By which share it took longer in the newer run. None if that can't be said."""
        if self.old is None or self.new is None or not (self.old.attempts and self.new.attempts):
            return None
        return against(self.new.seconds, self.old.seconds)


class NodePair(NamedTuple):
    """A node that ended in another way."""

    name: str
    old: NodeStatus | None
    """None: it is not on record."""
    new: NodeStatus | None


class RunComparison(NamedTuple):
    """An older run and a newer one, or the same graph before and after anything else."""

    old: RunSummary
    new: RunSummary
    definitions: Sequence[ChangedTask]
    added: Sequence[str]
    """Tasks that only the newer run has."""
    gone: Sequence[str]
    """Tasks that only the older run has."""
    cells: Sequence[tuple[str, CellChange]]
    """Tasks that have other cells."""
    parameters: Sequence[ChangedParameter]
    tasks: Sequence[TaskPair]
    """As in the file of the newer run, then those that only the older one has."""
    nodes: Sequence[NodePair]
    """Nodes that failed, were blocked or cancelled in one of the runs and not so in the other."""
    problem: str = ""
    """Why definitions and parameters can't be compared. Safe to show."""

    @property
    def is_same_graph(self) -> bool:
        """Whether nothing differs in the file and in the parameters."""
        return not (self.problem or self.definitions or self.added or self.gone or self.cells or self.parameters)


def compare_runs(old: RunDirectory, new: RunDirectory) -> RunComparison:
    """Compare two runs. Their graphs are read only if they differ. Problems of the runs themselves are never raised."""
    before, after = read_tasks(old), read_tasks(new)
    summaries = read_summary(old), read_summary(new)
    nodes = list(_nodes(before, after))
    try:
        contents = recorded_graph(old), recorded_graph(new)
        if contents[0] == contents[1]:
            tasks = list(_pairs(before, after, recorded_tasks(contents[1])))
            return RunComparison(*summaries, (), (), (), (), (), tasks, nodes)
        with without_garbage_collection():
            return _compared(*summaries, before, after, _read(old, contents[0]), _read(new, contents[1]))
    except StoreError as error:
        tasks = list(_pairs(before, after, ()))
        return RunComparison(*summaries, (), (), (), (), (), tasks, nodes, str(error))


def _read(directory: RunDirectory, content: bytes) -> Graph:
    try:
        return load_recorded(directory.graph_path, content)
    except GraphError as error:
        problem = error.problems[0]
        raise StoreError(f"the graph of run {directory.number} can't be read: {problem.message}") from error


def _compared(
    old: RunSummary, new: RunSummary, before: RunTasks, after: RunTasks, older: Graph, newer: Graph
) -> RunComparison:
    changed: dict[str, dict[str, None]] = {}
    for node, parts in changed_parts(older, newer).items():
        if parts != (NEW,):
            changed.setdefault(newer.task(node).name, {}).update(dict.fromkeys(parts))
    known, names = {task.name for task in older.tasks}, [task.name for task in newer.tasks]
    return RunComparison(
        old,
        new,
        [ChangedTask(name, tuple(parts)) for name, parts in changed.items()],
        [name for name in names if name not in known],
        gone(older, newer),
        [(newer.tasks[number].name, change) for number, change in changed_cells(older, newer).items()],
        list(_parameters(older, newer)),
        list(_pairs(before, after, names)),
        list(_nodes(before, after)),
    )


def _parameters(older: Graph, newer: Graph) -> Iterator[ChangedParameter]:
    before, after = ({name: parameter_text(value) for name, value in graph.params.items()} for graph in (older, newer))
    for name in dict.fromkeys([*after, *before]):
        if before.get(name) != after.get(name):
            yield ChangedParameter(name, before.get(name), after.get(name))


def _pairs(before: RunTasks, after: RunTasks, names: Sequence[str]) -> Iterator[TaskPair]:
    for name in dict.fromkeys([*names, *after.tasks, *before.tasks]):
        if name in before.tasks or name in after.tasks:
            yield TaskPair(name, before.tasks.get(name), after.tasks.get(name))


def _nodes(before: RunTasks, after: RunTasks) -> Iterator[NodePair]:
    old, new = before.nodes, after.nodes
    for name in dict.fromkeys([*new, *old]):
        one, other = _status(name, before), _status(name, after)
        if one is not other:
            yield NodePair(name, one, other)


def _status(name: str, run: RunTasks) -> NodeStatus | None:
    """Return the status of a node. Runs do not name nodes that completed at their first attempt."""
    if name in run.nodes:
        return status_named(run.nodes[name].status)
    return NodeStatus.COMPLETED if task_of(name) in run.tasks else None
