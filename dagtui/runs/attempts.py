"""Results of every attempt of every node. The state keeps only the last one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import FIRST_ATTEMPT, Usage
from dagtui.engine.status import SUBMITTED_CAUSES, UNBEGUN, Cause, NodeStatus
from dagtui.text.amounts import NO_TIME, ClockTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableSequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.renumbering import Renumbering
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds


_UNKNOWN = -1.0
_WITHOUT_BEGIN = frozenset({Cause.COULD_NOT_START, Cause.OUTSIDE})
"""The causes of results of attempts that may not have begun."""
_USAGE = "usage "
MOST_REMARKS = 5
"""Number of notes about one attempt that are kept."""


class AttemptResult(NamedTuple):
    """The result of one attempt."""

    attempt: AttemptNumber
    status: NodeStatus
    """COMPLETED, FAILED (also if it was retried) or CANCELLED (also if it was restarted)."""
    why: str
    seconds: Seconds
    """Duration in seconds."""
    at: ClockTime
    """When it ended, on the run's clock."""
    usage: Usage | None = None
    """What it used. None: not known."""


class AttemptResults:
    """The results of all attempts, built from events alone, live or recorded.

    A first attempt that succeeds takes only a few numbers in flat arrays, because there may be a million of them.
    """

    def __init__(self, nodes: int) -> None:
        self._results: dict[NodeIndex, list[AttemptResult]] = {}
        self._remarks: dict[NodeIndex, tuple[AttemptNumber, list[str]]] = {}
        """The last attempt of a node that something was noted about, and what."""
        self._begun: dict[NodeIndex, ClockTime] = {}
        """Node to the start time of its attempt in flight."""
        self._readied: dict[NodeIndex, dict[AttemptNumber, ClockTime]] = {}
        """When attempts after the first became ready, and first ones that a command let run."""
        self._first_at = cast("MutableSequence[ClockTime]", array("d", [-1.0]) * nodes)
        """When the first attempt succeeded, by node. A negative value means that it did not."""
        self._first_seconds = array("f", bytes(4 * nodes))
        self._first_usage: list[array[float]] = []
        """What the first attempt used if it succeeded: an array for each field of `Usage`. Empty: nothing is known."""

    def learn(self, events: Iterable[Event]) -> None:
        """Update the results from events."""
        for event in events:
            if not isinstance(event, NodeEvent):
                if isinstance(event, NoteEvent):
                    self._note(event)
                continue
            if not event.attempt and not event.fresh:
                continue
            if event.status is NodeStatus.READY:
                if event.cause not in SUBMITTED_CAUSES:
                    self._note_ready(event)
            elif event.status is NodeStatus.RUNNING:
                self._begun[event.node] = event.at - event.ago
            elif event.status is NodeStatus.COMPLETED and event.cause is Cause.RAN and event.attempt == 1:
                self._begun.pop(event.node, None)
                self._first_at[event.node], self._first_seconds[event.node] = event.at, event.seconds
                if event.usage is not None:
                    self._note_first_usage(event.node, event.usage)
            elif event.status is not NodeStatus.CANCELLING:
                self._note_end(event)

    def renumber(self, renumbering: Renumbering) -> None:
        """Give nodes their numbers in another graph."""
        old_of = renumbering.old_of  # for new nodes, that is the last element of what follows
        first_at, first_seconds = [*self._first_at, ClockTime(-1.0)], [*self._first_seconds, 0.0]
        self._first_at = cast("MutableSequence[ClockTime]", array("d", map(first_at.__getitem__, old_of)))
        self._first_seconds = array("f", map(first_seconds.__getitem__, old_of))
        self._first_usage = [array("f", map([*amounts, _UNKNOWN].__getitem__, old_of)) for amounts in self._first_usage]
        self._results = renumbering.keys(self._results)
        self._remarks = renumbering.keys(self._remarks)
        self._begun = renumbering.keys(self._begun)
        self._readied = renumbering.keys(self._readied)

    def contents(self) -> dict[str, object]:
        """Return all that is known, by name, as `restore` takes it."""
        known: dict[str, object] = {
            name: getattr(self, name)
            for name in ("_results", "_remarks", "_begun", "_readied", "_first_at", "_first_seconds")
        }
        return known | {f"{_USAGE}{number}": amounts for number, amounts in enumerate(self._first_usage)}

    def restore(self, contents: Mapping[str, object]) -> None:
        """Know only what `contents` returned once. The values are not used afterwards."""
        self._first_usage = [cast("array[float]", value) for name, value in contents.items() if name.startswith(_USAGE)]
        for name, value in contents.items():
            if not name.startswith(_USAGE):
                setattr(self, name, value)

    def of(self, node: NodeIndex) -> list[AttemptResult]:
        """Return the results of a node's ended attempts, oldest first."""
        found = self._results.get(node, [])
        at = self._first_at[node]
        if at < NO_TIME:
            return list(found)
        seconds, usage = self._first_seconds[node], self._first_usage_of(node)
        return [AttemptResult(FIRST_ATTEMPT, NodeStatus.COMPLETED, "succeeded", seconds, at, usage), *found]

    def last_failure(self, node: NodeIndex) -> AttemptResult | None:
        """Return the result of the latest attempt that failed, or None if none has."""
        return next(
            (result for result in reversed(self._results.get(node, [])) if result.status is NodeStatus.FAILED), None
        )

    def only_success(self, node: NodeIndex) -> tuple[float, ...] | None:
        """Return seconds and usage of a first attempt that succeeded, if there was no other one. -1: not known.

        Without making an object of each, because there may be a million of them.
        """
        if self._first_at[node] < NO_TIME or node in self._results:
            return None
        seconds = self._first_seconds[node]
        if not self._first_usage:
            return (seconds, _UNKNOWN, _UNKNOWN, _UNKNOWN, _UNKNOWN)
        return (seconds, *[amounts[node] for amounts in self._first_usage])

    def only_success_at(self, node: NodeIndex) -> tuple[ClockTime, Seconds] | None:
        """Return when a first attempt ended that succeeded, and how long it took, if there was no other one."""
        at = self._first_at[node]
        return None if at < NO_TIME or node in self._results else (at, self._first_seconds[node])

    def result(self, node: NodeIndex, attempt: AttemptNumber) -> AttemptResult | None:
        """Return the result of one attempt, or None if it has not ended or is unknown."""
        return next((result for result in self.of(node) if result.attempt == attempt), None)

    def remarks(self, node: NodeIndex, attempt: AttemptNumber) -> list[str]:
        """Return what was noted about an attempt, oldest first, unless a later attempt was noted."""
        last, texts = self._remarks.get(node, (attempt, []))
        return list(texts) if last == attempt else []

    def ready_at(self, node: NodeIndex, attempt: AttemptNumber) -> ClockTime | None:
        """Return when a node became ready for an attempt. None if it was when its parents let it, or if not known."""
        return self._readied.get(node, {}).get(attempt)

    def _note_ready(self, event: NodeEvent) -> None:
        """Record since when the next attempt waits. The one before may have been stopped for it."""
        self._readied.setdefault(event.node, {})[event.attempt + 1] = event.at
        if event.attempt:
            self._note_end(event)

    def _note(self, event: NoteEvent) -> None:
        if event.node < 0:
            return
        last, texts = self._remarks.get(event.node, (event.attempt, []))
        kept = texts if last == event.attempt else []
        self._remarks[event.node] = event.attempt, [*kept, event.text][-MOST_REMARKS:]

    def _note_first_usage(self, node: NodeIndex, usage: Usage) -> None:
        if not self._first_usage:
            self._first_usage = [array("f", [_UNKNOWN]) * len(self._first_at) for _ in usage]
        for amounts, amount in zip(self._first_usage, usage, strict=True):
            amounts[node] = amount

    def _first_usage_of(self, node: NodeIndex) -> Usage | None:
        if not self._first_usage or self._first_usage[0][node] == _UNKNOWN:
            return None
        cpu, *amounts = (amounts[node] for amounts in self._first_usage)
        memory, read, written = map(round, amounts)
        return Usage(cpu, memory, read, written)

    def _note_end(self, event: NodeEvent) -> None:
        """Record how an attempt ended or failed to start, judging by the node's new status."""
        begun = self._begun.pop(event.node, None)
        if begun is None and event.cause not in _WITHOUT_BEGIN:
            return
        seconds = event.seconds or (0.0 if begun is None else event.at - begun)
        status, why = _RESULTS.get(event.status, NodeStatus.CANCELLED), event.why
        if event.status in UNBEGUN:
            why = "stopped to run again"
        result = AttemptResult(event.attempt, status, why, seconds, event.at, event.usage)
        self._results.setdefault(event.node, []).append(result)


_RESULTS = {
    NodeStatus.COMPLETED: NodeStatus.COMPLETED,
    NodeStatus.FAILED: NodeStatus.FAILED,
    NodeStatus.RETRYING: NodeStatus.FAILED,
}
