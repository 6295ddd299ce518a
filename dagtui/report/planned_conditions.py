"""Conditions before a run: what they decide already. Those that read an output are taken to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.conditions import Conditions
from dagtui.engine.rules.triggers import WAIT
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dagtui.engine.rules.triggers import Decision
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.evaluation import Reading
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.secrets import Secrets


class _UnknownOutputError(Exception):
    """A condition reads a value that a parent would hand on."""


class PlannedConditions(Conditions):
    """Decides as a run would if everything succeeded."""

    def __init__(self, graph: Graph, environment: Mapping[str, str], secrets: Secrets | None) -> None:
        """Decide with a graph that is not redacted. Reasons have their secrets redacted."""
        super().__init__(graph, environment)
        self._secrets = secrets

    def decide(self, state: RunState, node: NodeIndex, by_parents: Decision) -> Decision:
        """Return the status that follows from a node's parents and its condition."""
        try:
            return super().decide(state, node, by_parents)
        except _UnknownOutputError:
            return by_parents

    def why(self, state: RunState, node: NodeIndex) -> str:
        """Return why a condition is false or can't be decided."""
        text = super().why(state, node)
        return text if self._secrets is None else self._secrets.mask(text)

    def of_parent(self, state: RunState, node: NodeIndex, path: Placeholder) -> Reading:
        """Return the status of a parent."""
        if path.output:
            raise _UnknownOutputError
        return super().of_parent(state, node, path)


def planned_conditions(
    graph: Graph, environment: Mapping[str, str], secrets: Secrets | None
) -> PlannedConditions | None:
    """Return what decides about the nodes of a graph that is not redacted, or None if no task has a condition.

    It reads the variables of the graph's files, and those of `environment` before them, as a run does.
    """
    if not any(task.condition for task in graph.tasks):
        return None
    return PlannedConditions(graph, {**graph.variables, **environment}, secrets)


def kept_from_running(conditions: PlannedConditions, graph: Graph) -> Iterator[tuple[NodeIndex, str]]:
    """Yield the nodes that conditions keep from running in any run, and why."""
    state = RunState(graph)
    for node in graph.nodes:
        if conditions.decide(state, node, WAIT)[1] is Cause.CONDITION:
            yield node, conditions.why(state, node)
