"""What a node executes: its task's action, variables and directory with every placeholder filled in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.asked import AskedNodes, OutputsOf, no_outputs
from dagtui.graph.expressions.templates import (
    Template,
    parse_command,
    parse_env,
    parse_template,
)
from dagtui.graph.gates import Gate
from dagtui.graph.model import ArgumentList, NodeIndex, PythonCall, ShellCommand
from dagtui.graph.node_values import NodeValues, RunValues, no_run_values
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.model import Action, Graph, Task, TaskIndex


_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class ResolutionError(Exception):
    """A placeholder has no value. The text is one line and safe to show."""

    def __init__(self, message: str) -> None:
        super().__init__(label(message, 500))


@dataclass(frozen=True, slots=True)
class Resolved:
    """What one attempt executes. Nodes without placeholders share it, so it must not be changed."""

    action: Action
    """The action without placeholders."""
    env: dict[str, str]
    """The variables to set on top of those that the run was started with."""
    cwd: Path
    """The absolute working directory."""
    shell: tuple[str, ...] | None
    """The argv of the shell, or None for the default, `sh -e -c`."""
    colour: bool = False
    """Whether programs should print colours without a terminal."""
    wrap: tuple[str, ...] = ()
    """The argv that the program's own is appended to."""
    tty: bool = False
    """Whether it runs on a terminal of its own."""


class Known:
    """The parts of a node's action, variables and directory that are known now. None stands for the others."""

    __slots__ = ("action", "cwd", "env", "wrap")

    def __init__(
        self, action: Action | None, env: dict[str, str | None], cwd: Path | None, wrap: tuple[str, ...] | None = None
    ) -> None:
        self.action, self.env, self.cwd, self.wrap = action, env, cwd, wrap


class Resolver:
    """Fills in the placeholders of a graph's nodes, for one run.

    Templates are split once for each task. A task without placeholders is resolved once for all of its nodes.
    """

    def __init__(self, graph: Graph, environment: Mapping[str, str], run_values: RunValues = no_run_values) -> None:
        """Resolve with the environment that the run was started with, and what finally nodes can read of the run."""
        self._run_values = run_values
        self._graph = graph
        self._asked = AskedNodes(graph)
        self._environment = environment
        self._directory = (graph.directory if graph.directory is not None else Path()).absolute()
        self._done: dict[int, Resolved] = {}
        """Results of tasks without placeholders."""
        self._plans: dict[int, _Plan] = {}
        """Plans of the other tasks."""
        self._envs: dict[int, dict[str, Template]] = {}
        """By the identity of a task's table of variables, which most tasks share."""
        self._constant_envs: dict[int, dict[str, str]] = {}
        self._paths: dict[str, Path] = {}

    def resolve(
        self, node: NodeIndex, status_of: Callable[[NodeIndex], str], outputs_of: OutputsOf = no_outputs
    ) -> Resolved:
        """Return what the node executes now. `status_of` gives the word of `needs.X.status`. Raises ResolutionError."""
        number = self._graph.task_of[node]
        done = self._done.get(number)
        if done is not None:
            return done
        try:
            plan = self._plans.get(number) or self._plan(number)
            if plan is None:
                return self._done[number]
            return plan.resolve(
                NodeValues(self._asked, self._environment, node, status_of, outputs_of, self._run_values), self
            )
        except ValueProblem as wrong:
            raise ResolutionError(f"{wrong.message}: {wrong.hint}" if wrong.hint else wrong.message) from None

    def known(
        self,
        node: NodeIndex,
        status_of: Callable[[NodeIndex], str],
        redact: Callable[[str, str], str],
        outputs_of: OutputsOf = no_outputs,
    ) -> Known:
        """Resolve each text by itself, so that one without a value leaves the others.

        `redact` gets name and value of each variable before others are made of it.
        """
        number = self._graph.task_of[node]
        task = self._graph.tasks[number]
        values = NodeValues(self._asked, self._environment, node, status_of, outputs_of, self._run_values)
        try:
            plan = self._plans.get(number)
            if plan is None:
                plan = self._plans[number] = _Plan(task, self._env(task))
        except ValueProblem:
            return Known(None, dict.fromkeys(task.env), None)
        return plan.known(values, self, redact)

    def path(self, cwd: str) -> Path:
        """Return the absolute directory of a node. Relative ones start from that of the graph file."""
        known = self._paths.get(cwd)
        if known is None:
            if "\0" in cwd or not cwd:
                raise ValueProblem(f'"{label(cwd)}" is not a directory')
            # Remove dots as `cd` does, so that the path shown is what a person would type.
            known = self._paths[cwd] = Path(os.path.normpath(self._directory / cwd))
        return known

    def _plan(self, number: TaskIndex) -> _Plan | None:
        """Split the texts of a task. Return None, with the result stored, if there is nothing to fill in."""
        task = self._graph.tasks[number]
        env = self._env(task)
        plan = _Plan(task, env)
        if plan.constant():
            values = NodeValues(self._asked, self._environment, NodeIndex(0), str, no_outputs, no_run_values)
            shared = self._constant_envs.get(id(task.env))
            resolved = plan.resolve(values, self, shared)
            self._constant_envs.setdefault(id(task.env), resolved.env)
            self._done[number] = resolved
            return None
        self._plans[number] = plan
        return plan

    def _env(self, task: Task) -> dict[str, Template]:
        templates = self._envs.get(id(task.env))
        if templates is None:
            templates = self._envs[id(task.env)] = parse_env(task.env)
        return templates


class _Plan:
    """The texts of one task, split at their placeholders."""

    def __init__(self, task: Task, env: dict[str, Template]) -> None:
        self._task = task
        self._env = env
        self._cwd = parse_template(task.cwd)
        action = task.action
        self._command = parse_command(action.text, task.shell) if isinstance(action, ShellCommand) else None
        self._arguments = (
            [parse_template(argument) for argument in action.arguments] if isinstance(action, ArgumentList) else []
        )
        self._question = parse_template(action.question) if isinstance(action, Gate) else None
        self._call = _cut(action.arguments) if isinstance(action, PythonCall) else None
        self._wrap = [parse_template(argument) for argument in task.wrap]

    def constant(self) -> bool:
        """Whether no text contains a placeholder."""
        templates = [*self._env.values(), self._cwd, *self._arguments, *_templates_in(self._call), *self._wrap]
        templates += [template for template in (self._command, self._question) if template is not None]
        return not any(template.filled for template in templates)

    def resolve(self, values: NodeValues, resolver: Resolver, env: dict[str, str] | None = None) -> Resolved:
        """Fill in everything. `env` is passed if it is already known."""
        if env is None:
            for name, template in self._env.items():
                values.env[name] = template.fill(values.of)
            env = values.env
        cwd = resolver.path(self._cwd.fill(values.of))
        task = self._task
        wrap = _filled_arguments(self._wrap, values) if task.wrap else ()
        return Resolved(self._action(values), env, cwd, task.shell, task.colour, wrap, task.tty)

    def known(self, values: NodeValues, resolver: Resolver, redact: Callable[[str, str], str]) -> Known:
        """Fill in each text by itself."""
        for name, template in self._env.items():
            found = _or_none(template.fill, values.of)
            if found is None:
                values.unknown.add(name)
            else:
                values.env[name] = redact(name, found)
        env = {name: values.env.get(name) for name in self._task.env}
        cwd = _or_none(self._cwd.fill, values.of)
        path = None if cwd is None else _or_none(resolver.path, cwd)
        wrap = _or_none(lambda given: _filled_arguments(self._wrap, given), values)
        return Known(_or_none(self._action, values), env, path, wrap)

    def _action(self, values: NodeValues) -> Action:
        if self._command is not None:
            return ShellCommand(self._command.fill(values.quoted))
        if self._arguments:
            return ArgumentList(_filled_arguments(self._arguments, values))
        if isinstance(self._task.action, PythonCall):
            return PythonCall(self._task.action.target, _filled_table(self._call, values))
        if isinstance(self._task.action, Gate) and self._question is not None:
            return Gate(self._question.fill(values.of), self._task.action.choices)
        return self._task.action


def _or_none(fill: Callable[[_Given], _Found], given: _Given) -> _Found | None:
    """Return the result of filling in, or None if a value is missing."""
    try:
        return fill(given)
    except (ValueProblem, ResolutionError):
        return None


def _filled_arguments(arguments: list[Template], values: NodeValues) -> tuple[str, ...]:
    """Return the arguments that the elements of an argv list stand for."""
    return tuple(chain.from_iterable([_filled_argument(argument, values) for argument in arguments]))


def _filled_argument(argument: Template, values: NodeValues) -> tuple[str, ...]:
    """Return the arguments that an element of an argv list stands for: those of a list, otherwise one."""
    alone = argument.alone
    texts = None if alone is None else values.texts_of(alone)
    return (argument.fill(values.of),) if texts is None else texts


def _cut(value: object) -> object:
    if isinstance(value, str):
        return parse_template(value)
    if isinstance(value, (list, tuple)):
        return [_cut(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _cut(entry) for key, entry in value.items()}
    return value


def _templates_in(value: object) -> list[Template]:
    if isinstance(value, Template):
        return [value]
    if isinstance(value, list):
        return [template for entry in value for template in _templates_in(entry)]
    if isinstance(value, dict):
        return [template for entry in value.values() for template in _templates_in(entry)]
    return []


def _filled(value: object, values: NodeValues) -> object:
    if isinstance(value, Template):
        elements = None if value.alone is None else values.list_of(value.alone)
        return value.fill(values.of) if elements is None else list(elements)
    if isinstance(value, list):
        return [_filled(entry, values) for entry in value]
    if isinstance(value, dict):
        return _filled_table(value, values)
    return value


def _filled_table(value: object, values: NodeValues) -> dict[str, object]:
    return {key: _filled(entry, values) for key, entry in value.items()} if isinstance(value, dict) else {}
