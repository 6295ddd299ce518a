"""How each attempt of each node ended; the state only knows of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.state import RunState


class AttemptResult(NamedTuple):
    """How one attempt ended."""

    attempt: int
    status: NodeStatus
    """COMPLETED, FAILED (also when it was tried again) or CANCELLED (also when it was restarted)."""
    why: str
    seconds: float
    """How long it took."""
    at: float
    """When it ended, on the run's clock."""


class AttemptResults:
    """The results of all attempts, learnt from events as they happen.

    Of a node that succeeds at once nothing is kept: the state still has it, and there may be a million of them.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._results: dict[int, list[AttemptResult]] = {}

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what happened; the state must have it already."""
        for event in events:
            if isinstance(event, NodeEvent) and event.attempt:
                result = self._result(event)
                if result is not None:
                    self._results.setdefault(event.node, []).append(result)

    def of(self, node: int) -> list[AttemptResult]:
        """The results of a node's attempts that have ended and are known, the first one first."""
        found = list(self._results.get(node, ()))
        state, attempt = self._state, self._state.attempt[node]
        if not found and state.status_of(node) is NodeStatus.COMPLETED and state.cause_of(node) is Cause.RAN:
            found.append(self._success(node, attempt))
        return found

    def result(self, node: int, attempt: int) -> AttemptResult | None:
        """How one attempt ended; None when it has not ended, or nobody knows."""
        return next((result for result in self.of(node) if result.attempt == attempt), None)

    def _result(self, event: NodeEvent) -> AttemptResult | None:
        status, cause, node = event.status, event.cause, event.node
        if status is NodeStatus.COMPLETED and cause is Cause.RAN and event.attempt > 1:
            return AttemptResult(event.attempt, status, event.why, event.seconds, event.at)
        if status in {NodeStatus.FAILED, NodeStatus.RETRYING} and (event.seconds or cause in _FAILURES):
            return AttemptResult(event.attempt, NodeStatus.FAILED, event.why, event.seconds, event.at)
        if status is NodeStatus.CANCELLED and event.seconds:
            return AttemptResult(event.attempt, status, event.why, event.seconds, event.at)
        if status in {NodeStatus.WAITING, NodeStatus.READY} and cause is not Cause.IN_LINE:
            return self._reset(node, event.attempt, event.at)
        return None

    def _reset(self, node: int, attempt: int, at: float) -> AttemptResult | None:
        """The attempt that a node was reset after, unless it is known already or there was none."""
        ended = self._state.ended[node]
        known = self._results.get(node)
        if not ended or (known and known[-1].at >= ended):
            return None
        if ended == at:
            seconds = ended - self._state.started[node]
            return AttemptResult(attempt, NodeStatus.CANCELLED, "stopped to run again", seconds, at)
        return self._success(node, attempt)

    def _success(self, node: int, attempt: int) -> AttemptResult:
        started, ended = self._state.started[node], self._state.ended[node]
        return AttemptResult(attempt, NodeStatus.COMPLETED, "succeeded", ended - started, ended)


_FAILURES = frozenset({Cause.EXIT, Cause.SIGNAL, Cause.TIMEOUT, Cause.LOST, Cause.COULD_NOT_START})
