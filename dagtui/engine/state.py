"""The state of a run: flat arrays over the nodes, changed by one function, one event at a time."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, cast

from dagtui.engine.columns import Asked, positions
from dagtui.engine.events import CommandEvent, Event, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.held_nodes import HeldNodes
from dagtui.engine.messages import BY_TIMEOUT, CANCELS, HOLDS, RUN_AGAIN, CommandKind, Slots
from dagtui.engine.rules.transitions import ANY, LISTED, TransitionError
from dagtui.engine.status import (
    ALIVE,
    EXPLAINED,
    EXPLAINED_CAUSES,
    PARENT_OUTCOMES,
    SETTLED,
    UNBEGUN,
    UNCOUNTED_CAUSES,
    Cause,
    NodeStatus,
    ParentOutcome,
    Verdict,
)
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from dagtui.engine.rules.transitions import Listed
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds

STATUSES = tuple(NodeStatus)
CAUSES = tuple(Cause)


class RunState(HeldNodes):
    """All data of a run. Readers read the columns, and only `apply` changes them."""

    def __init__(self, graph: Graph, jobs: int = 1) -> None:
        super().__init__(len(graph), jobs)
        self.graph = graph
        self.kept_for = NO_NODE
        """The ready node for which free slots are kept, or -1. Known only while the run is driven, and not recorded."""
        self.reading: Callable[[], Collection[NodeIndex]] = tuple
        """Returns the running nodes whose processes have ended, and whose outputs are read. Not part of any event."""
        self._allowed = bytes(graph.tasks[task].allow_failure for task in graph.task_of)
        self._any_allowed = 1 in self._allowed
        self._any_gates = graph.any_gates
        self.is_finally = bytes(graph.tasks[task].is_finally for task in graph.task_of) if graph.any_finally else b""
        """Whether a node is a finally node, by node. Empty if there is none."""
        self.finally_unsettled = sum(self.is_finally)

    # Reading

    def status_of(self, node: NodeIndex) -> NodeStatus:
        """Return the status of a node."""
        return STATUSES[self.status[node]]

    def cause_of(self, node: NodeIndex) -> Cause:
        """Return the cause of a node's status."""
        return CAUSES[self.cause[node]]

    def outcome_of(self, node: NodeIndex) -> ParentOutcome:
        """Return how the node counts for its children now."""
        return ParentOutcome(self.outcome[node])

    def allows_failure(self, node: NodeIndex) -> bool:
        """Return whether a failure of the node counts as ok for its children and the verdict."""
        return bool(self._allowed[node])

    @property
    def total(self) -> int:
        """Number of nodes that are part of the run."""
        return len(self.graph) - self.outside

    @property
    def unsettled_before_finally(self) -> int:
        """Number of nodes that are not settled, without the finally nodes."""
        return self.unsettled - self.finally_unsettled

    def verdict(self) -> Verdict:
        """Return the verdict of the run (rule 4 in `rules`)."""
        return Verdict.RUNNING if self.unsettled else self.verdict_of_run(lambda _node: True)

    def verdict_of_run(self, among: Callable[[NodeIndex], bool]) -> Verdict:
        """Return the verdict of a run that has only the nodes for which `among` is true, and these are settled."""
        if self.cancelled_all:
            return Verdict.CANCELLED
        return Verdict.FAILED if self.ran_out_of_time else self.verdict_among(among)

    def verdict_among(self, among: Callable[[NodeIndex], bool]) -> Verdict:
        """Return the verdict over some settled nodes, without what was said of the whole run."""
        if any(map(among, chain(self.nodes_with(NodeStatus.FAILED_PARENT), self.failures()))):
            return Verdict.FAILED
        cancelled = (node for node in self.nodes_with(NodeStatus.CANCELLED) if node not in self.leaving)
        return Verdict.CANCELLED if any(map(among, cancelled)) else Verdict.COMPLETED

    def waits_for_all(self, node: NodeIndex) -> bool:
        """Return whether a node is a finally node that waits for all others (rule 12 in `rules`)."""
        return bool(self.is_finally and self.is_finally[node] and self.unsettled_before_finally)

    def nodes_with(self, status: NodeStatus) -> Iterator[NodeIndex]:
        """Return the selected nodes with a status, in the order of the file."""
        found = cast("Iterator[NodeIndex]", positions(self.status, status))
        return iter(self.inside(found))

    def nodes_for(self, cause: Cause) -> Iterator[NodeIndex]:
        """Return the nodes with a cause of their status, in the order of the file."""
        return cast("Iterator[NodeIndex]", positions(self.cause, cause))

    def failures(self) -> Iterator[NodeIndex]:
        """Yield the failed nodes whose failure is not allowed."""
        return (node for node in self.nodes_with(NodeStatus.FAILED) if not self._allowed[node])

    @property
    def allowed_failures(self) -> int:
        """Number of failed nodes whose failure is allowed."""
        if not self._any_allowed or not self.counts[NodeStatus.FAILED]:
            return 0
        return sum(self._allowed[node] for node in self.nodes_with(NodeStatus.FAILED))

    def asking(self) -> Iterator[NodeIndex]:
        """Yield the gates that wait for an answer, in the order of the file."""
        if not self._any_gates or not self.counts[NodeStatus.READY]:
            return iter(())
        return (node for node in self.inside(self.nodes_for(Cause.ASKS)) if self.status[node] == NodeStatus.READY)

    # Changing

    def apply(self, event: Event) -> None:
        """Apply an event as it is recorded. Only this function and `apply_node` change the state."""
        if isinstance(event, NodeEvent):
            if self.outside and not self.selected[event.node]:
                self._select((event.node,), event.at)
            self.apply_node(event, ANY)
            return
        for watch in self._watches:
            watch.run = True
            if isinstance(event, NoteEvent):
                watch.notes.append(event)
        if isinstance(event, RunEvent):
            self._apply_run(event)
        elif isinstance(event, CommandEvent):
            self._apply_command(event)
        elif event.executor:
            from dagtui.engine.remote_attempts import note_silence

            note_silence(self, event)

    def replay(self, events: Iterable[Event]) -> None:
        """Apply recorded events, without leaving any node dirty."""
        for event in events:
            self.apply(event)
            self.dirty.clear()

    def _apply_run(self, event: RunEvent) -> None:
        self.jobs = Slots(event.jobs) or self.jobs
        if event.reload is not None:
            from dagtui.engine.reload_columns import take_up

            take_up(self, self.graph, self.is_finally, event.at, event.targets, event.reload)
            return
        if event.what == "resumed":
            self.leaving = frozenset()
            self._hold_again()
            if self.any_remote:
                from dagtui.engine.remote_attempts import resume

                resume(self, event.away)
            self.paused = self.cancelled_all = False
            self.timed_out = 0
            self._begin_limit(event.at)
            self.named += event.named if self.named else ()
        elif event.targets is not None:
            self.named = event.named
            self.has_targets = True
            self.outside = len(self.graph)
            self.selected[:] = bytes(self.outside)
            self.counts[NodeStatus.WAITING] = 0
            self.finally_unsettled = 0
            self._time(event.at, settled=True)  # a reload may have removed all targets
        if event.targets and self.outside:
            self._select(event.targets, event.at)

    def _select(self, nodes: Iterable[NodeIndex], at: ClockTime) -> None:
        """Make nodes and their ancestors part of the run."""
        from dagtui.engine.targets import outside_ancestors

        added = outside_ancestors(self.graph, self.selected, nodes)
        if not added:
            return
        for node in added:
            self.selected[node] = 1
        self.outside -= len(added)
        self.counts[NodeStatus.WAITING] += len(added)
        self.finally_unsettled += sum(map(self.is_finally.__getitem__, added)) if self.is_finally else 0
        self._time(at, settled=False)
        self.dirty.extend(added)
        for watch in self._watches:
            watch.run = True
            watch.nodes |= added

    def apply_node(self, event: NodeEvent, listed: Listed = LISTED) -> None:
        """Apply a node event of the traversal. This is the hot path of all changes.

        Raise TransitionError if the change is not listed by the rules. Of a record, any change is made.
        """
        at, node, attempt, status, cause, _, value, seconds, blocker, marks, due, fresh, stale, left, outputs, *_ = (
            event
        )
        old = self.status[node]
        if cause not in listed[old][status]:
            raise TransitionError(STATUSES[old], status, cause, self.graph.labels[node])
        self.counts[old] -= 1
        self.counts[status] += 1
        self.status[node] = status
        if (old in SETTLED) is not (status in SETTLED):
            self._settle_or_wake(at, node, settled=status in SETTLED)
        self.cause[node] = cause
        self.attempt[node] = attempt
        if self.blocker[node] != blocker:
            self._block(node, blocker)
        self.stale[node] = stale
        if status is NodeStatus.RUNNING:
            self._note_begin(event)
        elif seconds or (old in ALIVE and status not in ALIVE) or (old == NodeStatus.READY and status in EXPLAINED):
            self._note_end(node, at, value, seconds, begun=old in ALIVE)
        if fresh or event.executor or self.any_remote or cause in UNCOUNTED_CAUSES:
            self._note_rare(event, old)
        explained = EXPLAINED_CAUSES[status][cause]
        if marks or due or explained or self.marks or self.due or self.why or self.held:
            self._note_details(node, event.why if explained else "", marks, due)
        if left or outputs or self.left or self.outputs:
            self._note_leavings(event, old)
        if self._any_gates:
            self._note_gate(node, at, status, cause, event.why)
        now = PARENT_OUTCOMES[self._allowed[node]][status][cause]
        if now != self.outcome[node]:
            self._count(node, now)
        for watch in self._watches:
            watch.nodes.add(node)

    def _note_end(self, node: NodeIndex, at: ClockTime, value: int, seconds: Seconds, *, begun: bool) -> None:
        """Note the end of an attempt, or that it could not start."""
        self.ended[node] = at
        self.value[node] = value
        if seconds or not begun:
            self.started[node] = at - seconds  # the executor's measurement is better than the time in the queue

    def _block(self, node: NodeIndex, blocker: NodeIndex) -> None:
        self.blocker[node] = blocker
        if node in self.roots:
            self.roots.clear()

    def _settle_or_wake(self, at: ClockTime, node: NodeIndex, *, settled: bool) -> None:
        if self.is_finally:
            self.finally_unsettled += self.is_finally[node] * (-1 if settled else 1)
        self._time(at, settled=settled)

    def _note_rare(self, event: NodeEvent, old: int) -> None:
        """Note a fresh budget of retries, and what is known of attempts on other machines."""
        if event.fresh:
            self.base[event.node] = event.attempt
            self.uncounted.pop(event.node, None)
        if event.bypass:
            self.bypassed.add(event.node)
        if event.executor or self.any_remote or event.status is NodeStatus.RETRYING:
            from dagtui.engine.remote_attempts import note

            note(self, event, old)

    def _note_begin(self, event: NodeEvent) -> None:
        """Note the begin of an attempt, and why it runs if its node was judged.

        A service that is ready has begun before, and so has an attempt that soon counts as lost.
        """
        node, why = event.node, event.why
        if event.due or event.cause is Cause.SERVES:
            return
        self.started[node] = event.at - event.ago
        self.ended[node] = NO_TIME
        if why.startswith("runs: "):  # as the reason begins of a node that was judged
            self.reasons[node] = why
        elif self.reasons:
            self.reasons.pop(node, None)

    def _note_details(self, node: NodeIndex, why: str, marks: tuple[int, ...], due: ClockTime) -> None:
        if node in self.held:
            self._end_hold(node, marks)
        if marks:
            self.marks[node] = marks
        elif node in self.marks:
            del self.marks[node]
        if due:
            self.due[node] = due
        elif node in self.due:
            del self.due[node]
        if why:
            self.why[node] = why
        elif node in self.why:
            del self.why[node]

    def _note_leavings(self, event: NodeEvent, old: int) -> None:
        """Note the processes that an attempt left behind, and the values that it hands on."""
        node, status = event.node, event.status
        if event.left:
            self.left[node] = event.left
        elif event.fresh or status is NodeStatus.RUNNING:
            self.left.pop(node, None)
        if event.outputs:
            self.outputs[node] = event.outputs
        elif status != old:
            self.outputs.pop(node, None)

    def _note_gate(self, node: NodeIndex, at: ClockTime, status: NodeStatus, cause: Cause, why: str) -> None:
        if cause is Cause.ASKS:
            self.asked[node] = Asked(why)
            self.started[node], self.ended[node] = at, NO_TIME
        elif node in self.asked and status in UNBEGUN:
            del self.asked[node]
        elif cause in {Cause.ANSWERED, Cause.REJECTED} and self.ended[node] == NO_TIME:  # later it may become stale
            self.ended[node] = at

    def _count(self, node: NodeIndex, now: int) -> None:
        """Move a node from its old outcome to its new one in its children's tallies."""
        before = self.outcome[node]
        self.outcome[node] = now
        children = self.graph.children(node)
        if not children:
            return
        tallies = None, self.ok, self.bad, self.skip
        for tally, step in ((tallies[before], -1), (tallies[now], 1)):
            if tally is not None:
                for child in children:
                    tally[child] += step
        self.dirty.extend(children)

    def _apply_command(self, event: CommandEvent) -> None:
        self.command_number = event.number
        kind = event.kind
        if kind is CommandKind.PAUSE or kind is CommandKind.RESUME:
            self.paused = kind is CommandKind.PAUSE
        elif kind is CommandKind.SET_JOBS:
            self._set_slots(event)
        elif kind is CommandKind.CANCEL_ALL and event.by == BY_TIMEOUT:
            self.timed_out, self.limit_from = event.number, math.inf
        elif kind is CommandKind.CANCEL_ALL:
            self.cancelled_all = True
        elif kind in RUN_AGAIN:
            self.cancelled_all = False
            self._begin_limit(event.at)
            if self.outside and kind is CommandKind.RETRY:
                self._select(event.nodes, event.at)
        elif kind is CommandKind.ANSWER:
            for node in event.nodes:
                if self.cause[node] == Cause.ASKS and node in self.asked:
                    self.asked[node] = self.asked[node]._replace(answer=event.answer)
        if kind in HOLDS or (self.held and kind is CommandKind.CANCEL_ALL):
            self._change_holds(event)
        if kind is None or kind in CANCELS:
            self.commands[event.number] = event

    def _set_slots(self, event: CommandEvent) -> None:
        if event.executor:
            self.slots_on[event.executor] = Slots(event.jobs)
        else:
            self.jobs = Slots(event.jobs)
