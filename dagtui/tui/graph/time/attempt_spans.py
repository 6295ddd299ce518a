"""Spans of attempts: when the attempts of a node waited and ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.messages import FIRST_ATTEMPT, NO_ATTEMPT
from dagtui.engine.status import ALIVE, SETTLED, SUBMITTED_CAUSES, Cause, NodeStatus
from dagtui.engine.why import root_cause
from dagtui.text.amounts import NEVER, NO_TIME, ClockTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView

ANSWERS: Final = frozenset({Cause.ANSWERED, Cause.REJECTED})
"""The causes of gates that a person has answered."""


class AttemptSpan(NamedTuple):
    """One attempt of a node, or the time that a node has been waiting for one."""

    attempt: AttemptNumber
    ready: ClockTime
    """Since when it waited."""
    start: ClockTime
    """When it began. NEVER if it has not."""
    end: ClockTime
    """When it ended. NEVER if it has not."""
    status: NodeStatus
    """How it ended. RUNNING or READY if it has not."""


class NodeAttempts:
    """Reads the attempts of single nodes. Results of attempts are known of a run, the begin of queues is derived."""

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._state = run.state

    def of(self, node: NodeIndex) -> list[AttemptSpan]:
        """Return the attempts of a node, oldest first, and last that it waits for one."""
        present = self.present(node)
        return [*self.ended(node, 0), *((present,) if present is not None else ())]

    def ended(self, node: NodeIndex, known: int) -> Iterator[AttemptSpan]:
        """Yield the ended attempts of a node after the first `known` ones."""
        state = self._state
        if not known and state.cause[node] in ANSWERS:  # a person's time, before an attempt without length
            status = NodeStatus.COMPLETED if state.cause[node] == Cause.ANSWERED else NodeStatus.FAILED
            yield AttemptSpan(NO_ATTEMPT, state.started[node], state.ended[node], state.ended[node], status)
        for result in self._run.attempts.of(node)[known:]:
            start = max(NO_TIME, result.at - result.seconds)
            ready = self._ready(node, result.attempt, start)
            yield AttemptSpan(result.attempt, ready, start, result.at, result.status)

    def present(self, node: NodeIndex) -> AttemptSpan | None:
        """Return the attempt of a node that is in flight, or the one that it waits for."""
        state, status = self._state, self._state.status[node]
        if status in ALIVE:
            start, attempt = state.started[node], state.attempt[node]
            return AttemptSpan(attempt, self._ready(node, attempt, start), start, NEVER, NodeStatus.RUNNING)
        if status != NodeStatus.READY or state.is_outside(node):
            return None
        attempt = state.attempt[node] + (state.cause[node] not in SUBMITTED_CAUSES)
        ready = state.started[node] if state.cause[node] == Cause.ASKS else self._ready(node, attempt, NEVER)
        return AttemptSpan(attempt, ready, NEVER, NEVER, NodeStatus.READY) if ready < NEVER else None

    def _ready(self, node: NodeIndex, attempt: AttemptNumber, start: ClockTime) -> ClockTime:
        """Return when a node became ready for an attempt that began at `start`. Where it is not known, `start`."""
        known = self._run.attempts.ready_at(node, attempt)
        if known is not None:
            return min(known, start)
        return self._released(node, start) if attempt <= FIRST_ATTEMPT else start

    def _released(self, node: NodeIndex, start: ClockTime) -> ClockTime:
        """Return when the last of a node's parents ended. One that is blocked ended with what blocks it.

        A parent that has been run again since tells nothing.
        """
        state, last = self._state, NO_TIME
        status, ended = state.status, state.ended
        for parent in self._run.graph.parents(node):
            if status[parent] not in SETTLED:
                return start
            end = ended[parent if status[parent] != NodeStatus.FAILED_PARENT else root_cause(state, parent)]
            if end > start:
                return start
            if end > last:
                last = end
        return last
