"""What tasks can't do on other machines. Imported only for graphs with executors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parse_command, parse_template
from dagtui.graph.model import LOCAL, ArgumentList, PythonCall, ShellCommand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.expressions.templates import Template
    from dagtui.graph.model import Task, TaskIndex


class _Refusal(NamedTuple):
    """Why a task can't run where it is."""

    key: str
    message: str
    hint: str


_STAYS = f'write executor = "{LOCAL}" in it'


def check_remote_task(
    diagnostics: Diagnostics,
    number: TaskIndex,
    task: Task,
    settings: ExecutorSettings,
    secrets: Collection[str],
    origins: Origins,
) -> None:
    """Record what a task on an executor can't do there."""
    for refusal in (*_of_this_machine(task), *_files(task, settings), *_secrets(task, secrets)):
        where = f"task {quoted(task.name)} runs on executor {quoted(settings.name)}"
        diagnostics.key(origins.of(number, refusal.key), f"{where}: {refusal.message}", refusal.hint)


def _of_this_machine(task: Task) -> Iterator[_Refusal]:
    if task.service is not None:
        yield _Refusal("service", "whether a service is ready is tested on this machine", _STAYS)
    elif task.tty:
        yield _Refusal("tty", "its terminal would be on this machine", f"{_STAYS}, or remove tty")
    if task.wrap and isinstance(task.action, PythonCall):
        hint = 'write run = ["python3", "-m", "…"] in place of "call", or remove it'
        yield _Refusal("wrap", "there, nothing can stand before a Python function", hint)


def _files(task: Task, settings: ExecutorSettings) -> Iterator[_Refusal]:
    """Yield what must be seen from both machines, where they share no directory."""
    if settings.shared:
        return
    for key, paths in (("inputs", task.inputs), ("outputs", task.outputs)):
        if paths:
            hint = (
                f"if the graph's folder is the same one there, write shared = true in its table; else leave {key} out, "
                'order tasks by "needs", and copy files in a task of this machine'
            )
            yield _Refusal(key, f"this machine does not see the files of its {quoted(key)}", hint)


def _secrets(task: Task, secrets: Collection[str]) -> Iterator[_Refusal]:
    """Yield secrets in a command, which the other machine would store and show in its list of processes."""
    if not secrets:
        return
    for template in _templates(task):
        for hole in template.placeholders():
            if hole.name in secrets and hole.root in {Root.ENV, Root.PARAMS}:
                key = "call" if isinstance(task.action, PythonCall) else "run"
                message = f"the secret {quoted(hole.name)} in its command would be stored there"
                hint = f'let the command read a variable: env = {{ TOKEN = "{hole.source}" }}, and "$TOKEN"'
                yield _Refusal(key, message, hint)
                return


def _templates(task: Task) -> Iterator[Template]:
    action = task.action
    texts: list[str] = [*task.wrap]
    try:
        if isinstance(action, ShellCommand):
            yield parse_command(action.text, task.shell)
        elif isinstance(action, ArgumentList):
            texts += action.arguments
        elif isinstance(action, PythonCall):
            texts += [value for value in action.arguments.values() if isinstance(value, str)]
        yield from map(parse_template, texts)
    except ValueProblem:  # reported where placeholders are checked
        return
