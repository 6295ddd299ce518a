"""Check at load time that every placeholder of a task will have a value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import Placeholder, Root
from dagtui.graph.expressions.templates import cut_command, cut_template, parse_env
from dagtui.graph.gates import Gate
from dagtui.graph.matrix.selectors import LITERAL_BEHIND_OR, target_of, unknown_name
from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand, numbered_tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.expressions.templates import Parts
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import Graph, ParameterValue, Task, TaskIndex
    from dagtui.graph.toml.positions import KeyPath


ATTEMPT_VARIABLES = frozenset({"DAGTUI_RUN_ID", "DAGTUI_NODE", "DAGTUI_ATTEMPT", "DAGTUI_RUN_DIR", "DAGTUI_OUTPUT"})
"""Set for each attempt by itself, after the placeholders of the graph are filled in."""


_OF_NODES = frozenset({Root.MATRIX, Root.NEEDS, Root.RUN})
"""What differs for tasks that share a table of variables."""
RUN_VALUES = ("verdict", "failed", "id", "number")
"""What finally nodes can read of the run."""


def wrong_run_value(task: Task, placeholder: Placeholder) -> ValueProblem | None:
    """Return what is wrong with `run.NAME` in a task."""
    source, name = placeholder.source, placeholder.name
    if name not in RUN_VALUES:
        hint = did_you_mean(name, RUN_VALUES) or f"there are {listed(RUN_VALUES)}"
        return ValueProblem(f"{quoted(source)}: a run has no {quoted(name)}", hint, needle=source)
    if task.is_finally:
        return None
    message = f"{quoted(source)} is known only when the run has ended, to tasks with finally = true"
    hint = 'write "finally = true", or $DAGTUI_RUN_ID' if name == "id" else 'write "finally = true"'
    return ValueProblem(message, hint, needle=source)


class PlaceholderCheck:
    """Checks the tasks of a layout. What refers to needed nodes is checked once the graph is built."""

    def __init__(
        self,
        layout: GraphLayout,
        params: Mapping[str, ParameterValue],
        environment: Mapping[str, str] | None,
        diagnostics: Diagnostics,
        origins: Origins,
    ) -> None:
        """Check against the parameters of the graph and the variables of a run, or None if these are not known yet."""
        self._layout = layout
        self._params = params
        self._lists = {name: value for name, value in params.items() if isinstance(value, tuple)}
        self._environment = environment
        self._diagnostics = diagnostics
        self._origins = origins
        self._envs: dict[int, list[tuple[str, Placeholder]]] = {}
        """By the identity of a table of variables: what differs for each task that shares it."""
        self._needs: dict[tuple[TaskIndex, str, bool, bool], tuple[KeyPath, Placeholder]] = {}
        """The first placeholder in each task that asks a node for its status or an output, with or without default."""

    def check(self, broken: Collection[str]) -> None:
        """Record what is wrong with the placeholders of every task except those whose matrix is unknown."""
        for number, task in numbered_tasks(self._layout.tasks):
            if task.name not in broken:
                self._task(number, task)

    def check_needs(self, graph: Graph) -> None:
        """Record every placeholder that does not ask exactly one parent or, for an output, one ancestor."""
        if not self._needs:
            return
        from dagtui.graph.expressions.asked import AskedNodes

        asked = AskedNodes(graph)
        for (number, *_), (at, placeholder) in self._needs.items():
            if self._diagnostics.lost.has_needs(self._layout.tasks[number].name):
                continue
            try:
                found = {asked.node(node, placeholder) for node in self._layout.nodes(number)}
                if placeholder.output and found == {None}:  # its default would replace it in every cell
                    asked.node(self._layout.nodes(number)[0], replace(placeholder, default=None))
            except ValueProblem as wrong:
                self._diagnostics.wrong(at, wrong)

    def _task(self, number: TaskIndex, task: Task) -> None:
        self._action(number, task)
        if "{{" in task.cwd:
            self._text(number, ("cwd",), cut_template(task.cwd))
        if task.inputs or task.outputs:
            self._paths(number, task)
        if task.env:
            self._env(number, task.env)

    def _action(self, number: TaskIndex, task: Task) -> None:
        action = task.action
        if isinstance(action, ShellCommand):
            if "{{" in action.text:
                self._text(number, ("run",), cut_command(action.text, task.shell))
        elif isinstance(action, ArgumentList):
            for position, argument in enumerate(action.arguments):
                if "{{" in argument:
                    self._text(number, ("run", position), cut_template(argument))
        elif isinstance(action, PythonCall) and action.arguments:
            for inside, text in texts_in(action.arguments):
                self._text(number, ("args", *inside), cut_template(text))
        elif isinstance(action, Gate):
            self._text(number, ("ask",), cut_template(action.question))
        self._surroundings(number, task)

    def _surroundings(self, number: TaskIndex, task: Task) -> None:
        for position, argument in enumerate(task.wrap):
            if "{{" in argument:
                self._text(number, ("wrap", position), cut_template(argument))

    def _paths(self, number: TaskIndex, task: Task) -> None:
        """Check paths of files. What is known only in the run is refused where they are filled in."""
        for key, paths in (("inputs", task.inputs), ("outputs", task.outputs)):
            for position, path in enumerate(paths):
                if "{{" in path:
                    parts = [part for part in cut_template(path) if not _is_status(part)]
                    self._text(number, (key, position), parts)

    def _env(self, number: TaskIndex, env: Mapping[str, str]) -> None:
        """Check variables. If tasks share a table, each checks only what differs between them."""
        known = self._envs.get(id(env))
        if known is None:
            known = self._envs[id(env)] = self._shared_env(number, env)
        for name, placeholder in known:
            self._placeholder(number, ("env", name), placeholder)

    def _shared_env(self, number: TaskIndex, env: Mapping[str, str]) -> list[tuple[str, Placeholder]]:
        if not any("{{" in text for text in env.values()):
            return []
        wrong = [
            (name, part) for name, text in env.items() for part in cut_template(text) if isinstance(part, ValueProblem)
        ]
        for name, part in wrong:
            self._diagnostics.wrong(self._origins.of(number, "env", name), part)
        if wrong:
            return []
        try:
            templates = parse_env(env)
        except ValueProblem as circle:
            self._diagnostics.value(self._origins.of(number, "env", *circle.inside), circle.message, circle.hint)
            return []
        found = [(name, placeholder) for name, template in templates.items() for placeholder in template.placeholders()]
        if self._lists:
            for name, template in templates.items():
                self._check_lists(number, ("env", name), list(template.parts))
        for name, placeholder in found:
            if placeholder.root in {Root.PARAMS, Root.ENV}:
                self._placeholder(number, ("env", name), placeholder)
        return [(name, placeholder) for name, placeholder in found if placeholder.root in _OF_NODES]

    def _text(self, number: TaskIndex, place: tuple[str, *KeyPath], parts: Parts) -> None:
        for part in dict.fromkeys(parts):
            if isinstance(part, ValueProblem):
                self._diagnostics.wrong(self._origins.of(number, *place), part)
            elif isinstance(part, Placeholder):
                self._placeholder(number, place, part)
        if self._lists:
            self._check_lists(number, place, parts)

    def _check_lists(self, number: TaskIndex, place: tuple[str, *KeyPath], parts: Parts) -> None:
        """Record lists that stand where only a text can stand."""
        from dagtui.graph.expressions.lists import wrong_list

        for position, part in enumerate(parts):
            if isinstance(part, Placeholder) and part.root is Root.PARAMS and part.name in self._lists:
                wrong = wrong_list(place, parts, position, part, self._lists[part.name])
                if wrong is not None:
                    self._diagnostics.wrong(self._origins.of(number, *place), wrong)

    def _placeholder(self, number: TaskIndex, place: tuple[str, *KeyPath], placeholder: Placeholder) -> None:
        root, name = placeholder.root, placeholder.name
        if root is Root.ENV:
            self._variable(number, place, placeholder)
            return
        if root is Root.RUN:
            self._run_value(number, place, placeholder)
            return
        if root is Root.NEEDS:
            if target_of(name, self._layout.index) is not None:
                key = number, name, bool(placeholder.output), placeholder.default is None
                if key not in self._needs:
                    self._needs[key] = self._origins.of(number, *place), placeholder
                return
            known: Mapping[str, object] = self._layout.index
        elif root is Root.MATRIX:
            cells = self._layout.cells.get(number)
            known = cells.digits if cells is not None else {}
        else:
            known = self._params
        if root is Root.MATRIX and name in known:
            self._check_cells(number, place, placeholder)
        elif name not in known and placeholder.default is None:
            wrong = unknown_name(placeholder, known, self._diagnostics)
            if isinstance(wrong, ValueProblem):
                self._diagnostics.wrong(self._origins.of(number, *place), wrong)

    def _run_value(self, number: TaskIndex, place: tuple[str, *KeyPath], placeholder: Placeholder) -> None:
        wrong = wrong_run_value(self._layout.tasks[number], placeholder)
        if wrong is not None:
            self._diagnostics.wrong(self._origins.of(number, *place), wrong)

    def _check_cells(self, number: TaskIndex, place: tuple[str, *KeyPath], placeholder: Placeholder) -> None:
        """Record an axis that a cell of the task lacks."""
        lacking = self._layout.cells[number].lacking(placeholder.name)
        if lacking is None or placeholder.default is not None:
            return
        name = placeholder.name
        message = f"{quoted(placeholder.source)}: {quoted(self._layout.label(number, lacking))} has no {quoted(name)}"
        hint = f'give that cell one, or write a default: {{{{ matrix.{name} or "…" }}}}'
        self._diagnostics.value(self._origins.of(number, *place), message, hint, needle=placeholder.source)

    def _variable(self, number: TaskIndex, place: tuple[str, *KeyPath], placeholder: Placeholder) -> None:
        """Record a variable that is not set. One that names itself refers to the one that the run is started with."""
        environment, name = self._environment, placeholder.name
        if environment is None or name in environment or placeholder.default is not None:
            return
        task = self._layout.tasks[number]
        env = task.env
        if (name in env and place != ("env", name)) or self._diagnostics.lost.has_variables(task.name):
            return
        message = f"{quoted(placeholder.source)}: the environment variable {quoted(name)} is not set"
        hint = f'set it, or give a default: {{{{ env.{name} or "…" }}}}'
        if name in ATTEMPT_VARIABLES:
            hint = f"it is set for each attempt: write ${name} in a shell command"
        elif " or " in name:
            hint = LITERAL_BEHIND_OR
        else:
            near = self._diagnostics.nearest(name, environment.keys() | env.keys())
            hint = f"{near} Otherwise {hint}" if near else hint
        self._diagnostics.value(self._origins.of(number, *place), message, hint, needle=placeholder.source)


def _is_status(part: object) -> bool:
    return isinstance(part, Placeholder) and part.root is Root.NEEDS


def texts_in(value: object, inside: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield every text with a placeholder in the arguments of a call, with the keys that lead to it."""
    if isinstance(value, str):
        if "{{" in value:
            yield inside, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from texts_in(entry, (*inside, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from texts_in(entry, (*inside, index))
