"""Finally nodes: they begin when every other node of the run is settled (rule 12 in `rules`).

No edges are made for that. The state counts how many of them are unsettled, so that an event costs the same with any
number of nodes. While another node is unsettled, a finally node waits, and one that had run is reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import CommandKind
from dagtui.engine.status import SETTLED, Cause, NodeStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex, ParameterValue

_BY_A_PERSON = frozenset({(NodeStatus.SKIPPED, Cause.PERSON), (NodeStatus.COMPLETED, Cause.MARKED)})


class FinallyNodes:
    """Opens when the rest of the run is settled, and closes when a part of it is not any more."""

    def __init__(self, state: RunState, reset: Callable[[NodeIndex], None]) -> None:
        self._state = state
        self._reset = reset
        self.nodes: list[NodeIndex] = [node for node in state.graph.nodes if state.is_finally[node]]
        self.is_open = False
        self._told: set[bool] = set()
        """Whether finally nodes had to wait that were looked at since the last `switch`."""

    def must_wait(self, node: NodeIndex) -> bool:
        """Return whether a node is a finally node that waits for others. This may be different at the next `switch`."""
        if not self._state.is_finally[node]:
            return False
        waits = self._state.waits_for_all(node)
        self._told.add(waits)
        return waits

    def switch(self) -> bool:
        """Open or close after nodes have changed. Return whether nodes must be propagated because of it."""
        state = self._state
        before, self.is_open = self.is_open, not state.unsettled_before_finally
        switched = self.is_open is not before or self.is_open in self._told  # some were told otherwise
        self._told.clear()
        if not switched and (self.is_open or not self._any_settled()):
            return False
        nodes = list(state.inside(self.nodes))
        again = [] if self.is_open else [node for node in nodes if self._ran(node)]
        for node in again:
            self._reset(node)
        state.dirty.extend(nodes if switched else ())
        return switched or bool(again)

    def _any_settled(self) -> bool:
        state = self._state
        total = sum(map(state.selected.__getitem__, self.nodes)) if state.outside else len(self.nodes)
        return state.finally_unsettled < total

    def _ran(self, node: NodeIndex) -> bool:
        """Return whether a node is settled, and not because of what a person said of it."""
        state = self._state
        standing = state.status_of(node), state.cause_of(node)
        if node in state.leaving:
            return False
        return standing[0] in SETTLED and standing not in _BY_A_PERSON and not state.marks.get(node)


def cancelled_with_all(state: RunState, number: int) -> list[NodeIndex]:
    """Return the nodes that a cancel of the whole run concerns.

    Finally nodes still run after the first one. They are cancelled by a second one, or when only they are left.
    """
    if not state.unsettled_before_finally or _cancelled_before(state, number):
        return list(state.graph.nodes)
    return [node for node in state.graph.nodes if not state.is_finally[node]]


def may_run(state: RunState, cancelled: Collection[NodeIndex]) -> bool:
    """Return whether a cancel of the whole run leaves finally nodes to run, for which a pause must end."""
    return state.finally_unsettled > 0 and len(cancelled) < len(state.graph)


def _cancelled_before(state: RunState, number: int) -> bool:
    earlier = {mark for marks in state.marks.values() for mark in marks if mark != number}
    commands = (state.commands.get(mark) for mark in earlier)
    return any(command is not None and command.kind is CommandKind.CANCEL_ALL for command in commands)


def verdict_before_finally(state: RunState) -> Verdict:
    """Return the verdict over all nodes but the finally nodes (rule 4 in `rules`)."""
    if state.unsettled_before_finally:
        return Verdict.RUNNING
    return state.verdict_of_run(lambda node: not state.is_finally[node])


def _failures(state: RunState) -> Iterator[str]:
    """Yield the names of the failed nodes whose failure is not allowed, in the order of the file."""
    return (state.graph.labels[node] for node in state.failures() if not state.is_finally[node])


def run_values(state: RunState, identity: Mapping[str, ParameterValue]) -> Mapping[str, ParameterValue]:
    """Return what finally nodes can read of the run: `run.verdict`, `run.failed`, and what identifies it."""
    return {**identity, "verdict": verdict_before_finally(state).value, "failed": tuple(_failures(state))}
