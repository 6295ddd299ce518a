"""Asking: the questions of gates are put to a person as soon as their trigger lets them."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from dagtui.engine import control
from dagtui.engine.dispatch import Dispatch
from dagtui.engine.events import NodeChange, NoteEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.staleness import Staleness
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.messages import AttemptNumber, Command, Question
    from dagtui.engine.renumbering import Renumbering
    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds


UNKILLABLE_AFTER, UNANSWERED_AFTER = 10.0, 60.0
"""Seconds after KILL until a node counts as unkillable: on this machine, and on others (rule 6 in `rules`)."""
BACKSTOP = 60.0
"""Seconds that an attempt on another machine gets to end by its timeout, besides its grace."""
REASONS = "reasons"
"""The kind of the alarm for reasons why attempts wait on other machines. It is for all nodes."""
_LIMITS = frozenset({"timeout", "not ready"})
"""Kinds of alarms that tasks set. An attempt in flight gets those of the graph that the run has now."""


class Asking(Dispatch):
    """A dispatch that also puts the questions of gates (rule 13 in `rules`)."""

    def __init__(self, graph: Graph, state: RunState, order: Sequence[float], lookahead: int) -> None:
        super().__init__(graph, state, order, lookahead)
        self._staleness = Staleness(state)
        self._unasked: list[NodeIndex] = []
        """Ready gates whose question has not been put."""
        self._alarms: list[tuple[ClockTime, NodeIndex, AttemptNumber, str]] = []
        """A heap of what is due when: ends of back-offs, timeouts."""

    def carry(self, other: Asking, renumbering: Renumbering) -> None:
        """Take over what another one, of an older graph, knows beside its state."""
        self._staleness.carry(renumbering.nodes(other._staleness.outdated))
        self._typical, self._lookahead_most = other._typical, other._lookahead_most
        for when, node, attempt, kind in other._alarms:
            if kind not in _LIMITS and (number := renumbering.number_of[node]) >= 0:
                self.alarm_at(when, number, attempt, kind)
        for node in self.state.nodes_with(NodeStatus.RUNNING):
            self.limit(node, self.state.attempt[node], self.state.started[node])

    def outdate(self, nodes: Iterable[NodeIndex]) -> None:
        """Note that running nodes are stale once they complete, because an older definition runs."""
        self._staleness.outdated.update(nodes)

    def alarm_at(self, when: ClockTime, node: NodeIndex, attempt: AttemptNumber, kind: str) -> None:
        """Set an alarm. It is dropped if the node has another attempt by then."""
        heapq.heappush(self._alarms, (when, node, attempt, kind))

    def limit(self, node: NodeIndex, attempt: AttemptNumber, began: ClockTime) -> None:
        """Set the alarms for the timeouts of an attempt."""
        task = self.graph.task(node)
        if task.timeout is not None:
            # On another machine the timeout is kept where the attempt is. Here is only a backstop.
            more = task.grace + BACKSTOP if node in self.remote else 0.0
            self.alarm_at(began + task.timeout + more, node, attempt, "timeout")
        if task.service is not None and self.services is not None:
            self.alarm_at(began + task.service.timeout, node, attempt, "not ready")

    def expect_end(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """Set the alarm for an attempt that is asked to stop and may not end."""
        after = UNANSWERED_AFTER if node in self.remote else UNKILLABLE_AFTER
        when = self.stop_deadline[node] = self.now + grace + after
        self.alarm_at(when, node, attempt, "unkillable")

    def _look_at_events(self) -> None:
        """Line up the nodes that became ready since the last look."""
        raise NotImplementedError

    def _outdate_below(self, node: NodeIndex) -> None:
        if self.services is not None and node in self.services:
            self.restarted.discard(node)  # what ran before is not out of date because its service runs again
            return
        if self.restarted or self._staleness.active:
            why = self.state.why
            for other in self._staleness.begins(node, self.restarted, self.capacity.held):
                cause = self.state.cause_of(other)
                self.set(NodeChange(other, NodeStatus.COMPLETED, cause, why.get(other, ""), stale=True))

    def is_submitted(self, node: NodeIndex, attempt: AttemptNumber) -> bool:
        """Return whether an attempt is submitted and has not begun."""
        return node in self.submitted and self.state.attempt[node] == attempt

    def line_up(self, node: NodeIndex) -> None:
        """Queue a ready node for a slot, or a gate for its question."""
        if self.question is None or self.graph.gate(node) is None:
            self.ready.push(node, self.capacity.group(node))
        else:
            self._unasked.append(node)

    def follow_command(self, command: Command) -> None:
        """Withdraw what a pause or a hold keeps from beginning, and line up what was released."""
        state = self.state
        if command.kind is CommandKind.PAUSE:
            self.withdraw_submitted()
        elif command.kind is CommandKind.HOLD:
            self.withdraw(node for node in self.submitted if node in state.held)
        elif command.kind is CommandKind.RELEASE:
            for node in command.nodes:
                if state.status[node] == NodeStatus.READY:
                    self.line_up(node)

    def note_begun(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Note that a held node begins all the same."""
        self.emit(NoteEvent(self.now, "it had begun before it could be held", node, attempt))

    def _ask(self, node: NodeIndex, question: Question) -> None:
        """Put a gate's question to a person. It takes no slot, and has no attempt."""
        if question.trouble:
            self.set(NodeChange(node, NodeStatus.FAILED, Cause.COULD_NOT_START, f"could not ask: {question.trouble}"))
            control.stop_after_failure(self, node)
        else:
            self.set(NodeChange(node, NodeStatus.READY, Cause.ASKS, question.text))
            self._outdate_below(node)

    def _ask_gates(self) -> None:
        while self._unasked and self.question is not None:
            node = self._unasked.pop(0)
            if node in self.state.held:
                continue  # it is lined up again when it is released
            if (self.state.status[node], self.state.cause[node]) == (NodeStatus.READY, Cause.NONE):
                self._ask(node, self.question(node))
                self.settle()
                self._look_at_events()
