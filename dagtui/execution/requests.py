"""Requests: what an attempt executes on another machine.

Everything is filled in here. Nothing is looked up here: programs, directories and users are those of the other machine.
"""

from __future__ import annotations

import os
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.local.command import COLOURS, UNBUFFERED, CommandError, arguments_of
from dagtui.graph.executors import ExecutorKind
from dagtui.graph.expressions.asked import no_outputs
from dagtui.graph.gates import Gate
from dagtui.graph.model import DEFAULT_SHELL, ArgumentList, PythonCall, ShellCommand
from dagtui.text import label
from dagtui.text.terminals import declines_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.executors import ExecutorSettings, Resources
    from dagtui.graph.expressions.asked import OutputsOf
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.graph.resolution import Resolved, Resolver
    from dagtui.text.amounts import Seconds
    from dagtui.text.secrets import Secrets

FENCE: Seconds = 10.0
"""How often an agent looks whether its attempt was given up, in seconds."""
_MOST_AMOUNT = 1 << 62
_OF_THIS_MACHINE = frozenset({"PWD", "OLDPWD", "SHLVL", "_"})
"""Variables that say nothing elsewhere, even if all others go along."""


class Request(NamedTuple):
    """What an attempt executes, with every placeholder filled in. It names no file of this machine but its `cwd`."""

    key: str
    """Names the attempt, safe as a file name and unique in the run."""
    node_label: str
    """The label of the node, with secrets redacted."""
    attempt: AttemptNumber
    argv: tuple[str, ...]
    """The program and its arguments, or the function and its arguments as JSON for a call. Empty: nothing to do."""
    call: bool
    """Whether a Python function is called, by the Python of the agent there."""
    cwd: str
    """The working directory there. One that begins with `~` is in the home directory there."""
    env: Mapping[str, str]
    """The variables to set there. No value contains a secret."""
    secrets: Mapping[str, str]
    """The variables whose values contain secrets. They must not reach a disk or an argument list."""
    timeout: Seconds | None
    grace: Seconds
    resources: Resources
    """What the attempt asks of its engine."""
    setup: str
    """Shell lines to execute there before the program. Empty: none."""
    fence: Seconds
    """How often the agent looks whether the attempt was given up."""
    makes_cwd: bool = False
    """Whether the working directory is made if it is not there: it is in the executor's own directory."""


class Requests:
    """Makes the requests of one executor. A reload of the graph makes new ones."""

    def __init__(
        self,
        graph: Graph,
        settings: ExecutorSettings,
        resolver: Resolver,
        environment: Mapping[str, str],
        run_id: str,
        key_of: Callable[[NodeIndex, AttemptNumber], str],
        labels: Sequence[str],
        status_of: Callable[[NodeIndex], str],
        outputs_of: OutputsOf = no_outputs,
        secrets: Secrets | None = None,
        tries_of: Callable[[NodeIndex, AttemptNumber], int] = lambda _node, attempt: int(attempt),
        typical: Callable[[NodeIndex], Seconds | None] = lambda _node: None,
    ) -> None:
        """Create the requests of an executor.

        Args:
            graph: The graph as it is executed, with its secrets.
            settings: Those of the executor.
            resolver: Fills in the placeholders.
            environment: The variables that the run was started with.
            run_id: The identifier of the run.
            key_of: Returns the name of an attempt that is safe as a file name.
            labels: The labels of the nodes, with secrets redacted.
            status_of: Returns the word of a node's status.
            outputs_of: Returns the values that a node has handed on.
            secrets: What must not reach a disk of another machine.
            tries_of: Returns which try of its node an attempt is, from 1, by which resources grow.
            typical: Returns the seconds that an attempt of a node takes, if they are known.
        """
        self._graph = graph
        self.settings = settings
        """Those of the executor."""
        self._resolver = resolver
        self.run_id = run_id
        """Names the run, everywhere and for ever."""
        self._key_of = key_of
        self._labels = labels
        self._status_of = status_of
        self._outputs_of = outputs_of
        self._secrets = secrets
        self._tries_of = tries_of
        self.typical = typical
        self._common = self._common_variables(environment)
        self._environment = environment

    def key(self, node: NodeIndex, attempt: AttemptNumber) -> str:
        """Return the key of an attempt."""
        return self._key_of(node, attempt)

    def grace(self, node: NodeIndex) -> Seconds:
        """Return the seconds from TERM to KILL of a node."""
        return self._graph.task(node).grace

    def node_label(self, node: NodeIndex) -> str:
        """Return the label of a node, with secrets redacted."""
        return self._labels[node]

    def make(self, node: NodeIndex, attempt: AttemptNumber) -> Request:
        """Return what an attempt executes. Raises ResolutionError, and CommandError if it can't be executed there."""
        resolved = self._resolver.resolve(node, self._status_of, self._outputs_of)
        task = self._graph.task(node)
        argv, is_call = _program(resolved)
        cwd = self._cwd(resolved)
        self._refuse_secrets({"command": argv, "working directory": (cwd,), "setup": (self.settings.setup,)})
        env, secrets = self._divided(self._variables(resolved, self._graph.labels[node], attempt))
        return Request(
            key=self.key(node, attempt),
            node_label=self._labels[node],
            attempt=attempt,
            argv=argv,
            call=is_call,
            cwd=cwd,
            env=env,
            secrets=secrets,
            timeout=task.timeout,
            grace=task.grace,
            resources=grown(task.resources, task.retry.grow, self._tries_of(node, attempt)),
            setup=self.settings.setup,
            fence=FENCE,
            makes_cwd=cwd != os.fspath(resolved.cwd),
        )

    # Variables

    def environment_of_engine(self) -> dict[str, str]:
        """Return the variables for a program of the engine on this machine: the run's own, without secrets."""
        return {
            name: value
            for name, value in self._environment.items()
            if not name.startswith("DAGTUI_") and not self._reveals(value)
        }

    def _common_variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        settings = self.settings
        names = environment.keys() - _OF_THIS_MACHINE if settings.environment_here else settings.pass_
        return UNBUFFERED | {name: environment[name] for name in names if name in environment}

    def _variables(self, resolved: Resolved, node_label: str, attempt: AttemptNumber) -> dict[str, str]:
        found = {
            **self._common,
            **resolved.env,
            "DAGTUI_RUN_ID": self.run_id,
            "DAGTUI_NODE": node_label,
            "DAGTUI_ATTEMPT": str(attempt),
        }
        if resolved.colour and not declines_colours(found):
            for name in COLOURS:
                found.setdefault(name, "1")
        return found

    def _divided(self, variables: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the variables without those that contain a secret, and these."""
        if self._secrets is None:
            return variables, {}
        secret = {name: value for name, value in variables.items() if self._reveals(value)}
        return {name: value for name, value in variables.items() if name not in secret}, secret

    def _reveals(self, text: str) -> bool:
        return self._secrets is not None and self._secrets.mask(text) != text

    def _refuse_secrets(self, texts: Mapping[str, Sequence[str]]) -> None:
        """Raise CommandError if a text contains a secret, because it would be written to a disk there."""
        for what, parts in texts.items():
            if any(map(self._reveals, parts)):
                where = label(self.settings.name)
                advice = 'let the command read a variable, such as "$TOKEN", that "secrets" names'
                raise CommandError(f"its {what} contains a secret, which {where} would store: {advice}", lasting=True)

    # Directory

    def _cwd(self, resolved: Resolved) -> str:
        """Return the directory there: the same path as here, or below the executor's directory."""
        here = os.fspath(resolved.cwd)
        base = self.settings.directory
        if not base or self.settings.shared or self.settings.kind is ExecutorKind.SLURM:
            return here
        folder = os.path.abspath(self._graph.directory or "")
        inside = os.path.relpath(here, folder)
        if inside == os.curdir:
            return base
        return here if inside.split(os.sep)[0] == os.pardir else os.path.join(base, inside)


def grown(resources: Resources, factors: Mapping[str, float], tries: int) -> Resources:
    """Return what a try of a node asks for: amounts grow by their factor with each try after the first."""
    found = dict(resources)
    for name, factor in factors.items():
        amount = found.get(name)
        if isinstance(amount, int) and tries > 1:
            found[name] = _times(amount, factor, tries - 1)
    return found


def _times(amount: int, factor: float, times: int) -> int:
    """Multiply an amount with a factor some times. No engine has more of anything than the result can be."""
    for _ in range(times):
        amount = min(ceil(min(amount * factor, float(_MOST_AMOUNT))), _MOST_AMOUNT)
        if amount == _MOST_AMOUNT:
            break
    return amount


def _program(resolved: Resolved) -> tuple[tuple[str, ...], bool]:
    """Return the argv of a node, and whether it is the call of a Python function. Raises CommandError."""
    action = resolved.action
    if isinstance(action, Gate):
        raise CommandError("a gate executes nothing", lasting=True)
    if isinstance(action, PythonCall):
        if resolved.wrap:
            raise CommandError('on other machines, "wrap" can\'t stand before a Python function', lasting=True)
        return (action.target, arguments_of(action)), True
    if isinstance(action, ShellCommand):
        return (*resolved.wrap, *(resolved.shell or DEFAULT_SHELL), action.text), False
    if isinstance(action, ArgumentList):
        return (*resolved.wrap, *action.arguments), False
    return (), False
