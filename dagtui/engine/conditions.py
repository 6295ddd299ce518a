"""Conditions: the `if` of tasks (rule 8 in `rules`), decided from what the traversal knows and nothing else.

What a condition reads is fixed when the run begins (parameters, cells, the environment) or is part of the state (how
parents ended, and what they handed on). So the same state always gives the same decision. A *fixed* condition reads
nothing of the state. It is decided before the parents are.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from dagtui.engine.finally_nodes import run_values
from dagtui.engine.rules.triggers import RUN, WAIT
from dagtui.engine.status import SETTLED, Cause, NodeStatus
from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.as_run import unknown_status
from dagtui.graph.expressions.asked import AskedNodes
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.conditions import parse_condition, paths_of
from dagtui.graph.expressions.evaluation import UNSET, ConditionError, Reading, holds, why_false
from dagtui.graph.resolution import Resolver
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.rules.triggers import Decision
    from dagtui.engine.state import RunState
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.conditions import Expression
    from dagtui.graph.model import Graph, NodeIndex, ParameterValue, Task, TaskIndex

FALSE: Decision = (NodeStatus.SKIPPED, Cause.CONDITION)
UNDECIDABLE: Decision = (NodeStatus.FAILED, Cause.CONDITION)


_NO_IDENTITY: Mapping[str, ParameterValue] = {}


class _UnsettledParentError(Exception):
    """A condition reads a parent that is not settled."""


class _Kind(enum.IntEnum):
    """How a task's nodes are decided."""

    NONE = 0
    """There is no condition."""
    FIXED = 1
    """At once."""
    LATER = 2
    """Once the trigger lets them run."""


class Conditions:
    """Decides about the nodes of one run."""

    def __init__(
        self, graph: Graph, environment: Mapping[str, str], identity: Mapping[str, ParameterValue] = _NO_IDENTITY
    ) -> None:
        """Decide with the graph as it is executed, and the environment that the run was started with.

        `identity` is what finally nodes can read of the run, besides how it ended.
        """
        self._identity = identity
        self._graph = graph
        self._environment = environment
        self._expressions: dict[TaskIndex, Expression] = {}
        self._resolver = Resolver(graph, environment)
        self._kinds = bytes(self._kind(task) for task in graph.tasks)
        self._known: dict[NodeIndex, Decision | None] = {}
        """What fixed conditions decided. None: they are true."""
        self._asked = AskedNodes(graph)
        self._parents: dict[tuple[NodeIndex, str], NodeIndex | None] = {}
        """The parents that conditions read, by node and path."""

    def decide(self, state: RunState, node: NodeIndex, by_parents: Decision) -> Decision:
        """Return the status that follows from a node's parents and its condition."""
        kind = self._kinds[self._graph.task_of[node]]
        if not kind or node in state.bypassed or (kind == _Kind.LATER and by_parents is not RUN):
            return by_parents
        if kind == _Kind.LATER:
            return self._evaluate(state, node) or by_parents
        if node not in self._known:
            self._known[node] = self._evaluate(state, node)
        return self._known[node] or by_parents

    def keep_back(self, state: RunState, node: NodeIndex) -> bool:
        """Return whether the condition keeps a node from running that its parents let run."""
        return self.decide(state, node, RUN)[1] is Cause.CONDITION

    def why(self, state: RunState, node: NodeIndex) -> str:
        """Return why a condition is false or can't be decided, with the values that it read."""
        expression = self._expression(self._graph.task_of[node])
        try:
            return why_false(expression, lambda path: self._read(state, node, path))
        except ConditionError as error:
            return f"could not start: {error}"

    def _kind(self, task: Task) -> _Kind:
        if not task.condition:
            return _Kind.NONE
        return _Kind.LATER if reads_state(task) else _Kind.FIXED

    def _expression(self, number: TaskIndex) -> Expression:
        found = self._expressions.get(number)
        if found is None:
            found = self._expressions[number] = parse_condition(self._graph.tasks[number].condition)
        return found

    def _evaluate(self, state: RunState, node: NodeIndex) -> Decision | None:
        expression = self._expression(self._graph.task_of[node])
        try:
            return None if holds(expression, lambda path: self._read(state, node, path)) else FALSE
        except ConditionError:
            return UNDECIDABLE
        except _UnsettledParentError:
            return WAIT

    # Values

    def _read(self, state: RunState, node: NodeIndex, path: Placeholder) -> Reading:
        """Return the value of a path. Raises ConditionError."""
        if path.root is Root.NEEDS:
            return self.of_parent(state, node, path)
        if path.root is Root.ENV:
            return self._variable(node, path.name)
        if path.root is Root.MATRIX:
            value = dict(self._graph.cell(node)).get(path.name)
            return UNSET if value is None else Reading(value, typed=not isinstance(value, str))
        if path.root is Root.RUN:
            found = run_values(state, self._identity).get(path.name)
            return UNSET if found is None else Reading(found)
        if path.name not in self._graph.params:
            raise ConditionError(f"there is no {label(path.source)}")
        return Reading(self._graph.params[path.name])

    def of_parent(self, state: RunState, node: NodeIndex, path: Placeholder) -> Reading:
        """Return the status of a parent, or a value that it handed on."""
        key = node, path.source
        if key not in self._parents:
            try:
                self._parents[key] = self._asked.node(node, path)
            except ValueProblem as wrong:
                raise ConditionError(label(wrong.message)) from None
        parent = self._parents[key]
        if parent is None:
            return UNSET
        if state.status_of(parent) not in SETTLED and not self._tells_at_once(state, parent, path):
            raise _UnsettledParentError
        if path.output:
            value = state.outputs_of(parent).get(path.output)
            return UNSET if value is None else Reading(value, typed=False)
        return Reading(state.status_name(parent))

    def _tells_at_once(self, state: RunState, parent: NodeIndex, path: Placeholder) -> bool:
        """Return whether a service, which ends only after its descendants, has an answer while it runs.

        It is done for them once it is ready. What it hands on is not known before its end.
        """
        if self._graph.task(parent).service is None:
            return False
        return bool(path.output) or state.cause_of(parent) is Cause.SERVES

    def _variable(self, node: NodeIndex, name: str) -> Reading:
        """Return a variable of the node's task, or else of the run's environment."""
        own = self._graph.task(node).env.get(name)
        if own is not None and "{{" in own:
            known = self._resolver.known(node, unknown_status, lambda _name, value: value)
            own = known.env.get(name)
            if own is None:
                raise ConditionError(f"env.{label(name)} has no value")
        value = self._environment.get(name) if own is None else own
        return UNSET if value is None else Reading(value, typed=False)


def reads_state(task: Task) -> bool:
    """Return whether a task's condition reads how parents, or the run, ended."""
    return any(path.root in {Root.NEEDS, Root.RUN} for path in paths_of(parse_condition(task.condition)))
