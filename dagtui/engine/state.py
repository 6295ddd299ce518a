"""The state of a run: flat arrays over the nodes, changed by one function, one event at a time."""

from __future__ import annotations

from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagtui.engine.events import CommandEvent, Event, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import RUN_AGAIN, CommandKind
from dagtui.engine.status import Cause, NodeStatus, ParentOutcome, Verdict, parent_outcome
from dagtui.engine.transaction import Snapshot, Transaction
from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.graph.model import Graph

STATUSES = tuple(NodeStatus)
CAUSES = tuple(Cause)


class RunState:
    """All data of a run. Readers read the arrays, and only `apply` changes them."""

    def __init__(self, graph: Graph, jobs: int = 1) -> None:
        count = len(graph)
        self.graph = graph
        self.status = bytearray(count)
        """NodeStatus by node."""
        self.cause = bytearray(count)
        """Cause by node."""
        self.attempt = _integers(count)
        """Number of the last submitted attempt, by node. 0: none."""
        self.base = _integers(count)
        """Number of the last attempt before the present budget of retries, by node."""
        self.blocker = array("i", [-1]) * count
        """The parent that blocks a node or made it SKIPPED, or -1, by node."""
        self.kept_for = -1
        """The ready node for which free slots are kept, or -1. Known only while the run is driven, and not recorded."""
        self.roots: dict[int, int] = {}
        """Cache of root causes, by node. It is cleared when one of these nodes gets another blocker."""
        self.value = _integers(count)
        """Exit status or signal of the last result, by node."""
        self.started = array("d", bytes(8 * count))
        """Time on the run's clock when the last attempt began, by node."""
        self.ended = array("d", bytes(8 * count))
        """Time on the run's clock when a result gave the node its status, or 0, by node."""
        self.stale = bytearray(count)
        self.ok = _integers(count)
        """Tallies of parents by outcome (this one and the next two), by node."""
        self.bad = _integers(count)
        self.skip = _integers(count)
        self.marks: dict[int, tuple[int, ...]] = {}
        """Numbers of the commands whose marks a node has, for marked nodes only."""
        self.due: dict[int, float] = {}
        """Time on the run's clock when a RETRYING node may start again."""
        self.why: dict[int, str] = {}
        """The reason that came with the last result, for FAILED, RETRYING and CANCELLING nodes."""
        self.left: dict[int, int] = {}
        """Number of processes that the last attempt left behind, for nodes that left any."""
        self.counts = [count, *[0] * (len(STATUSES) - 1)]
        """Number of nodes by status."""
        self.jobs = jobs
        self.paused = False
        self.cancelled_all = False
        """Whether a person or a signal cancelled the whole run. A later retry clears it."""
        self.settled_at: float | None = None
        """Time on the run's clock when the last node settled. None while some are not settled."""
        self.parked = 0.0
        """Total seconds during which everything was settled before a command woke the run."""
        self.held_up = ""
        """What the run waits for while its journal can't be written, else empty. Not part of any event."""
        self.off_record: frozenset[int] = frozenset()
        """Settled nodes whose end is not on record yet. Not part of any event."""
        self.command_number = 0
        self.commands: dict[int, CommandEvent] = {}
        """The commands whose marks nodes may have, by number."""
        self.dirty: list[int] = []
        """Nodes whose tallies changed since the last propagation."""
        self._outcome = bytearray(count)
        self._allowed = bytes(graph.tasks[task].allow_failure for task in graph.task_of)
        self._any_allowed = 1 in self._allowed
        self._watches: list[Watch] = []

    # Reading

    def status_of(self, node: int) -> NodeStatus:
        """Return the status of a node."""
        return STATUSES[self.status[node]]

    def cause_of(self, node: int) -> Cause:
        """Return the cause of a node's status."""
        return CAUSES[self.cause[node]]

    def outcome_of(self, node: int) -> ParentOutcome:
        """Return how the node counts for its children now."""
        return ParentOutcome(self._outcome[node])

    def allows_failure(self, node: int) -> bool:
        """Return whether a failure of the node counts as ok for its children and the verdict."""
        return bool(self._allowed[node])

    @property
    def stale_count(self) -> int:
        """Number of nodes that completed before an ancestor ran again."""
        return self.stale.count(1)

    @property
    def unsettled(self) -> int:
        """Number of nodes that are not settled."""
        return sum(self.counts[: NodeStatus.COMPLETED])

    def active(self, clock: float) -> float:
        """Return the run's active seconds at a time of its clock. Time in which everything was settled is left out."""
        return max(0.0, (clock if self.settled_at is None else self.settled_at) - self.parked)

    def verdict(self) -> Verdict:
        """Return the verdict of the run (rule 4 in `rules`)."""
        if self.unsettled:
            return Verdict.RUNNING
        if self.cancelled_all:
            return Verdict.CANCELLED
        if self.counts[NodeStatus.FAILED_PARENT]:
            return Verdict.FAILED
        if next(self.failures(), None) is not None:
            return Verdict.FAILED
        return Verdict.CANCELLED if self.counts[NodeStatus.CANCELLED] else Verdict.COMPLETED

    def nodes_with(self, status: NodeStatus) -> Iterator[int]:
        """Yield the nodes with a status, in the order of the file."""
        position = self.status.find(status)
        while position >= 0:
            yield position
            position = self.status.find(status, position + 1)

    def failures(self) -> Iterator[int]:
        """Yield the failed nodes whose failure is not allowed."""
        return (node for node in self.nodes_with(NodeStatus.FAILED) if not self._allowed[node])

    @property
    def allowed_failures(self) -> int:
        """Number of failed nodes whose failure is allowed."""
        if not self._any_allowed or not self.counts[NodeStatus.FAILED]:
            return 0
        return sum(self._allowed[node] for node in self.nodes_with(NodeStatus.FAILED))

    # Watching

    def watch(self) -> Watch:
        """Start to track changes. The caller ends it with `unwatch`."""
        watch = Watch()
        self._watches.append(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Stop tracking changes."""
        self._watches.remove(watch)

    # Changing

    def apply(self, event: Event) -> None:
        """Apply an event. This is the only function that changes the state."""
        if isinstance(event, NodeEvent):
            self.apply_node(event)
            return
        for watch in self._watches:
            watch.run = True
            if isinstance(event, NoteEvent):
                watch.notes.append(event)
        if isinstance(event, CommandEvent):
            self._apply_command(event)
        elif isinstance(event, RunEvent):
            self.jobs = event.jobs or self.jobs
            if event.what == "resumed":
                self.paused = self.cancelled_all = False

    def replay(self, events: Iterable[Event]) -> None:
        """Apply recorded events, without leaving any node dirty."""
        for event in events:
            self.apply(event)
            self.dirty.clear()

    def apply_node(self, event: NodeEvent) -> None:
        """Apply a node event. This is the hot path of `apply`."""
        at, node, attempt, status, cause, why, value, seconds, blocker, marks, due, fresh, stale, left = event
        old = self.status[node]
        self.counts[old] -= 1
        self.counts[status] += 1
        self.status[node] = status
        if (old < _COMPLETED) is not (status < _COMPLETED):
            self._time(at, settled=old < _COMPLETED)
        self.cause[node] = cause
        self.attempt[node] = attempt
        if self.blocker[node] != blocker:
            self._block(node, blocker)
        self.stale[node] = stale
        if status == NodeStatus.RUNNING:
            self.started[node] = at
            self.ended[node] = 0.0
        elif seconds or (old in _ALIVE and status not in _ALIVE):
            self.ended[node] = at
            self.value[node] = value
            if seconds:
                self.started[node] = at - seconds  # the executor's measurement is better than the time in the queue
        elif old == NodeStatus.READY and status in _EXPLAINED:  # it could not start
            self.started[node] = self.ended[node] = at
            self.value[node] = value
        if fresh:
            self.base[node] = attempt
        if marks or due or status in _EXPLAINED or self.marks or self.due or self.why:
            self._note_details(node, status, why, marks, due)
        if left or self.left:
            self._note_left(node, status, left, fresh=fresh)
        now = self._outcome_for(node, status, cause)
        if now != self._outcome[node]:
            self._count(node, now)
        for watch in self._watches:
            watch.nodes.add(node)

    def _time(self, at: float, *, settled: bool) -> None:
        """Update the active time after a node became settled, or is no longer settled."""
        if settled:
            if not any(self.counts[:_COMPLETED]):
                self.settled_at = at
        elif self.settled_at is not None:
            self.parked += max(0.0, at - self.settled_at)
            self.settled_at = None

    def _block(self, node: int, blocker: int) -> None:
        self.blocker[node] = blocker
        if node in self.roots:
            self.roots.clear()

    def _outcome_for(self, node: int, status: int, cause: int) -> int:
        """Return the same as `status.parent_outcome`, from a table."""
        if status == NodeStatus.FAILED and self._allowed[node]:
            return ParentOutcome.OK
        if status == NodeStatus.SKIPPED and cause == Cause.PERSON:
            return ParentOutcome.OK
        return _OUTCOMES[status]

    def _note_details(self, node: int, status: NodeStatus, why: str, marks: tuple[int, ...], due: float) -> None:
        if marks:
            self.marks[node] = marks
        elif node in self.marks:
            del self.marks[node]
        if due:
            self.due[node] = due
        elif node in self.due:
            del self.due[node]
        if status in _EXPLAINED:
            self.why[node] = why
        elif node in self.why:
            del self.why[node]

    def _note_left(self, node: int, status: NodeStatus, left: int, *, fresh: bool) -> None:
        if left:
            self.left[node] = left
        elif fresh or status is NodeStatus.RUNNING:
            self.left.pop(node, None)

    def _count(self, node: int, now: int) -> None:
        """Move a node from its old outcome to its new one in its children's tallies."""
        before = self._outcome[node]
        self._outcome[node] = now
        children = self.graph.children(node)
        if not children:
            return
        for tally, step in ((self._tally(before), -1), (self._tally(now), 1)):
            if tally is not None:
                for child in children:
                    tally[child] += step
        self.dirty.extend(children)

    def _tally(self, which: int) -> array[int] | None:
        return (None, self.ok, self.bad, self.skip)[which]

    def _apply_command(self, event: CommandEvent) -> None:
        self.command_number = event.number
        kind = event.kind
        if kind is CommandKind.PAUSE:
            self.paused = True
        elif kind is CommandKind.RESUME:
            self.paused = False
        elif kind is CommandKind.SET_JOBS:
            self.jobs = event.jobs
        elif kind is CommandKind.CANCEL_ALL:
            self.cancelled_all = True
        elif kind in RUN_AGAIN:
            self.cancelled_all = False
        if kind is None or kind in _MARKING:
            self.commands[event.number] = event

    def note_record(self, held_up: str, off_record: frozenset[int]) -> None:
        """Set which nodes are not on record yet, and why. Events apply to the state independently of this."""
        changed = self.off_record ^ off_record
        self.held_up, self.off_record = held_up, off_record
        for watch in self._watches:
            watch.run = True
            watch.nodes |= changed

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Roll back the events applied inside at the end, unless the transaction is kept.

        Watches see none of the changes before the end.
        """
        transaction = Transaction(self._snapshot())
        watches, self._watches = self._watches, [transaction.watch]
        try:
            yield transaction
        finally:
            self._watches = watches
            if transaction.kept:
                for watch in watches:
                    watch.add(transaction.watch)
            else:
                self._restore(transaction.before)

    def columns(self) -> list[memoryview]:
        """Return writable byte views of the arrays, to copy and restore them."""
        arrays: tuple[bytearray | array[int] | array[float], ...] = (
            *(self.status, self.cause, self.attempt, self.base, self.blocker, self.value, self.started, self.ended),
            *(self.stale, self.ok, self.bad, self.skip, self._outcome),
        )
        return [memoryview(column).cast("B") for column in arrays]

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            [bytes(column) for column in self.columns()],
            self.marks.copy(),
            self.due.copy(),
            self.why.copy(),
            self.left.copy(),
            self.commands.copy(),
            self.counts[:],
            (self.jobs, self.paused, self.cancelled_all, self.command_number),
            (self.settled_at, self.parked),
        )

    def _restore(self, old: Snapshot) -> None:
        for column, content in zip(self.columns(), old.columns, strict=True):
            column[:] = content
        self.marks, self.due, self.why, self.left = old.marks, old.due, old.why, old.left
        self.commands, self.counts = old.commands, old.counts
        self.jobs, self.paused, self.cancelled_all, self.command_number = old.run
        self.settled_at, self.parked = old.times
        self.dirty.clear()
        self.roots.clear()


_OUTCOMES = bytes(parent_outcome(status, Cause.NONE, allow_failure=False) for status in NodeStatus)
_COMPLETED = NodeStatus.COMPLETED
_ALIVE = frozenset({NodeStatus.RUNNING, NodeStatus.CANCELLING})
_EXPLAINED = frozenset({NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.CANCELLING})
_MARKING = frozenset({CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL})


def _integers(count: int) -> array[int]:
    return array("i", bytes(4 * count))
