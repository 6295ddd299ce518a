"""Check what tasks want of the run and of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted
from dagtui.graph.model import Trigger, numbered_tasks

if TYPE_CHECKING:
    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.files.links import FileLinks
    from dagtui.graph.model import Task
    from dagtui.graph.run_settings import RunSettings

_WANTS_PARENTS = frozenset({Trigger.NONE_FAILED_MIN_ONE_SUCCESS, Trigger.ANY_SUCCESS, Trigger.ANY_FAILED})


def check_tasks(
    diagnostics: Diagnostics, tasks: list[Task], settings: RunSettings, origins: Origins, files: FileLinks | None
) -> None:
    """Record tasks that need more slots than there are, and tasks without parents that wait for one."""
    if settings.jobs is not None:
        _check_slots(diagnostics, tasks, settings.jobs, origins)
    _check_triggers(diagnostics, tasks, origins, files)


def _check_slots(diagnostics: Diagnostics, tasks: list[Task], jobs: int, origins: Origins) -> None:
    for number, task in numbered_tasks(tasks):
        if task.slots > jobs:
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
