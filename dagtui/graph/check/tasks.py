"""Check what tasks want of the run and of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted
from dagtui.graph.model import LOCAL, Trigger, numbered_tasks

if TYPE_CHECKING:
    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.files.links import FileLinks
    from dagtui.graph.model import Graph, Task
    from dagtui.graph.run_settings import RunSettings

_WANTS_PARENTS = frozenset({Trigger.NONE_FAILED_MIN_ONE_SUCCESS, Trigger.ANY_SUCCESS, Trigger.ANY_FAILED})


def check_tasks(
    diagnostics: Diagnostics, tasks: list[Task], settings: RunSettings, origins: Origins, files: FileLinks | None
) -> None:
    """Record tasks that need more slots than there are, and tasks without parents that wait for one."""
    if settings.jobs is not None:
        _check_slots(diagnostics, tasks, settings.jobs, origins)
    _check_triggers(diagnostics, tasks, origins, files)


def check_finally(diagnostics: Diagnostics, graph: Graph, origins: Origins) -> None:
    """Record tasks that need a finally node, and would have to run before and after it."""
    if not graph.any_finally:
        return
    if graph.any_services:
        _check_services_of_finally(diagnostics, graph, origins)
    for node in graph.nodes:
        task = graph.task(node)
        if task.is_finally or diagnostics.lost.has_needs(task.name):
            continue
        last = next((graph.task(parent) for parent in graph.parents(node) if graph.task(parent).is_finally), None)
        if last is not None:
            message = f"task {quoted(task.name)} needs {quoted(last.name)}, which runs when all others have ended"
            hint = f'write "finally = true" here, too, or remove it from {quoted(last.name)}'
            diagnostics.value(origins.of(graph.task_of[node], "needs"), message, hint)


def _check_services_of_finally(diagnostics: Diagnostics, graph: Graph, origins: Origins) -> None:
    """Record finally nodes that need a service, which ends only after them, so that they would wait for each other."""
    for node in graph.nodes:
        task = graph.task(node)
        needed = (graph.task(parent) for parent in graph.parents(node)) if task.is_finally else ()
        service = next((parent for parent in needed if parent.service is not None and not parent.is_finally), None)
        if service is not None:
            message = f"task {quoted(task.name)} waits until the service {quoted(service.name)} has ended, and needs it"
            hint = f'write "finally = true" in {quoted(service.name)}, too'
            diagnostics.value(origins.of(graph.task_of[node], "needs"), message, hint)


def _check_slots(diagnostics: Diagnostics, tasks: list[Task], jobs: int, origins: Origins) -> None:
    for number, task in numbered_tasks(tasks):
        if task.slots > jobs and task.executor == LOCAL:
            message = f"task {quoted(task.name)} needs {task.slots:,} slots, more than the {jobs:,} jobs"
            diagnostics.value(origins.of(number, "slots"), message, 'lower "slots", or raise "jobs" in [run]')


def _check_triggers(diagnostics: Diagnostics, tasks: list[Task], origins: Origins, files: FileLinks | None) -> None:
    waiting = [number for number, task in numbered_tasks(tasks) if task.trigger in _WANTS_PARENTS and not task.needs]
    for number in waiting:
        task = tasks[number]
        if (files is not None and number in files.tasks) or diagnostics.lost.has_needs(task.name):
            continue
        message = f'task {quoted(task.name)} can never run: its trigger is "{task.trigger.value}", and it needs no task'
        hint = 'name the tasks that it waits for in "needs", or remove the trigger'
        diagnostics.value(origins.of(number, "trigger"), message, hint)
