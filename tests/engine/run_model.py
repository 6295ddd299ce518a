"""A model of a run that follows its events: marks, budgets, staleness and open attempts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine import oracle
from support.played_executor import PlayedExecutor

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent
from dagtui.engine.messages import BY_TIMEOUT, CommandKind, Ended, EndKind, Started
from dagtui.engine.rules.transitions import UNLISTED
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import LOOKAHEAD_MOST

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    when_stopped: list[tuple[NodeStatus, Cause]] | None
    """The statuses when the run stopped itself in the last message, or None."""
    began_unwanted: bool

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.executor = PlayedExecutor()
        self.executor.handed_on = handed_on
        self.records: list[Event] = []
        self.texts: list[str] = []
        self.reloads = 0
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
        self.passed_over: dict[int, float] = {}
        """The nodes that lack something that a less urgent one took, and since when."""
        self.kept: list[int] = []
        """The nodes for which something is kept free after the last message, most urgent first."""
        self.last: set[int] = set()
        """The finally nodes."""
        self.undecidable: list[int] = []
        """Nodes that their conditions failed since the last message."""
        self.ended_by_person = False
        self.active = 0.0
        """Seconds in which something was not settled."""
        self.limit_from: float | None = 0.0
        """Active seconds at which the time limit of the run began, or None when it has run out."""
        self.left_before: float | None = None
        """Seconds that were left when the alarms were last processed."""
        self.timeouts: set[int] = set()
        """Numbers of the commands that the time limit gave."""
        self.held: set[int] = set()
        """Nodes that a person holds."""
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
        self.texts.append(text)
        if isinstance(event, NodeEvent):
            assert event.why, f"n{event.node} is {event.status.word} without a reason"
            self.follow_node(event, self.mirror.status_of(event.node))
            self.follow_end_of_hold(event)
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
        elif now is NodeStatus.FAILED and event.cause is Cause.CONDITION:
            self.undecidable.append(node)
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
        if was in oracle.SETTLED and now not in oracle.SETTLED:
            self.follow_waking(event)

    def follow_end_of_hold(self, event: NodeEvent) -> None:
        has_ended = event.status is NodeStatus.COMPLETED
        has_ended |= event.status is NodeStatus.FAILED and event.cause is not Cause.LOST
        if event.status is NodeStatus.RUNNING or has_ended:
            self.held.discard(event.node)

    def follow_waking(self, event: NodeEvent) -> None:
        """Follow a settled node that may run again."""
        node = event.node
        if node in self.last and event.fresh:
            self.tries[node] = 0
            self.succeeded.discard(node)
        elif node not in self.last and not self.in_command:
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
        else:
            self.expect_stop(node)

    def cancelled_with_all(self) -> set[int]:
        """Return the nodes that a cancel of the run concerns: at first all but the finally nodes (rule 12)."""
        commands = self.state.commands
        numbers = {number for numbers in self.marks.values() for number in numbers}
        again = any(commands[number].kind is CommandKind.CANCEL_ALL for number in numbers)
        others = set(self.nodes) - self.outside - self.last
        left = any(self.mirror.status_of(node) not in oracle.SETTLED for node in others)
        return set(self.nodes) - self.last if left and not again else set(self.nodes)

    def expect_stop(self, node: int) -> None:
        """Expect a fail-fast command because of the first failure of a node (rule 7)."""
        allowed = self.graph.settings.keep_going or self.graph.task(node).allow_failure
        allowed = allowed or node in self.last  # nothing is left to be stopped
        if not allowed and not self.stopped_by and self.stop_expected is None:
            self.stop_expected = node

    def expected_stops(self) -> list[int]:
        """Return the nodes because of whose failure the run must stop itself. The first one counts."""
        failed = [] if self.stop_expected is None else [self.stop_expected]
        if self.stopped_by or self.graph.settings.keep_going:
            return failed
        undecided = (NodeStatus.FAILED, Cause.CONDITION)
        return failed + [
            node
            for node in self.undecidable
            if (self.mirror.status_of(node), self.mirror.cause_of(node)) == undecided
            and not self.graph.task(node).allow_failure
            and node not in self.last
        ]

    def follow_stop(self, event: CommandEvent) -> None:
        """Follow the run's fail-fast command (rule 7)."""
        expected = self.expected_stops()
        assert event.nodes[0] in expected[:1], f"the run stopped itself for no reason, expected: {expected}"
        self.stop_expected = None
        if self.when_stopped is None:
            self.when_stopped = [(self.mirror.status_of(node), self.mirror.cause_of(node)) for node in self.nodes]
        self.fail_fast[event.number] = event.nodes[0]
        self.stopped_by = event.number
        for node in self.nodes:
            status, cause = self.mirror.status_of(node), self.mirror.cause_of(node)
            if node in self.outside | self.last:
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
        unsettled = any(self.state.status_of(node) not in oracle.SETTLED for node in set(self.nodes) - self.outside)
        return self.limit_left() if unsettled else None

    def limit_left(self) -> float | None:
        """Return the seconds that the time limit of the run leaves, also while everything is settled."""
        limit = self.graph.settings.timeout
        if limit is None or self.limit_from is None or self.ended_by_person:
            return None
        return self.limit_from + limit - self.active

    def follow_timeout(self, event: CommandEvent) -> None:
        """Follow the cancel of the whole run when its time has run out."""
        left = self.left_before
        assert left is not None, "the run has no time limit now"
        assert left < 1e-6, f"the run was ended {left} s before its time had run out"
        self.limit_from = None
        self.held.clear()
        self.timeouts.add(event.number)
        for node in self.cancelled_with_all() - self.outside:
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
        """Check that no node that wants much is passed over for too long (rule 5)."""
        state = self.state
        ready = (node for node in state.nodes_with(NodeStatus.READY) if not self.graph.gate(node))
        waiting = sorted((node for node in ready if node not in self.open and node not in self.held), key=self.rank)
        self.passed_over = {node: since for node, since in self.passed_over.items() if node in waiting}
        for start in starts:
            self.check_start(start)
            for node in self.heads(waiting):
                if self.rank(node) < self.rank(start.node):
                    assert self.demand(node) != self.demand(start.node), f"n{start.node} started before n{node}"
                    kept = self.is_kept_for(node) and self.keeps_from(node, start.node)
                    assert not kept, f"n{start.node} took what is kept for n{node}"
                    if self.lacks_what_is_taken(node, start.node):
                        self.passed_over.setdefault(node, self.traversal.now)
            waiting.remove(start.node)
            self.open[start.node] = start
            self.stop_deadline.discard(start.node)
        if self.free_slots() < 0 and not state.paused and any(self.demand(node) != (1, ()) for node in self.nodes):
            for node in self.heads(waiting):
                if self.graph.task(node).slots > 1:
                    self.passed_over.setdefault(node, self.traversal.now)
        stands = state.paused or not self.traversal.submits
        self.kept = [] if stands else [node for node in self.heads(waiting) if self.is_kept_for(node)]
        assert state.kept_for == next(iter(self.kept), -1)

    def rank(self, node: int) -> int:
        return self.ranks[node]

    def demand(self, node: int) -> tuple[int, tuple[tuple[str, int], ...]]:
        """Return what a node wants: slots, and amounts of pools."""
        task = self.graph.task(node)
        return task.slots, tuple(sorted(task.pools))

    def heads(self, waiting: list[int]) -> list[int]:
        """Return the most urgent of the waiting nodes that want the same."""
        return sorted({self.demand(node): node for node in reversed(waiting)}.values(), key=self.rank)

    def free_slots(self) -> int:
        """Return the number of slots that no attempt reserves or holds."""
        return self.state.jobs - sum(other.slots for other in self.open.values())

    def left(self, pool: str, without: Iterable[int] | None = None) -> int:
        """Return what no attempt reserves or holds of a pool, or what is not held by some of the nodes."""
        size = next(one.size for one in self.graph.pools if one.name == pool)
        holders = self.open if without is None else without
        return size - sum(dict(self.graph.task(node).pools).get(pool, 0) for node in holders)

    def keeps_from(self, node: int, other: int) -> bool:
        """Return whether a node would lose what is kept for it if another one started."""
        wanted, taken = dict(self.graph.task(node).pools), dict(self.graph.task(other).pools)
        if any(self.left(pool) - taken[pool] < amount for pool, amount in wanted.items() if pool in taken):
            return True
        has_pools = all(self.left(pool) >= amount for pool, amount in wanted.items())
        return has_pools and self.free_slots() - self.graph.task(other).slots < self.graph.task(node).slots

    def lacks_what_is_taken(self, node: int, other: int) -> bool:
        """Return whether a node lacks something that another one takes."""
        wanted, taken = self.graph.task(node), dict(self.graph.task(other).pools)
        return wanted.slots > self.free_slots() or any(
            amount > self.left(pool) for pool, amount in wanted.pools if pool in taken
        )

    def is_kept_for(self, node: int) -> bool:
        """Return whether a node was passed over for long enough, at the time that the traversal was told last."""
        now = self.traversal.now
        waited = now - self.passed_over.get(node, now)
        return waited >= self.traversal._typical and self.will_fit(node)

    def will_fit(self, node: int) -> bool:
        """Return whether a node will fit after everything that can be ended has ended."""
        lost = [other for other in self.traversal.unkillable if other in self.open]
        if not lost:
            return True
        slots = sum(self.open[other].slots for other in lost)
        task = self.graph.task(node)
        return task.slots <= self.state.jobs - slots and all(
            amount <= self.left(pool, lost) for pool, amount in task.pools
        )

    def check_start(self, start: Start) -> None:
        """Check that a node starts only when it may."""
        node, state = start.node, self.state
        assert not self.graph.gate(node), "a gate was submitted"
        assert node not in self.outside, "submitted although it is not part of the run"
        assert state.status_of(node) is NodeStatus.READY, "submitted although not ready"
        assert oracle.decision(state, node) == oracle.RUNS, "submitted with an unmet parent"
        assert not self.marks.get(node), "submitted with a cancel mark"
        assert not state.paused, "submitted during a pause"
        assert node not in self.held, "submitted although held"
        assert node not in self.open, "submitted twice"
        assert start.attempt > max(self.executor.executed.get(node, [0])), "an attempt number was reused"
        assert start.slots == self.graph.task(node).slots
        free = state.jobs - sum(other.slots for other in self.open.values())
        in_line = sum(1 for other in self.open if other not in self.known_alive)
        ahead = self.seconds < 1 or self.instant_ends > 4
        assert start.slots <= free or not self.open or (ahead and in_line < LOOKAHEAD_MOST and start.slots == 1), (
            "submitted more than there are slots"
        )
        for pool, amount in self.graph.task(node).pools:
            assert amount <= self.left(pool), f"{pool} is exceeded"
