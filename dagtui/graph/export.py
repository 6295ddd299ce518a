"""Write a graph as TOML that loads as the same graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.gates import Gate
from dagtui.graph.keys import RETRY, RUN, TASK
from dagtui.graph.loading import EXECUTOR_GIVEN, VERSION
from dagtui.graph.matrix.matrices import EXCLUDE, FROM, INCLUDE
from dagtui.graph.model import LOCAL, ArgumentList, PythonCall, RetryPolicy, ShellCommand, Task
from dagtui.graph.run_settings import RunSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph, Matrix, NodeIndex
    from dagtui.graph.pools import Pool

_PLAIN = Task("")
_USUAL = RunSettings()
_SIMPLE = tuple(name for name, key in TASK.items() if key.is_plain)


def to_toml(graph: Graph) -> str:
    """Return the resolved graph as TOML: parameters as given, defaults merged, a table for each task.

    Placeholders stay as they are. Graphs made in Python get a task for each node.
    """
    import tomli_w

    return tomli_w.dumps(resolved(graph))


def resolved(graph: Graph) -> dict[str, object]:
    """Return the tables of the resolved graph, as a file has them."""
    document: dict[str, object] = {"version": VERSION, "name": graph.name}
    if graph.params:
        document["params"] = graph.params
    run = {key: getattr(graph.settings, key) for key in RUN if getattr(graph.settings, key) != getattr(_USUAL, key)}
    if graph.executor_given:
        run[EXECUTOR_GIVEN] = graph.executor_given
    if run:
        document["run"] = run
    if graph.pools:
        document["pools"] = {pool.name: pool.written(pool.size) for pool in graph.pools}
    if graph.executors:
        from dagtui.graph.executor_keys import written  # only here: most graphs have none

        document["executors"] = {name: written(settings) for name, settings in graph.executors.items()}
    document["tasks"] = _tasks(graph)
    return document


def _tasks(graph: Graph) -> dict[str, object]:
    pools = {pool.name: pool for pool in graph.pools}
    nodes = [0] * len(graph.tasks)
    for number in graph.task_of:
        nodes[number] += 1
    if all(count == 1 or task.matrix is not None for task, count in zip(graph.tasks, nodes, strict=True)):
        tables = {task.name: _table(task, task.needs, task.matrix, pools) for task in graph.tasks}
        for node, number in zip(graph.nodes, graph.task_of, strict=True):
            task = graph.tasks[number]
            if task.matrix is None and not task.needs and graph.parent_count(node) and (needs := _parents(graph, node)):
                tables[task.name]["needs"] = needs
        return dict(tables)
    return {
        name: _table(graph.task(node), _parents(graph, node), None, pools)
        for node, name in zip(graph.nodes, graph.labels, strict=True)
    }


def _parents(graph: Graph, node: NodeIndex) -> list[str]:
    """Return the parents that only `needs` can name."""
    from dagtui.graph.files.parents import parents_of_needs  # only here: it would delay each start

    return [graph.labels[parent] for parent in parents_of_needs(graph, node)]


def _table(
    task: Task, needs: tuple[str, ...] | list[str], matrix: Matrix | None, pools: Mapping[str, Pool]
) -> dict[str, object]:
    """Return the keys of one task that are not at their defaults."""
    table: dict[str, object] = {
        key: getattr(task, key) for key in _SIMPLE if getattr(task, key) != getattr(_PLAIN, key)
    }
    if task.stays_here:
        table["executor"] = LOCAL
    if needs:
        table["needs"] = needs
    table.update(_action(task))
    if task.shell is not None:
        table["shell"] = task.shell
    table.update(_retry(task.retry))
    if task.service is not None:
        table["service"] = {"ready": task.service.words, "timeout": task.service.timeout}
    if task.pools:
        table["pools"] = {name: pools[name].written(amount) for name, amount in task.pools}
    if task.resources:
        from dagtui.graph.executors import written_resources

        table["resources"] = written_resources(task.resources)
    if task.trigger is not _PLAIN.trigger:
        table["trigger"] = task.trigger.value
    if task.is_finally:
        table["finally"] = True
    if task.condition:
        table["if"] = task.condition
    if task.env:
        table["env"] = dict(task.env)
    if matrix is not None:
        table["matrix"] = _matrix(matrix)
    return table


def _action(task: Task) -> Mapping[str, object]:
    action = task.action
    if isinstance(action, ShellCommand):
        return {"run": action.text}
    if isinstance(action, ArgumentList):
        return {"run": action.arguments}
    if isinstance(action, PythonCall):
        arguments = {"args": dict(action.arguments)} if action.arguments else {}
        return {"call": action.target, **arguments}
    if isinstance(action, Gate):
        return {"ask": action.question, **({"choices": action.choices} if action.choices else {})}
    return {}


def _retry(retry: RetryPolicy) -> Mapping[str, object]:
    if retry == RetryPolicy():
        return {}
    # No codes means every failure, but a list in a file must have some.
    found = {key: getattr(retry, key) for key in RETRY}
    table = {key: value for key, value in found.items() if value not in ((), None, {})}
    return {"retries": retry.retries, "retry": table}


def _matrix(matrix: Matrix) -> Mapping[str, object]:
    table: dict[str, object] = {}
    if matrix.rows:
        table[FROM] = [dict(row) for row in matrix.rows]
    table |= {axis: list(entries) for axis, entries in matrix.axes}
    if matrix.include:
        table[INCLUDE] = [dict(cell) for cell in matrix.include]
    if matrix.exclude:
        table[EXCLUDE] = [dict(cell) for cell in matrix.exclude]
    return table
