"""The traversal: messages in, events and effects out. It is pure: no clock, no I/O, no event loop."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from dagtui.engine import control
from dagtui.engine.asking import Asking
from dagtui.engine.dispatch import LOOKAHEAD_MOST
from dagtui.engine.events import Event, NodeChange, NodeEvent, NoteEvent
from dagtui.engine.messages import (
    BY_TIMEOUT,
    NO_SLOTS,
    Command,
    CommandKind,
    Effect,
    Ended,
    EndKind,
    Message,
    Ready,
    Remark,
    Result,
    SetSlots,
    Started,
    Stop,
    Withdrawn,
)
from dagtui.engine.rules.retries import back_off, retries
from dagtui.engine.service_ends import end_services, start_services_again
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.walks import critical_path_lengths
from dagtui.engine.why import NOT_NEEDED, ended_why
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.messages import AttemptNumber, Preview
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

UNKILLABLE_AFTER = 10.0
"""Seconds after KILL until a node counts as unkillable (rule 6 in `rules`)."""

_FAILURES = {
    EndKind.EXIT: Cause.EXIT,
    EndKind.NO_OUTPUT: Cause.EXIT,
    EndKind.SIGNAL: Cause.SIGNAL,
    EndKind.LOST: Cause.LOST,
    EndKind.COULD_NOT_START: Cause.COULD_NOT_START,
}


class Traversal(Asking):
    """One run of a graph as a state machine.

    `handle` processes one message, and `wake` processes the alarms that are due. Both append to `events` and `effects`.
    Events are already applied to the state, and must be journaled before the effects are carried out. The caller
    empties both lists with `take`.
    """

    def __init__(
        self,
        graph: Graph,
        jobs: int = 1,
        weights: Sequence[float] | None = None,
        lookahead: int = LOOKAHEAD_MOST,
        state: RunState | None = None,
    ) -> None:
        """Create the traversal of a graph.

        `weights` are the expected seconds of each node, used for the order of starts. Without them each node counts 1.
        `lookahead` is the maximum number of attempts that are submitted before a slot is free. Use 0 for an executor
        without a queue. `state` is one to go on with, in place of `jobs`.
        """
        super().__init__(graph, state or RunState(graph, jobs), critical_path_lengths(graph, weights), lookahead)
        self._events_seen = 0
        self._stops_seen = 0
        self._run_limit = graph.settings.timeout
        if graph.any_services:
            from dagtui.engine.services import Services

            self.services = Services(graph, self.state)

    # In

    def begin(self, now: ClockTime) -> None:
        """Propagate every node and start the nodes that can start. This is the first call of a run."""
        self.now = now
        self.effects.append(SetSlots(NO_SLOTS if self.state.paused else self.state.jobs))
        for node in self.state.nodes_with(NodeStatus.READY):  # a command came before
            self.line_up(node)
        for node in self.graph.order:
            self.propagate(node)
        self._finish_turn()

    def handle(self, message: Message, now: ClockTime) -> Preview | None:
        """Process one message. For a command, return the preview of its effects, or of why it has none."""
        if isinstance(message, Command):
            self.now = now
            return self._command(message)
        self.handle_results((message,), now)
        return None

    def handle_results(self, results: Iterable[Result], now: ClockTime) -> None:
        """Process results in order, and propagate once at the end."""
        self.now = now
        for result in results:
            if isinstance(result, Ended):
                self._ended(result)
            elif isinstance(result, Started):
                self._started(result)
            elif isinstance(result, Ready):
                self._serve(result)
            elif isinstance(result, Remark):
                self.emit(NoteEvent(now, result.text, result.node, result.attempt))
            else:
                self._withdrawn(result)
        self._finish_turn()

    def wake(self, now: ClockTime) -> None:
        """Process the alarms that are due: ends of back-offs, timeouts, and unkillable nodes."""
        self.now = now
        end = self._limit_end()
        while self._alarms and self._alarms[0][0] <= now:
            if end is not None and end <= self._alarms[0][0]:
                break
            _, node, attempt, kind = heapq.heappop(self._alarms)
            if self.state.attempt[node] == attempt:
                self._alarm(node, attempt, kind)
        if end is not None and end <= now:
            self._run_out_of_time()
            self.wake(now)
            return
        self._finish_turn()

    def next_alarm(self) -> ClockTime | None:
        """Return the time on the run's clock at which `wake` must be called next, or None."""
        alarm = self._alarms[0][0] if self._alarms else None
        if self._run_limit is None or (end := self._limit_end()) is None:
            return alarm
        return end if alarm is None else min(alarm, end)

    def _limit_end(self) -> ClockTime | None:
        """Return when the time limit of the run is reached if it goes on, or None if there is none."""
        limit, state = self._run_limit, self.state
        if limit is None or state.settled_at is not None or state.cancelled_all or state.limit_from == math.inf:
            return None
        return NO_TIME + state.limit_from + state.parked + limit

    def preview(self, command: Command) -> Preview:
        """Return what a command would do now, without changing anything."""
        return control.preview(self, command)

    @property
    def settled(self) -> bool:
        """Whether nothing more happens without a command."""
        return not self.state.unsettled and self.capacity.idle

    @property
    def stuck(self) -> bool:
        """Whether only nodes that can't be killed keep the run from settling."""
        counts = self.state.counts
        services = 0 if self.services is None else len(list(self.services.running()))  # they end with the rest
        quiet = not (counts[NodeStatus.RUNNING] > services or counts[NodeStatus.RETRYING] or self.submitted)
        return quiet and 0 < counts[NodeStatus.CANCELLING] <= len(self.unkillable)

    # Results

    def _is_submitted(self, node: NodeIndex, attempt: AttemptNumber) -> bool:
        return node in self.submitted and self.state.attempt[node] == attempt

    def _started(self, message: Started) -> None:
        node, attempt, reason = message
        if not self._is_submitted(node, attempt):
            return
        self.capacity.begin(node)
        status, cause = self.state.status[node], self.state.cause[node]
        if status == NodeStatus.READY:
            self._run(node, attempt, reason)
        elif status != NodeStatus.CANCELLING:
            self.stop(node, Cause.WITHDRAWN)
        elif node not in self.stop_deadline and cause == Cause.CANCEL:
            self.no_retry.add(node)  # it began before the failure that cancelled it, so it finishes
            self._run(node, attempt, reason)
        elif node not in self.stop_deadline:
            self.stop(node, Cause.RESTART)

    def _run(self, node: NodeIndex, attempt: AttemptNumber, reason: str) -> None:
        if node in self.state.held:
            self.note_begun(node, attempt)
        self.set(NodeChange(node, NodeStatus.RUNNING, why=reason, marks=()))
        if self.must_run:
            self.must_run.discard(node)
        self._outdate_below(node)
        self._limit(node, attempt, self.now)

    def _serve(self, message: Ready) -> None:
        """Note that a service is ready, unless it ended or was stopped."""
        node, attempt, text = message
        state = self.state
        is_current = state.attempt[node] == attempt and node in self.capacity.held
        if is_current and (state.status[node], state.cause[node]) == (NodeStatus.RUNNING, Cause.NONE):
            self.set(NodeChange(node, NodeStatus.RUNNING, Cause.SERVES, f"ready: {text}"))

    def _withdrawn(self, message: Withdrawn) -> None:
        node, attempt = message
        if self._is_submitted(node, attempt):
            self.capacity.withdraw(node)
            self.take_back(node)

    def _ended(self, message: Ended) -> None:
        node, attempt, kind, value, _text, seconds, lasting, left, outputs, usage = message
        if self.state.attempt[node] != attempt:
            return
        if kind is EndKind.UP_TO_DATE:
            self._up_to_date(message)
            return
        if kind is EndKind.COULD_NOT_START:
            if node in self.submitted:
                self.capacity.begin(node)
        elif node in self.submitted:
            self._started(Started(node, attempt))
        self.unkillable.discard(node)
        if not self.capacity.release(node) or self._service_ended(message):
            return
        status = self.state.status[node]
        if status == NodeStatus.CANCELLING and not self._ended_in_time(message):
            self._reaped(message)
        elif status not in {NodeStatus.RUNNING, NodeStatus.READY, NodeStatus.CANCELLING}:
            # It was being withdrawn when it could not start. Its attempt number was reported, so it is not reused.
            cause, blocker, why = self.state.cause_of(node), self.state.blocker[node], self.state.why.get(node, "")
            self.set(NodeChange(node, NodeStatus(status), cause, why, blocker=blocker, fresh=True))
        elif kind is EndKind.EXIT and value == 0:
            stale = node in self._staleness.outdated
            self.set(
                NodeChange(
                    *(node, NodeStatus.COMPLETED, Cause.RAN),
                    seconds=seconds,
                    stale=stale,
                    left=left,
                    outputs=outputs,
                    usage=usage,
                )
            )
        else:
            if lasting:
                self.no_retry.add(node)
            self._failed(message, _FAILURES[kind], value, ended_why(message))

    def _service_ended(self, message: Ended) -> bool:
        """Settle a service that ended by itself with status 0, or because nothing needs it. Return whether it did."""
        node, seconds, services = message.node, message.seconds, self.services
        if services is None or node not in services:
            self._learn(seconds)
            return False
        status, cause = self.state.status[node], self.state.cause[node]
        is_success = status == NodeStatus.RUNNING and message.succeeded
        if is_success:
            self.settle()
            if services.is_needed(node):
                self._failed(message, Cause.EXIT, 0, "it ended by itself (exit 0), and was still needed")
                return True
        if not is_success and (status, cause) != (NodeStatus.CANCELLING, Cause.NOT_NEEDED):
            services.failed = True
            return False
        change = NodeChange(node, NodeStatus.COMPLETED, Cause.RAN, NOT_NEEDED, seconds=seconds, left=message.left)
        self.set(change._replace(usage=message.usage))
        return True

    def _up_to_date(self, message: Ended) -> None:
        """Complete a node without an attempt, whose number is free again, unless it was being withdrawn."""
        node = message.node
        if node not in self.submitted:
            return
        self.capacity.withdraw(node)
        self._learn(0.0)  # what is up to date is submitted ahead of free slots, as short attempts are
        if self.state.status[node] != NodeStatus.READY:
            self.take_back(node)
            return
        self.restarted.discard(node)
        if self._staleness.active:
            self._staleness.begins(node, self.restarted, self.capacity.held)
        number, values = message.attempt - 1, message.outputs
        self.set(NodeChange(node, NodeStatus.COMPLETED, Cause.UP_TO_DATE, message.text, attempt=number, outputs=values))

    def _ended_in_time(self, message: Ended) -> bool:
        """Return whether an attempt that was stopped for its timeout had ended in time, as happens after a stall."""
        timeout = self.graph.task(message.node).timeout
        if self.services is not None and message.node in self.services:
            return False
        if timeout is None or self.state.cause[message.node] != Cause.TIMEOUT:
            return False
        return 0.0 < message.seconds < timeout  # 0: not measured

    def _reaped(self, message: Ended) -> None:
        """Settle or reset a stopped node, by the reason for its stop (rule 6 in `rules`)."""
        node = message.node
        cause = self.state.cause_of(node)
        if cause is Cause.CANCEL:
            self.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL, seconds=message.seconds, usage=message.usage))
        elif cause is Cause.TIMEOUT:
            self._failed(message, Cause.TIMEOUT, 0, self.state.why.get(node, "timeout"))
        elif node in self.state.leaving:
            self._failed(message, Cause.LOST, 0, "stopped to run again, and removed from the file")
        else:
            self.reset(node)

    def _failed(self, message: Ended, cause: Cause, value: int, why: str) -> None:
        """Schedule a retry of a failed attempt, or settle its node as FAILED."""
        node, seconds, left, usage = message.node, message.seconds, message.left, message.usage
        change = NodeChange(node, NodeStatus.FAILED, cause, why, value=value, seconds=seconds, left=left, usage=usage)
        policy = self.graph.task(node).retry
        tries = self.state.attempt[node] - self.state.base[node]
        if tries > policy.retries or node in self.no_retry or not retries(policy, cause, value):
            self.set(change)
            control.stop_after_failure(self, node)
            return
        due = self.now + back_off(policy, tries, f"{self.graph.labels[node]}:{self.state.attempt[node]}")
        self.set(change._replace(status=NodeStatus.RETRYING, due=due))

    def _run_out_of_time(self) -> None:
        """Cancel the whole run, because its time limit is reached."""
        self._command(Command(CommandKind.CANCEL_ALL, by=BY_TIMEOUT))

    # Commands

    def _command(self, command: Command) -> Preview:
        was_paused = self.state.paused
        found = control.carry_out(self, command)
        if found.nothing is not None or found.changed:
            return found
        self._staleness.commanded()
        if command.kind is CommandKind.SET_JOBS or self.state.paused is not was_paused:
            self.effects.append(SetSlots(NO_SLOTS if self.state.paused else self.state.jobs))
        self.follow_command(command)
        self._finish_turn()
        return found

    # Alarms

    def _alarm(self, node: NodeIndex, attempt: AttemptNumber, kind: str) -> None:
        status = self.state.status[node]
        if kind == "retry" and status == NodeStatus.RETRYING:
            self.set(NodeChange(node, NodeStatus.READY))
            self.propagate(node)  # its parents may have been reset in the meantime
        elif kind == "timeout" and status == NodeStatus.RUNNING:
            self.stop(node, Cause.TIMEOUT, f"timeout after {self.graph.task(node).timeout:g} s")
        elif kind == "not ready" and (status, self.state.cause[node]) == (NodeStatus.RUNNING, Cause.NONE):
            service = self.graph.task(node).service
            seconds = service.timeout if service is not None else 0.0
            self.stop(node, Cause.TIMEOUT, f"not ready after {seconds:g} s")
        elif (
            kind == "unkillable"
            and status == NodeStatus.CANCELLING
            and self.stop_deadline.get(node, self.now) <= self.now
        ):
            if node in self.unkillable or node in self.submitted:
                return
            self.unkillable.add(node)
            text = f"can't be killed: it is still there {UNKILLABLE_AFTER:g} s after KILL"
            self.emit(NoteEvent(self.now, text, node, attempt))

    # Out

    def _finish_turn(self) -> None:
        """Propagate dirty nodes, set the alarms of new events and effects, and fill free slots."""
        self.settle()
        if self.services is not None and self.services.failed:
            start_services_again(self)
        self._look_at_events()
        self._ask_gates()
        while self.undecidable:
            control.stop_after_undecidable(self)
            self._look_at_events()
            self._ask_gates()
        if self.services is not None:
            end_services(self, self.services)
        for effect in self.effects[self._stops_seen :]:
            if isinstance(effect, Stop):
                when = self.stop_deadline[effect.node] = self.now + effect.grace + UNKILLABLE_AFTER
                self._alarm_at(when, effect.node, effect.attempt, "unkillable")
        self._fill()
        self._events_seen, self._stops_seen = len(self.events), len(self.effects)

    def _look_at_events(self) -> None:
        """Line up the nodes that became ready, and set the alarms of those that wait for a back-off."""
        events = self.events[self._events_seen :]
        self._events_seen += len(events)
        for event in events:
            if isinstance(event, NodeEvent):
                if event.status == NodeStatus.READY:
                    self.line_up(event.node)
                elif event.status == NodeStatus.RETRYING:
                    self._alarm_at(event.due, event.node, event.attempt, "retry")

    def take(self) -> tuple[list[Event], list[Effect]]:
        """Return the events and effects since the last call, and forget them."""
        events, effects = self.events, self.effects
        self.events, self.effects = [], []
        self._events_seen = self._stops_seen = 0
        return events, effects
