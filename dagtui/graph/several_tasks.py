"""Entries of `needs` that mean several tasks: a pattern of names, `align_*`, or a group, `data/`."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING

from dagtui.graph.errors import FollowsError, ValueProblem, quoted
from dagtui.graph.model import numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import Task, TaskIndex

MOST_COMPARED = 5_000_000
"""Number of comparisons of an entry with a task, which bounds the time that a file takes."""


def matches(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern, in which `*` stands for any characters and `?` for one."""
    return re.compile(translate(pattern.replace("[", "[[]")))


def is_in_group(task: Task, group: str) -> bool:
    """Return whether a task lies in a group or below it. The group is written without a slash at its end."""
    return task.group == group or task.group.startswith(f"{group}/")


def groups_of(tasks: Iterable[Task]) -> dict[str, None]:
    """Return all groups as they are written in `needs`, in the order of the file."""
    return {f"{folder}/": None for task in tasks for folder in _folders(task.group)}


def _folders(group: str) -> Iterator[str]:
    parts = group.split("/") if group else []
    return ("/".join(parts[: length + 1]) for length in range(len(parts)))


class SeveralTasks:
    """Finds the tasks that entries mean, each entry once."""

    def __init__(self, tasks: Sequence[Task], diagnostics: Diagnostics) -> None:
        self._tasks = tasks
        self._diagnostics = diagnostics
        self._known: dict[str, list[TaskIndex]] = {}

    def meant(self, entry: str, number: TaskIndex) -> list[TaskIndex]:
        """Return the tasks that an entry means in the `needs` of a task. Raises ValueProblem.

        They are without that task. Unless it is one itself, they are without tasks that don't run by default, and
        without those that run at the end.
        """
        found = self._known.get(entry)
        if found is None:
            if (len(self._known) + 1) * len(self._tasks) > MOST_COMPARED:
                message = f"the file has more than {len(self._known):,} different patterns and groups in needs"
                raise ValueProblem(message, "that takes too long to compare with every task: name the tasks")
            found = self._known[entry] = self._find(entry)
        others = [task for task in found if task != number]
        if not others:
            if not found and self._diagnostics.lost.any_task:
                raise FollowsError
            what = "only the task itself" if found else "no task"
            raise ValueProblem(f"{quoted(entry)} matches {what}", "remove it" if found else self._hint(entry))
        own = self._tasks[number]
        named = others if not own.default else [task for task in others if self._tasks[task].default]
        if not named:
            hint = 'name them, or write "default = false" here, too'
            raise ValueProblem(f"{quoted(entry)} matches only tasks that run when they are named", hint)
        meant = named if own.is_finally else [task for task in named if not self._tasks[task].is_finally]
        if not meant:
            message = f"{quoted(entry)} matches only tasks that run when all others have ended"
            raise ValueProblem(message, 'write "finally = true" here, too')
        return meant

    @cached_property
    def groups(self) -> dict[str, None]:
        """All groups as they are written in `needs`."""
        return groups_of(self._tasks)

    def _find(self, entry: str) -> list[TaskIndex]:
        if entry.endswith("/"):
            group = entry.rstrip("/")
            return [number for number, task in numbered_tasks(self._tasks) if is_in_group(task, group)]
        match = matches(entry).match
        return [number for number, task in numbered_tasks(self._tasks) if match(task.name)]

    def _hint(self, entry: str) -> str:
        if entry.endswith("/"):
            return self._diagnostics.suggestion(entry, self.groups, "the groups are")
        if "[" in entry:
            return "a pattern means whole tasks: name the task whose cells are meant"
        return ""
