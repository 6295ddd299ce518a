"""How each attempt of each node ended; the state only knows of the last one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event


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
    """The results of all attempts, learnt from events alone, as they happen or as they were recorded.

    Of a first attempt that succeeds only the times are kept, in flat arrays: there may be a million of them.
    """

    def __init__(self, nodes: int) -> None:
        self._results: dict[int, list[AttemptResult]] = {}
        self._begun: dict[int, float] = {}
        """When the attempt in flight began, by node."""
        self._first_at = array("d", [-1.0]) * nodes
        """When the first attempt succeeded, by node; below 0: it did not."""
        self._first_seconds = array("f", bytes(4 * nodes))

    def learn(self, events: Iterable[Event]) -> None:
        """Take in what happened."""
        for event in events:
            if not isinstance(event, NodeEvent) or not event.attempt:
                continue
            if event.status is NodeStatus.RUNNING:
                self._begun[event.node] = event.at
            elif event.status is NodeStatus.COMPLETED and event.cause is Cause.RAN and event.attempt == 1:
                self._begun.pop(event.node, None)
                self._first_at[event.node], self._first_seconds[event.node] = event.at, event.seconds
            elif event.status is not NodeStatus.CANCELLING:
                self._note_end(event)

    def of(self, node: int) -> list[AttemptResult]:
        """The results of a node's attempts that have ended, the first one first."""
        found = self._results.get(node, [])
        at = self._first_at[node]
        if at < 0:
            return list(found)
        return [AttemptResult(1, NodeStatus.COMPLETED, "succeeded", self._first_seconds[node], at), *found]

    def result(self, node: int, attempt: int) -> AttemptResult | None:
        """How one attempt ended; None when it has not ended, or nobody knows."""
        return next((result for result in self.of(node) if result.attempt == attempt), None)

    def _note_end(self, event: NodeEvent) -> None:
        """An attempt was in flight, or could not start: the node's new status says how that ended."""
        begun = self._begun.pop(event.node, None)
        if begun is None and event.cause is not Cause.COULD_NOT_START:
            return
        seconds = event.seconds or (0.0 if begun is None else event.at - begun)
        status, why = _RESULTS.get(event.status, NodeStatus.CANCELLED), event.why
        if event.status in {NodeStatus.WAITING, NodeStatus.READY}:
            why = "stopped to run again"
        result = AttemptResult(event.attempt, status, why, seconds, event.at)
        self._results.setdefault(event.node, []).append(result)


_RESULTS = {
    NodeStatus.COMPLETED: NodeStatus.COMPLETED,
    NodeStatus.FAILED: NodeStatus.FAILED,
    NodeStatus.RETRYING: NodeStatus.FAILED,
}
