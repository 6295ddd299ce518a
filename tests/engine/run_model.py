"""A model of a run that follows its events: marks, budgets, staleness and open attempts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine import oracle
from support.played_executor import PlayedExecutor

from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent, fields, parse
from dagtui.engine.messages import BY_TIMEOUT, Ended, EndKind, Started
from dagtui.engine.rules.transitions import UNLISTED
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import LOOKAHEAD_MOST

if TYPE_CHECKING:
    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result, Start
    from dagtui.engine.state import RunState
    from dagtui.engine.traversal import Traversal
    from dagtui.graph.model import Graph

UNBEGUN = {NodeStatus.WAITING, NodeStatus.READY}
ALIVE = {NodeStatus.RUNNING, NodeStatus.CANCELLING}

TOO_LONG = 9.0
"""Seconds that exceed all timeouts of the random graphs."""


def end_process(executor: PlayedExecutor, node: int, kind: EndKind, value: int, seconds: float) -> None:
    """End a process. One that was stopped has run for too long, and every second attempt leaves a process behind."""
    process = executor.alive[node]
    seconds = max(seconds, TOO_LONG) if process.told else seconds
    executor.end(node, kind, value, seconds, left=process.attempt % 2)


def handed_on(attempt: int) -> dict[str, str]:
    """Return the values that an attempt hands on if it succeeds. Every third attempt has none."""
    return {"attempt": str(attempt), "text": 'two\n"lines"'} if attempt % 3 else {}


class RunModel:
    """Follows a traversal event by event, according to the contract."""

    graph: Graph
    traversal: Traversal
    state: RunState
    """The live state."""
    mirror: RunState
    """The state replayed from the journal's text."""
    nodes: range
    below: list[set[int]]
    above: list[set[int]]
    seconds: float
    """Seconds that each attempt takes."""
    ranks: dict[int, int]
    """Rank in the order of starts, by node. 0: first."""
    stop_expected: int | None
    """The node because of whose failure the run must give its fail-fast command."""
    began_unwanted: bool

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.executor = PlayedExecutor()
        self.executor.handed_on = handed_on
        self.records: list[Event] = []
        self.open: dict[int, Start] = {}
        """Attempts that the engine submitted and whose end it does not know yet."""
        self.stop_deadline: set[int] = set()
        """Nodes whose attempts the engine asked to stop."""
        self.outside: set[int] = set()
        """Nodes that are not part of the run."""
        self.known_alive: set[int] = set()
        """Nodes of which the engine knows that their attempts have begun."""
        self.delivered: list[Result] = []
        self.marks: dict[int, set[int]] = {}
        self.fail_fast: dict[int, int] = {}
        """The failed node, by number of the fail-fast command."""
        self.stopped_by = 0
        self.no_retry: set[int] = set()
        self.tries: dict[int, int] = {}
        """Failures within the present budget of retries, by node."""
        self.restarted: set[int] = set()
        self.outdated: set[int] = set()
        self.stale: set[int] = set()
        self.succeeded: set[int] = set()
        """Nodes of whose success the engine knows, until they are reset."""
        self.passed_over: tuple[int, float] | None = None
        """The first node in order while others start before it because it is too wide, and since when."""
        self.kept_for: int | None = None
        """The node for which free slots are kept after the last message."""
        self.ended_by_person = False
        self.active = 0.0
        """Seconds in which something was not settled."""
        self.limit_from: float | None = 0.0
        """Active seconds at which the time limit of the run began, or None when it has run out."""
        self.left_before: float | None = None
        """Seconds that were left when the alarms were last processed."""
        self.timeouts: set[int] = set()
        """Numbers of the commands that the time limit gave."""
        self.in_command = False
        self.instant_ends = 0

    def statuses(self) -> list[tuple[NodeStatus, Cause]]:
        return [(self.state.status_of(node), self.state.cause_of(node)) for node in self.nodes]

    def record(self, event: Event) -> None:
        """Record an event, replay it, and let the model follow it."""
        text = "{" + fields(event, self.graph) + "}"
        read = parse(json.loads(text), self.graph)
        assert read is not None
        self.records.append(read)
        if isinstance(event, NodeEvent):
            assert event.why, f"n{event.node} is {event.status.word} without a reason"
            self.follow_node(event, self.mirror.status_of(event.node))
        elif isinstance(event, CommandEvent) and event.kind is None:
            self.follow_stop(event)
        elif isinstance(event, CommandEvent) and event.by == BY_TIMEOUT:
            self.follow_timeout(event)
        elif isinstance(event, NoteEvent):
            assert UNLISTED not in event.text
        self.mirror.apply(read)
        self.mirror.dirty.clear()

    def follow_node(self, event: NodeEvent, was: NodeStatus) -> None:
        node, now = event.node, event.status
        if now is NodeStatus.RUNNING:
            self.follow_beginning(node, was)
        elif event.cause is Cause.ASKS:
            assert was is NodeStatus.READY
            assert self.graph.gate(node), f"n{node} asks, but is no gate"
            self.follow_new_result(node)
        elif now in {NodeStatus.FAILED, NodeStatus.RETRYING} and was is not NodeStatus.RETRYING:
            self.follow_failure(event)
        elif now in UNBEGUN and (was in oracle.SETTLED | {NodeStatus.CANCELLING} or self.resets(was)):
            self.restarted.add(node)
            self.no_retry.discard(node)
            if was in {NodeStatus.CANCELLING, NodeStatus.CANCELLED}:
                self.tries[node] = 0
        if event.cause is Cause.UP_TO_DATE and was is not NodeStatus.COMPLETED:
            assert event.attempt == self.mirror.attempt[node] - 1, "the number of an attempt that is not made is kept"
            for ancestors_ran_again in (self.restarted, self.outdated, self.stale):
                ancestors_ran_again.discard(node)
        if now is not NodeStatus.COMPLETED:
            self.stale.discard(node)
        elif event.cause is Cause.RAN and was is not NodeStatus.COMPLETED and node in self.outdated:
            self.stale.add(node)
        if was in oracle.SETTLED and now not in oracle.SETTLED and not self.in_command:
            assert self.began_unwanted, f"n{node} was settled, and continued without a command"

    def resets(self, was: NodeStatus) -> bool:
        return was is NodeStatus.RETRYING and self.in_command

    def follow_beginning(self, node: int, was: NodeStatus) -> None:
        assert was in {NodeStatus.READY, NodeStatus.CANCELLING}
        if was is NodeStatus.CANCELLING:
            numbers = self.marks.pop(node, set())
            assert numbers, "of cancelled attempts, only those with a fail-fast mark may continue after they began"
            assert numbers <= set(self.fail_fast)
            self.no_retry.add(node)
        self.follow_new_result(node)

    def follow_new_result(self, node: int) -> None:
        """What is below a node that begins again, or asks again, is older than it."""
        self.stale.discard(node)
        self.outdated.discard(node)
        if node in self.restarted:
            self.restarted.discard(node)
            for other in self.below[node]:
                status = self.mirror.status_of(other)
                if status is NodeStatus.COMPLETED:
                    self.stale.add(other)
                elif status is NodeStatus.RUNNING:
                    self.outdated.add(other)

    def follow_failure(self, event: NodeEvent) -> None:
        """Check the budget of retries, and expect a fail-fast command (rule 7)."""
        node, policy = event.node, self.graph.task(event.node).retry
        self.tries[node] = self.tries.get(node, 0) + 1
        again = self.tries[node] <= policy.retries and node not in self.no_retry
        if policy.exit_codes:
            as_shells_say = {Cause.EXIT: event.value, Cause.SIGNAL: 128 + event.value}
            again = again and as_shells_say.get(event.cause, event.cause.name.lower()) in policy.exit_codes
        assert again == (event.status is NodeStatus.RETRYING), f"try {self.tries[node]} of {policy}"
        if again:
            longest = policy.delay * policy.backoff ** (self.tries[node] - 1) * (1 + policy.jitter)
            assert 0 <= event.due - event.at <= longest + 1e-9
            assert event.due - event.at >= policy.delay * (1 - policy.jitter) - 1e-9
        elif not self.graph.settings.keep_going and not self.graph.task(node).allow_failure and not self.stopped_by:
            self.stop_expected = node

    def follow_stop(self, event: CommandEvent) -> None:
        """Follow the run's fail-fast command (rule 7)."""
        assert event.nodes == (self.stop_expected,), "the run stopped itself for no reason"
        self.stop_expected = None
        self.fail_fast[event.number] = event.nodes[0]
        self.stopped_by = event.number
        for node in self.nodes:
            status, cause = self.mirror.status_of(node), self.mirror.cause_of(node)
            if node in self.outside:
                continue
            starts_again = status is NodeStatus.CANCELLING and cause in {Cause.RESTART, Cause.WITHDRAWN}
            if (status in UNBEGUN or starts_again) and self.graph.task(node).trigger not in oracle.RUN_ANYWAY:
                self.marks.setdefault(node, set()).add(event.number)
            elif status in ALIVE:
                self.no_retry.add(node)

    def pass_time(self, until: float) -> None:
        """Let the clock go on."""
        if any(self.state.status_of(node) not in oracle.SETTLED for node in set(self.nodes) - self.outside):
            self.active += until - self.now
        self.now = until

    def time_left(self) -> float | None:
        """Return the seconds until the time limit of the run is reached. None: there is none now."""
        limit = self.graph.settings.timeout
        unsettled = any(self.state.status_of(node) not in oracle.SETTLED for node in set(self.nodes) - self.outside)
        if limit is None or self.limit_from is None or self.ended_by_person or not unsettled:
            return None
        return self.limit_from + limit - self.active

    def follow_timeout(self, event: CommandEvent) -> None:
        """Follow the cancel of the whole run when its time has run out."""
        left = self.left_before
        assert left is not None, "the run has no time limit now"
        assert left < 1e-6, f"the run was ended {left} s before its time had run out"
        self.limit_from = None
        self.timeouts.add(event.number)
        for node in set(self.nodes) - self.outside:
            if self.mirror.status_of(node) not in oracle.SETTLED:
                self.marks.setdefault(node, set()).add(event.number)

    def begin_limit(self) -> None:
        """Let the time limit begin anew if it has run out."""
        if self.limit_from is None:
            self.limit_from = self.active

    def note_result(self, result: Result) -> None:
        self.delivered.append(result)
        assert self.open[result.node].attempt == result.attempt
        if isinstance(result, Started):
            self.known_alive.add(result.node)
            return
        del self.open[result.node]
        self.known_alive.discard(result.node)
        if isinstance(result, Ended):
            self.instant_ends += result.kind in {EndKind.COULD_NOT_START, EndKind.UP_TO_DATE}
            if result.kind is EndKind.UP_TO_DATE:
                return
            if self.state.status_of(result.node) not in {NodeStatus.READY, *ALIVE}:
                self.tries[result.node] = 0  # it was being withdrawn, and gets a fresh budget

    def follow_order(self, starts: list[Start]) -> None:
        """Check that the first node in order, if wide, is not passed over for too long (rule 5)."""
        state, ranks = self.state, self.ranks
        ready = (node for node in state.nodes_with(NodeStatus.READY) if not self.graph.gate(node))
        waiting = [node for node in ready if node not in self.open]
        if self.passed_over is not None and self.passed_over[0] not in waiting:
            self.passed_over = None
        self.kept_for = None
        first = min(waiting, key=ranks.__getitem__, default=None)
        if first is None:
            return
        later = [start.node for start in starts if ranks[start.node] > ranks[first]]
        if self.passed_over is not None and self.passed_over[0] == first:
            if self.now - self.passed_over[1] >= self.traversal._typical and self.will_fit(first):
                self.kept_for = first
                assert not later, f"n{later[0]} started before n{first}, for which slots are kept"
        elif later or (not state.paused and self.graph.task(first).slots > 1 and self.is_in_line_behind_others()):
            self.passed_over = (first, self.now)

    def is_in_line_behind_others(self) -> bool:
        """Return whether more is submitted than there are slots, which begins before ready nodes."""
        return (
            self.state.jobs < sum(start.slots for start in self.open.values()) and self.open.keys() > self.known_alive
        )

    def will_fit(self, node: int) -> bool:
        """Return whether a node will fit after everything that can be ended has ended."""
        lost = sum(self.open[other].slots for other in self.traversal.unkillable if other in self.open)
        return not lost or self.graph.task(node).slots <= self.state.jobs - lost

    def check_start(self, start: Start) -> None:
        """Check that a node starts only when it may."""
        node, state = start.node, self.state
        assert not self.graph.gate(node), "a gate was submitted"
        assert node not in self.outside, "submitted although it is not part of the run"
        assert state.status_of(node) is NodeStatus.READY, "submitted although not ready"
        assert oracle.decision(state, node) == oracle.RUNS, "submitted with an unmet parent"
        assert not self.marks.get(node), "submitted with a cancel mark"
        assert not state.paused, "submitted during a pause"
        assert node not in self.open, "submitted twice"
        assert start.attempt > max(self.executor.executed.get(node, [0])), "an attempt number was reused"
        assert start.slots == self.graph.task(node).slots
        free = state.jobs - sum(other.slots for other in self.open.values())
        in_line = sum(1 for other in self.open if other not in self.known_alive)
        ahead = self.seconds < 1 or self.instant_ends > 4
        assert start.slots <= free or not self.open or (ahead and in_line < LOOKAHEAD_MOST and start.slots == 1), (
            "submitted more than there are slots"
        )
        self.open[node] = start
