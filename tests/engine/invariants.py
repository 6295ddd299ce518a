"""Invariants that must hold at every moment of every run."""

from __future__ import annotations

from engine import oracle
from engine.run_model import ALIVE, RunModel, handed_on
from hypothesis.stateful import invariant

from dagtui.engine.columns import Columns
from dagtui.engine.events import NodeEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import root_cause, root_causes

TIMES = {"started", "ended", "due", "settled_at", "parked", "limit_from", "queued_since"}
SAME = [name for name in vars(Columns(0)) if name not in TIMES]


def same_state(one: RunState, other: RunState) -> None:
    """Check that two states are equal. Times in the journal are rounded to milliseconds."""
    for name in SAME:
        ours, theirs = getattr(one, name), getattr(other, name)
        if name == "commands":
            ours, theirs = ({n: c[1:] for n, c in commands.items()} for commands in (ours, theirs))
        assert ours == theirs, f"{name}: the replay has {ours}, the live state has {theirs}"
    for node in range(len(one.graph)):
        for name in ("started", "ended"):
            assert abs(getattr(one, name)[node] - getattr(other, name)[node]) < 0.001
        for name in ("due", "queued_since"):
            assert abs(getattr(one, name).get(node, 0.0) - getattr(other, name).get(node, 0.0)) < 0.001
    assert (one.settled_at is None) == (other.settled_at is None) == bool(one.unsettled)
    assert abs(min(one.limit_from, 1e9) - min(other.limit_from, 1e9)) < 0.001 * (2 + one.command_number)
    # Rounded once each time the run was settled.
    assert abs(one.active(1e6) - other.active(1e6)) < 0.001 * (2 + one.command_number)


def walked_root(state: RunState, node: int) -> int:
    """Return the end of the path along the stored blockers, without a cache."""
    while state.blocker[node] >= 0:
        node = state.blocker[node]
    return node


class Invariants(RunModel):
    """Compares the engine's state with its journal, the executor and the contract."""

    @invariant()
    def everything_holds(self) -> None:
        self.the_replay_equals_the_live_state()
        self.tallies_and_counts_equal_a_recount()
        self.what_is_outside_has_not_begun()
        self.derived_statuses_are_what_the_table_says()
        self.finally_nodes_wait_for_all_others()
        self.marks_are_the_commands()
        self.reasons_and_due_times_are_those_of_the_present_status()
        self.stale_is_what_is_older_than_an_ancestor()
        self.what_succeeded_hands_on_the_values_of_its_attempt()
        self.no_success_is_lost()
        self.every_executed_attempt_is_recorded()
        self.every_blocked_node_has_a_cause()
        self.live_attempts_match_the_state()
        self.gates_ask_once_they_are_ready()
        self.held_nodes_have_not_begun()
        self.the_verdict_follows_rule_4()
        if self.executor.quiet:
            self.engine_and_executor_agree()

    def the_replay_equals_the_live_state(self) -> None:
        same_state(self.mirror, self.state)

    def tallies_and_counts_equal_a_recount(self) -> None:
        state = self.state
        for node in self.nodes:
            classes = oracle.parent_classes(state, node)
            tallies = state.ok[node], state.bad[node], state.skip[node]
            assert tallies == tuple(classes.count(kind) for kind in ("ok", "bad", "skip"))
        inside = [state.status_of(node) for node in self.nodes if node not in self.outside]
        assert state.counts == [inside.count(status) for status in NodeStatus]

    def what_is_outside_has_not_begun(self) -> None:
        state = self.state
        assert {node for node in self.nodes if state.is_outside(node)} == self.outside
        assert state.outside == len(self.outside)
        for node in self.outside:
            assert (state.status_of(node), state.attempt[node], node in self.open) == (NodeStatus.WAITING, 0, False)
            assert self.below[node] <= self.outside, f"n{node} is outside, but something below it is not"

    def derived_statuses_are_what_the_table_says(self) -> None:
        assert oracle.wrongly_propagated(self.state, set(self.nodes) - self.outside) is None

    def finally_nodes_wait_for_all_others(self) -> None:
        said = {(NodeStatus.SKIPPED, Cause.PERSON), (NodeStatus.COMPLETED, Cause.MARKED)}
        for node in self.last - self.outside - self.state.leaving:
            standing = self.state.status_of(node), self.state.cause_of(node)
            if oracle.must_wait(self.state, node) and standing not in said and not self.marks.get(node):
                assert standing[0] in {NodeStatus.WAITING, NodeStatus.RETRYING, *ALIVE}, f"n{node} does not wait"

    def marks_are_the_commands(self) -> None:
        assert {node: set(marks) for node, marks in self.state.marks.items()} == self.marks
        assert all(len(set(marks)) == len(marks) for marks in self.state.marks.values())

    def reasons_and_due_times_are_those_of_the_present_status(self) -> None:
        explained = {NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.CANCELLING}
        assert set(self.state.why) == {
            node
            for node in self.nodes
            if self.state.status_of(node) in explained
            or self.state.cause_of(node) in {Cause.CONDITION, Cause.UP_TO_DATE}
        }
        assert set(self.state.due) <= set(self.state.nodes_with(NodeStatus.RETRYING))

    def stale_is_what_is_older_than_an_ancestor(self) -> None:
        assert {node for node in self.nodes if self.state.stale[node]} == self.stale

    def what_succeeded_hands_on_the_values_of_its_attempt(self) -> None:
        state = self.state
        for node in set(self.nodes) - set(self.gates()):
            ran = state.status_of(node) is NodeStatus.COMPLETED and state.cause_of(node) is not Cause.MARKED
            expected = handed_on(state.attempt[node]) if ran else {}
            assert state.outputs.get(node, {}) == expected, f"n{node} hands on the values of another attempt"

    def no_success_is_lost(self) -> None:
        for node in self.succeeded:
            assert self.mirror.status_of(node) is NodeStatus.COMPLETED, f"n{node} succeeded"

    def every_executed_attempt_is_recorded(self) -> None:
        for node, attempts in self.executor.executed.items():
            assert self.mirror.attempt[node] >= attempts[-1]

    def every_blocked_node_has_a_cause(self) -> None:
        for node in self.nodes:
            assert root_cause(self.state, node) == walked_root(self.state, node)
        state = self.state
        for node in state.nodes_with(NodeStatus.FAILED_PARENT):
            found = root_causes(state, [node])
            assert set(found) == oracle.roots(state, node)
            assert found
            blocker = state.blocker[node]
            assert blocker in self.graph.parents(node)
            assert oracle.parent_classes(state, node)[list(self.graph.parents(node)).index(blocker)] == "bad"

    def live_attempts_match_the_state(self) -> None:
        """Check that there is no ghost (alive only in the state) and no orphan (alive only in fact)."""
        assert set(self.traversal.submitted) == set(self.open) - self.known_alive
        assert set(self.traversal.capacity.held) == self.known_alive
        open_slots = sum(start.slots for start in self.open.values())
        assert self.traversal.capacity.free == self.state.jobs - open_slots
        assert self.traversal.capacity.pools == [self.left(pool.name) for pool in self.graph.pools]
        for node in self.nodes:
            if self.state.status_of(node) in ALIVE:
                assert node in self.open, f"n{node} is a ghost"
            if node in self.known_alive:
                assert self.state.status_of(node) in ALIVE, f"n{node} is an orphan"

    def engine_and_executor_agree(self) -> None:
        executor, state = self.executor, self.state
        assert set(executor.alive) == self.known_alive
        assert executor.slots == (0 if state.paused else state.jobs)
        for node, process in executor.alive.items():
            assert state.attempt[node] == process.attempt
            told = state.status_of(node) is NodeStatus.CANCELLING
            assert process.told == told, f"n{node} is {state.status_of(node).word}; told to stop: {process.told}"
        if executor.line or state.paused:
            return
        free = state.jobs - executor.used
        for node in state.nodes_with(NodeStatus.READY):
            if self.graph.gate(node) or node in self.held:
                continue
            fits = self.graph.task(node).slots <= free or not executor.alive
            fits = fits and all(amount <= self.left(pool) for pool, amount in self.graph.task(node).pools)
            held_back = any(self.rank(kept) < self.rank(node) and self.keeps_from(kept, node) for kept in self.kept)
            assert not fits or held_back, f"n{node} could start, but is not started"

    def gates_ask_once_they_are_ready(self) -> None:
        state = self.state
        for node in self.gates():
            status, cause = state.status_of(node), state.cause_of(node)
            assert (status is NodeStatus.READY and node not in self.held) == (cause is Cause.ASKS)
            assert state.attempt[node] == 0
            answered = cause in {Cause.ANSWERED, Cause.REJECTED}
            given = state.asked[node].answer if node in state.asked else None
            assert not answered or (given is not None and state.outputs.get(node) == {"answer": given.choice})
            assert (cause is Cause.REJECTED) <= (given is not None and given.choice == "reject")
            assert status is not NodeStatus.READY or given is None

    def held_nodes_have_not_begun(self) -> None:
        state = self.state
        assert state.held == self.held
        for node in self.held:
            standing = state.status_of(node), state.cause_of(node)
            assert standing[0] not in {NodeStatus.RUNNING, NodeStatus.COMPLETED}
            assert standing[0] is not NodeStatus.CANCELLED or self.marks[node] & set(self.fail_fast)

    def the_verdict_follows_rule_4(self) -> None:
        assert self.state.verdict() is oracle.verdict(
            self.state, set(self.nodes) - self.outside, self.timeouts, ended_by_person=self.ended_by_person
        )

    def crash_anywhere(self) -> None:
        """Check that replaying any prefix of the journal gives the successes that it records."""
        for length in range(0, len(self.records) + 1, max(1, len(self.records) // 8)):
            prefix = self.records[:length]
            after = RunState(self.graph, self.state.jobs)
            after.replay(prefix)
            last = {event.node: event.status for event in prefix if isinstance(event, NodeEvent)}
            told = {node for node, status in last.items() if status is NodeStatus.COMPLETED}
            assert set(after.nodes_with(NodeStatus.COMPLETED)) == told
