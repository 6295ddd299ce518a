"""What nodes execute and where, for people to read and paste: placeholders filled in, secrets redacted."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.gates import Gate
from dagtui.graph.model import DEFAULT_SHELL, ArgumentList, PythonCall, ShellCommand
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.expressions.asked import OutputsOf
    from dagtui.graph.model import Action, Graph, NodeIndex
    from dagtui.graph.resolution import Known
    from dagtui.text.secrets import Secrets


class UnknownEnvironment(Mapping[str, str]):
    """The environment of a run that another process has, or that has not started. Reading a variable is refused."""

    def __getitem__(self, name: str) -> str:
        raise ResolutionError(f"the environment variable {name} is not known here")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def redacted_environment(environment: Mapping[str, str], names: tuple[str, ...], secrets: Secrets) -> dict[str, str]:
    """Return the environment of a run without its secrets. `names` are the names of the secrets."""
    # Before values are filled in: the quotes of a shell could split a secret so that it is not found any more.
    return {name: MARK.decode() if name in names else secrets.mask(value) for name, value in environment.items()}


def unknown_status(node: NodeIndex) -> str:
    """Raise ResolutionError. Serves as `status_of` where no node has ended."""
    raise ResolutionError(f"how node {node} ends is not known yet")


def unknown_outputs(node: NodeIndex) -> Mapping[str, str]:
    """Raise ResolutionError. Serves as `outputs_of` where no node has ended."""
    raise ResolutionError(f"what node {node} hands on is not known yet")


class Filled(NamedTuple):
    """A text as it runs, and as it was written if that differs."""

    text: str
    """As it was written if a value is not known."""
    template: str = ""


class AsRun:
    """What the nodes of a graph execute, and where, for people to read. Secrets are never shown."""

    def __init__(
        self,
        graph: Graph,
        environment: Mapping[str, str],
        status_of: Callable[[NodeIndex], str],
        outputs_of: OutputsOf,
        secrets: Secrets | None = None,
    ) -> None:
        """Graph and environment are already redacted. Both functions raise ResolutionError for what is not known."""
        self._graph = graph
        self._resolver = Resolver(graph, environment)
        self._status_of = status_of
        self._outputs_of = outputs_of
        self._named = frozenset(graph.settings.secrets)
        self._secrets = secrets

    def command(self, node: NodeIndex) -> Filled:
        """Return what the node executes."""
        task = self._graph.task(node)
        written = wrapped_line(task.action, task.wrap, task.shell)
        if "{{" not in written:
            return Filled(written)
        known = self._known(node)
        if known.action is None or known.wrap is None:
            return Filled(written)
        return self._filled(written, wrapped_line(known.action, known.wrap, task.shell))

    def cwd(self, node: NodeIndex) -> Filled:
        """Return the directory in which the node runs."""
        written = self._graph.task(node).cwd
        if "{{" not in written:
            return Filled(os.path.normpath((self._graph.directory or Path()) / written))
        cwd = self._known(node).cwd
        return self._filled(written, None if cwd is None else os.fspath(cwd))

    def env(self, node: NodeIndex) -> dict[str, Filled]:
        """Return the variables that are set for the node, in the order of the file."""
        written = self._graph.task(node).env
        if not any("{{" in text for text in written.values()):
            return {name: Filled(text) for name, text in written.items()}
        return {name: self._filled(written[name], found) for name, found in self._known(node).env.items()}

    def _known(self, node: NodeIndex) -> Known:
        return self._resolver.known(node, self._status_of, self._redact, self._outputs_of)

    def _filled(self, written: str, found: str | None) -> Filled:
        if found is None:
            return Filled(written)
        # Harmless values may form a secret together.
        text = found if self._secrets is None else self._secrets.mask(found)
        return Filled(text, written if written != text else "")

    def _redact(self, name: str, value: str) -> str:
        if name in self._named:
            return MARK.decode()
        return value if self._secrets is None else self._secrets.mask(value)


def wrapped_line(action: Action, wrap: tuple[str, ...], shell: tuple[str, ...] | None) -> str:
    """Return an action with what stands before it, as one text."""
    line = command_line(action)
    if not wrap or not line:
        return line
    if isinstance(action, ShellCommand):
        return shlex.join((*wrap, *(shell or DEFAULT_SHELL), line))
    return f"{shlex.join(wrap)} {line}"


def command_line(action: Action) -> str:
    """Return an action as one text, with its content unchanged."""
    if isinstance(action, ShellCommand):
        return action.text
    if isinstance(action, ArgumentList):
        return shlex.join(action.arguments)
    if isinstance(action, PythonCall):
        arguments = ", ".join(f"{name}={value!r}" for name, value in action.arguments.items())
        return f"{action.target}({arguments})"
    if isinstance(action, Gate):
        return action.question
    return ""
