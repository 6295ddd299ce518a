"""Put tasks on their executors, and check what they ask of them.

Only graphs that name executors or resources import this module.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.diagnostics import Origins
from dagtui.graph.check.remote_tasks import check_remote_task
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.executor_keys import different_hosts, host_name
from dagtui.graph.executor_tables import UserExecutors, known_by, read_tables, user_executors
from dagtui.graph.executors import USED, WORDS, ExecutorKind, ExecutorSettings
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parse_template, value_text
from dagtui.graph.gates import Gate
from dagtui.graph.model import LOCAL, ShellCommand, Task, numbered_tasks
from dagtui.text.amounts import first_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.executors import Jobqueue
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.model import ParameterValue, TaskIndex
    from dagtui.graph.run_settings import RunSettings
    from dagtui.graph.toml.positions import KeyPath

_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)
_EXPLAINED = 5
"""Words and executors that a remark names."""


class Around(NamedTuple):
    """What placeholders of executors can refer to, and what the tasks stand in."""

    document: dict[str, object]
    path: Path
    name: str
    params: Mapping[str, ParameterValue]
    environment: Mapping[str, str] | None
    settings: RunSettings
    diagnostics: Diagnostics
    given: str = ""
    """The executor that the call names for all tasks, or empty."""
    is_included: bool = False
    """Whether another file includes this one, and places its tasks."""
    is_recorded: bool = False
    """Whether it is the record of a run, whose executors are complete."""


class Placed(NamedTuple):
    """Tasks on their executors."""

    tasks: list[Task]
    executors: Mapping[str, ExecutorSettings]
    """Those that the tasks run on besides the local one. For an included file, those that it has tables of."""
    remarks: tuple[str, ...] = ()


def place(
    tasks: list[Task],
    tables: Mapping[str, object],
    included: Mapping[str, ExecutorSettings],
    around: Around,
) -> Placed:
    """Put tasks on their executors. Record what is wrong, and leave those tasks as they are.

    Of the included executors those count that have another name than the file's own and the earlier ones.
    """
    own = read_tables(tables, around.diagnostics)
    if around.is_included:
        return Placed(tasks, {**included, **own})
    return _Placement({**included, **own}, around).placed(tasks)


class _Placement:
    """The tasks of one graph on their way to executors."""

    def __init__(self, known: dict[str, ExecutorSettings], around: Around) -> None:
        self._known = known
        self._around = around
        self._diagnostics = around.diagnostics
        self._user: UserExecutors | None = None
        # A run may have left attempts on an executor that none of its tasks names any more.
        self._used: dict[str, ExecutorSettings] = dict(known) if around.is_recorded else {}
        self._ignored: dict[str, None] = {}
        """Words without meaning where the call puts tasks."""

    def placed(self, tasks: list[Task]) -> Placed:
        origins = Origins(self._around.document, tasks)
        found = [self._place(number, task, origins) for number, task in numbered_tasks(tasks)]
        return Placed(found, self._used, tuple(self._remarks()))

    def _place(self, number: TaskIndex, task: Task, origins: Origins) -> Task:
        if task.action is None or isinstance(task.action, Gate):
            return self._executing_nothing(number, task, origins)
        if task.executor == LOCAL:
            return self._kept_here(number, task, origins)
        settings = self._settings(number, task, origins)
        if settings is None:
            return task
        if not self._around.is_recorded:
            secrets = self._around.settings.secrets
            check_remote_task(self._diagnostics, number, task, settings, secrets, origins)
        self._used[settings.name] = settings
        resources = {**settings.resources, **self._words(number, task, settings.kind, origins)}
        cpus = resources.get("cpus", 1)
        slots = int(cpus) if task.slots == 1 and "cpus" not in task.resources else task.slots
        return replace(task, resources=resources, slots=slots)

    def _executing_nothing(self, number: TaskIndex, task: Task, origins: Origins) -> Task:
        """Return a task without a command as one of this machine. What it names must exist all the same."""
        if task.executor != LOCAL:
            self._settings(number, task, origins)
        return replace(task, executor=LOCAL, resources={}) if task.executor != LOCAL or task.resources else task

    def _kept_here(self, number: TaskIndex, task: Task, origins: Origins) -> Task:
        return (
            replace(task, resources=self._words(number, task, ExecutorKind.LOCAL, origins)) if task.resources else task
        )

    def _words(self, number: TaskIndex, task: Task, kind: ExecutorKind, origins: Origins) -> dict[str, str | int]:
        """Return what a task asks for, without the words that its executor has no use for."""
        found: dict[str, str | int] = {}
        for word, amount in task.resources.items():
            if kind in WORDS[word]:
                if not self._around.given or word in USED[kind]:
                    found[word] = amount
                    continue
            elif not self._around.given:
                self._refuse_word(origins.of(number, "resources", word), task, word, kind)
                continue
            self._ignored[word] = None
        return found

    def _refuse_word(self, at: KeyPath, task: Task, word: str, kind: ExecutorKind) -> None:
        if at[0] == "defaults" and kind is ExecutorKind.LOCAL:
            return  # meant for the others
        if self._around.is_recorded:
            return
        message = f'executor {quoted(task.executor)} (kind = "{kind.value}") does not know {quoted(word)}'
        hint = known_by(word)
        if at[0] == "defaults":
            hint += ": move it to the resources of such an executor"
        self._diagnostics.key(at, message, hint)

    def _settings(self, number: TaskIndex, task: Task, origins: Origins) -> ExecutorSettings | None:
        """Return the executor of a task, with its directory. None if there is none, which is recorded."""
        name = task.executor
        used = self._used.get(name)
        if used is not None:
            return used
        found = self._known.get(name) or self._of_user(name)
        if found is None:
            self._refuse_unknown(name, origins.of(number, "executor"))
            return None
        try:
            return self._filled(found)
        except ValueProblem as wrong:
            key = wrong.inside[0]
            at = ("executors", name, str(key)) if not found.defined_in else origins.of(number, "executor")
            self._diagnostics.value(at, f"{quoted(key)} of executor {quoted(name)} {wrong.message}", wrong.hint)
            return None

    def _of_user(self, name: str) -> ExecutorSettings | None:
        """Return an executor of the user's own file, which is read when a graph first names one that it lacks."""
        if self._around.is_recorded or name in self._diagnostics.lost.executors:
            return None
        if self._user is None:
            self._user = user_executors()
        return self._user.known.get(name)

    def _refuse_unknown(self, name: str, at: KeyPath) -> None:
        diagnostics, user = self._diagnostics, self._user
        if diagnostics.lost.has_executor(name):
            return
        if user is not None and user.may_have(name):
            diagnostics.problems_elsewhere(user.problems)
            diagnostics.lost.executors.add(name)
            return
        known = [LOCAL, *self._known, *(user.known if user else ())]
        where = "" if user is None else f", or to {user.path} for every graph"
        hint = diagnostics.suggestion(name, known, "there are") if len(known) > 1 else ""
        hint = hint or f'add [executors.{_key(name)}] with kind = "slurm", "ssh" or "dask"{where}'
        if self._around.given == name:
            diagnostics.key((), f"--executor {quoted(name)}: there is no such executor", hint)
            diagnostics.lost.executors.add(name)
            return
        what = "[defaults] names" if at[0] == "defaults" else "it names" if at[0] == "include" else "this task names"
        diagnostics.value(at, f"{what} the unknown executor {quoted(name)}", hint)

    def _filled(self, settings: ExecutorSettings) -> ExecutorSettings:
        """Return the settings with placeholders filled in, and with whole paths. Raises ValueProblem."""
        if self._around.is_recorded:
            return settings
        directory = read_inside(("directory",), self._fill, settings.directory)
        if directory and settings.kind is ExecutorKind.SLURM:
            directory = self._whole(directory)
        file = read_inside(("scheduler_file",), self._fill, settings.scheduler_file)
        return replace(
            settings,
            directory=directory,
            hosts=self._filled_hosts(settings),
            address=read_inside(("address",), self._fill, settings.address),
            scheduler_file=self._whole(file) if file else "",
            jobqueue=read_inside(("jobqueue",), self._filled_jobs, settings.jobqueue),
            tls={name: self._whole(path) for name, path in settings.tls.items()},
        )

    def _filled_hosts(self, settings: ExecutorSettings) -> tuple[str, ...]:
        key = "host" if len(settings.hosts) == 1 else "hosts"
        return read_inside(
            (key,), lambda: different_hosts(tuple(host_name(self._fill(each)) for each in settings.hosts))
        )

    def _filled_jobs(self, jobqueue: Jobqueue | None) -> Jobqueue | None:
        if jobqueue is None:
            return None
        return jobqueue._replace(
            options={name: read_inside((name,), self._filled_data, value) for name, value in jobqueue.options.items()}
        )

    def _filled_data(self, data: object) -> object:
        if isinstance(data, str):
            return self._fill(data)
        if isinstance(data, list):
            return [self._filled_data(each) for each in data]
        if isinstance(data, dict):
            return {name: self._filled_data(each) for name, each in data.items()}
        return data

    def _fill(self, text: str) -> str:
        return parse_template(text).fill(self._value) if "{{" in text else text

    def _whole(self, path: str) -> str:
        """Return the path of a file of this machine, which may be relative to the graph."""
        if "{{" in path:
            return path
        folder = os.path.dirname(os.path.abspath(self._around.path))
        return os.path.normpath(os.path.join(folder, os.path.expanduser(path)))

    def _value(self, hole: Placeholder) -> str:
        around, name = self._around, hole.name
        found: str | None = None
        if name in around.settings.secrets:
            raise ValueProblem(f"has the secret {quoted(name)} in it", "others see it: write it without")
        if hole.root is Root.RUN and name == "graph":
            return _as_name(around.name)
        if hole.root is Root.PARAMS and not isinstance(value := around.params.get(name), tuple):
            found = None if value is None else value_text(value)
        elif hole.root is Root.ENV:
            if around.environment is None:
                return hole.source
            found = around.environment.get(name)
        else:
            hint = "it can have {{ run.graph }}, {{ params.NAME }} and {{ env.NAME }}"
            raise ValueProblem(f"can't have {quoted(hole.source)} in it", hint, needle=hole.source)
        known = hole.known(found)
        if known is None:
            if around.diagnostics.lost.has_parameter(name) if hole.root is Root.PARAMS else False:
                return hole.source
            raise ValueProblem(f"has {quoted(hole.source)}, which has no value", "set it", needle=hole.source)
        return known

    def _remarks(self) -> Sequence[str]:
        if not self._ignored:
            return ()
        words = first_of(list(self._ignored)[:_EXPLAINED], len(self._ignored), ", ")
        return (f"--executor {self._around.given}: ignored there, of resources: {words}",)


def _as_name(text: str) -> str:
    """Return the name of a graph as one part of a path."""
    found = _UNSAFE.sub("_", text)
    return f"_{found}" if found.startswith(".") else found


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("-", "").replace("_", "").isalnum() else quoted(name)


def executor_named(name: str, known: dict[str, ExecutorSettings], around: Around) -> ExecutorSettings | None:
    """Return an executor as a task that names it would have it. None if there is none, which is recorded."""
    tasks = [Task("", executor=name, action=ShellCommand("true"))]
    placed = _Placement(known, around).placed(tasks)
    return placed.executors.get(name)
