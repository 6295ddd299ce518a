"""The traversal: messages in, events and effects out. It is pure: no clock, no I/O, no event loop."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from dagtui.engine import control
from dagtui.engine.asking import REASONS, UNANSWERED_AFTER, UNKILLABLE_AFTER
from dagtui.engine.dispatch import LOOKAHEAD_MOST
from dagtui.engine.events import Event, NodeChange, NodeEvent, NoteEvent
from dagtui.engine.messages import (
    BY_TIMEOUT,
    NO_SLOTS,
    Command,
    CommandKind,
    Effect,
    Ended,
    Message,
    Ready,
    Remark,
    Result,
    SetSlots,
    Started,
    Stop,
    Withdrawn,
)
from dagtui.engine.results import Results
from dagtui.engine.service_ends import end_services, start_services_again
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.walks import critical_path_lengths
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.messages import AttemptNumber, Preview
    from dagtui.engine.protocol import Handed
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime


class Traversal(Results):
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
        if self.remote:
            self._remote_results().begin()
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
            elif isinstance(result, Withdrawn):
                self._withdrawn(result)
            else:
                self._remote_results().take(result)
        self._finish_turn()

    def wake(self, now: ClockTime) -> None:
        """Process the alarms that are due: ends of back-offs, timeouts, and unkillable nodes."""
        self.now = now
        end = self._limit_end()
        while self._alarms and self._alarms[0][0] <= now:
            if end is not None and end <= self._alarms[0][0]:
                break
            _, node, attempt, kind = heapq.heappop(self._alarms)
            if kind == REASONS:
                self._remote_results().say_reasons()
            elif self.state.attempt[node] == attempt:
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

    def handed(self) -> list[Handed]:
        """Return the attempts that executors on other machines have, which an earlier process of the run submitted."""
        return self._remote_results().handed() if self.remote else []

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
        is_submitted = bool(self.submitted.keys() - self.unkillable if self.unkillable else self.submitted)
        quiet = not (counts[NodeStatus.RUNNING] > services or counts[NodeStatus.RETRYING] or is_submitted)
        return quiet and 0 < counts[NodeStatus.CANCELLING] <= len(self.unkillable)

    # Commands

    def _run_out_of_time(self) -> None:
        """Cancel the whole run, because its time limit is reached."""
        self._command(Command(CommandKind.CANCEL_ALL, by=BY_TIMEOUT))

    def _command(self, command: Command) -> Preview:
        was_paused = self.state.paused
        found = control.carry_out(self, command)
        if found.nothing is not None or found.changed:
            return found
        self._staleness.commanded()
        sets_slots = command.kind is CommandKind.SET_JOBS and not command.executor
        if sets_slots or self.state.paused is not was_paused:
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
            executor = self.remote.get(node)
            if node in self.unkillable or (node in self.submitted and executor is None):
                return
            self.unkillable.add(node)
            text = f"can't be killed: it is still there {UNKILLABLE_AFTER:g} s after KILL"
            if executor is not None:
                text = f"{executor} has not ended it {UNANSWERED_AFTER:g} s after it should be gone; the stop is noted"
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
                self.expect_end(effect.node, effect.attempt, effect.grace)
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
                    self.alarm_at(event.due, event.node, event.attempt, "retry")

    def take(self) -> tuple[list[Event], list[Effect]]:
        """Return the events and effects since the last call, and forget them."""
        events, effects = self.events, self.effects
        self.events, self.effects = [], []
        self._events_seen = self._stops_seen = 0
        return events, effects
