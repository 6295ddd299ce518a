"""The parts of a node's definition that decide what it does, as digests, and the keys of its parents."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.asked import no_outputs
from dagtui.graph.files.paths import DeclaredPaths
from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand
from dagtui.graph.resolution import ResolutionError, Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.expressions.asked import OutputsOf
    from dagtui.graph.files.paths import NodeFiles
    from dagtui.graph.model import Action, Graph, NodeIndex, TaskIndex
    from dagtui.graph.resolution import Resolved


class NodeKeys:
    """Finds out what a node would execute now. Used by the event loop, because it reads the state of the run."""

    def __init__(
        self,
        graph: Graph,
        environment: Mapping[str, str],
        status_of: Callable[[NodeIndex], str],
        outputs_of: OutputsOf = no_outputs,
    ) -> None:
        self._graph = graph
        self._resolver = Resolver(graph, environment)
        self._status_of = status_of
        self._outputs_of = outputs_of
        self._paths = DeclaredPaths(graph)
        self._base = os.path.abspath(graph.directory or "")
        self._judged: dict[NodeIndex, str] = {}
        """Keys of nodes that were judged in this run."""
        self._others: dict[NodeIndex, str] = {}
        """Keys of nodes without inputs and outputs. They depend on those above."""
        self._shared: dict[TaskIndex, dict[str, str] | None] = {}
        """Parts that all nodes of a task share. None: its nodes differ."""

    def files(self, node: NodeIndex) -> NodeFiles:
        """Return what a node reads and writes. Raises ValueProblem."""
        return self._paths.of(node)

    def parts(self, node: NodeIndex, remembered_key: Callable[[str], str]) -> dict[str, str]:
        """Return the digests of the parts of a node's definition, by name. Raises ResolutionError.

        `remembered_key` gives the key of a node that did not run in this run.
        """
        parts = self._own_parts(node)
        for parent in self._graph.parents(node):
            if not self._graph.task(parent).outputs:
                parts[f"parent {self._graph.labels[parent]}"] = self._key(parent, remembered_key)
        return parts

    def note(self, node: NodeIndex, key: str) -> None:
        """Note the key of a node that was judged."""
        if self._judged.get(node) != key:
            self._judged[node] = key
            self._others.clear()

    def _own_parts(self, node: NodeIndex) -> dict[str, str]:
        task = self._graph.task_of[node]
        shared = self._shared.get(task)
        if shared is not None:
            return shared.copy()
        resolved = self._resolver.resolve(node, self._status_of, self._outputs_of)
        parts = parts_of(resolved, self._base)
        if task not in self._shared:
            is_shared = resolved is self._resolver.resolve(node, self._status_of, self._outputs_of)
            self._shared[task] = parts.copy() if is_shared else None
        return parts

    def _key(self, node: NodeIndex, remembered_key: Callable[[str], str]) -> str:
        """Return the key of a node without outputs. Nothing recurses, because chains of such nodes may be long."""
        graph, others = self._graph, self._others
        stack = [node]
        while stack:
            current = stack[-1]
            if self._known_key(current, remembered_key) is not None:
                stack.pop()
                continue
            parents = [parent for parent in graph.parents(current) if not graph.task(parent).outputs]
            unknown = [parent for parent in parents if self._known_key(parent, remembered_key) is None]
            if unknown:
                stack += unknown
                continue
            others[current] = self._key_without_inputs(current, [self._known_key(parent, str) for parent in parents])
            stack.pop()
        return self._known_key(node, remembered_key) or ""

    def _known_key(self, node: NodeIndex, remembered_key: Callable[[str], str]) -> str | None:
        if self._graph.task(node).inputs:
            known = self._judged.get(node)
            if known is None:
                known = self._judged[node] = remembered_key(self._graph.labels[node])
            return known
        return self._others.get(node)

    def _key_without_inputs(self, node: NodeIndex, above: list[str | None]) -> str:
        try:
            parts = self._own_parts(node)
        except (ResolutionError, ValueProblem):  # it could not start, or it can't start now
            parts = {}
        return _digest([sorted(parts.items()), above])


def parts_of(resolved: Resolved, base: str) -> dict[str, str]:
    """Return the digests of what is executed, by name. A directory counts relative to the graph's."""
    parts = {"command": _digest(_command(resolved.action))}
    cwd = os.path.relpath(resolved.cwd, base)
    if cwd != ".":
        parts["cwd"] = _digest(cwd)
    if resolved.shell is not None and isinstance(resolved.action, ShellCommand):
        parts["shell"] = _digest(resolved.shell)
    if resolved.wrap:
        parts["wrap"] = _digest(resolved.wrap)
    if resolved.colour:
        parts["colour"] = _digest(True)
    for name, value in resolved.env.items():
        parts[f"env.{name}"] = _digest(value)
    return parts


def _command(action: Action) -> object:
    if isinstance(action, ShellCommand):
        return ["shell", action.text]
    if isinstance(action, ArgumentList):
        return ["program", *action.arguments]
    if isinstance(action, PythonCall):
        return ["call", action.target, sorted(action.arguments.items())]
    return None


def _digest(value: object) -> str:
    return sha256(json.dumps(value, default=str).encode()).hexdigest()[:32]
