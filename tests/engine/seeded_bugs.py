# ruff: noqa: ANN001, ANN002, ANN003 - replacements take the arguments of the functions that they replace
"""Seeded bugs, one at a time: the state machine must find each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine import (
    conditions,
    control,
    event_records,
    finally_nodes,
    followers,
    held_nodes,
    reload_columns,
    reloading,
    state,
    targets,
    walks,
    why,
)
from dagtui.engine.capacity import Capacity, Demand
from dagtui.engine.events import NodeChange, NodeEvent
from dagtui.engine.messages import CommandKind, Ended, EndKind, Start, Stop
from dagtui.engine.rules import commands, propagation, refusals
from dagtui.engine.rules.triggers import RUN, WAIT
from dagtui.engine.staleness import Staleness
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.graph.model import Graph, Trigger

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

BUGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {}


def bug(plant: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    """Register a way to break the engine, under its function's name."""
    BUGS[plant.__name__] = plant
    return plant


def around(patch: pytest.MonkeyPatch, owner: object, name: str, wrapper: Callable[..., object]) -> None:
    """Replace a function by a wrapper that gets the original as its first argument."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **kwargs: wrapper(original, *args, **kwargs))


# Results


@bug
def a_late_result_is_accepted(patch: pytest.MonkeyPatch) -> None:
    def ended(original, self, message):
        original(self, message._replace(attempt=self.state.attempt[message.node]))

    around(patch, Traversal, "_ended", ended)


@bug
def a_duplicate_result_is_accepted(patch: pytest.MonkeyPatch) -> None:
    def ended(original, self, message):
        node = message.node
        if self.state.attempt[node] == message.attempt and self.state.status[node] == NodeStatus.FAILED:
            self.set(NodeChange(node, NodeStatus.COMPLETED, Cause.RAN))
        original(self, message)

    around(patch, Traversal, "_ended", ended)


@bug
def exit_0_after_a_cancel_counts_as_completed(patch: pytest.MonkeyPatch) -> None:
    def reaped(original, self, message):
        if message.kind is EndKind.EXIT and message.value == 0 and self.state.cause[message.node] == Cause.CANCEL:
            self.set(NodeChange(message.node, NodeStatus.COMPLETED, Cause.RAN, marks=()))
        else:
            original(self, message)

    around(patch, Traversal, "_reaped", reaped)


@bug
def exit_0_after_a_timeout_counts_as_completed(patch: pytest.MonkeyPatch) -> None:
    def reaped(original, self, message):
        if message.kind is EndKind.EXIT and message.value == 0 and self.state.cause[message.node] == Cause.TIMEOUT:
            self.set(NodeChange(message.node, NodeStatus.COMPLETED, Cause.RAN))
        else:
            original(self, message)

    around(patch, Traversal, "_reaped", reaped)


@bug
def what_ended_in_time_while_the_program_stood_still_timed_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Traversal, "_ended_by_itself", lambda *_: False)


@bug
def timeout_beats_a_persons_cancel(patch: pytest.MonkeyPatch) -> None:
    def alarm(original, self, node, attempt, kind):
        if kind == "timeout" and self.state.status[node] == NodeStatus.CANCELLING:
            self.set(NodeChange(node, NodeStatus.CANCELLING, Cause.TIMEOUT, marks=()))
        original(self, node, attempt, kind)

    around(patch, Traversal, "_alarm", alarm)


@bug
def an_attempts_number_is_used_again(patch: pytest.MonkeyPatch) -> None:
    def reaped(original, self, message):
        original(self, message)
        if self.state.status[message.node] in {NodeStatus.WAITING, NodeStatus.READY}:
            node = message.node
            status, cause = self.state.status_of(node), self.state.cause_of(node)
            self.set(NodeChange(node, status, cause, attempt=self.state.attempt[node] - 1))

    around(patch, Traversal, "_reaped", reaped)


@bug
def what_began_unwanted_goes_on(patch: pytest.MonkeyPatch) -> None:
    def stop(original, self, node, cause, *args, **kwargs):
        if cause is Cause.WITHDRAWN:
            self.set(NodeChange(node, NodeStatus.RUNNING))
        else:
            original(self, node, cause, *args, **kwargs)

    around(patch, propagation.Propagation, "stop", stop)


# Retries and time


@bug
def one_retry_too_many(patch: pytest.MonkeyPatch) -> None:
    def failed(original, self, message, *args):
        node = message.node
        self.state.base[node] += self.state.base[node] < self.state.attempt[node] - 1
        original(self, message, *args)

    around(patch, Traversal, "_failed", failed)


@bug
def a_retry_does_not_renew_the_budget(patch: pytest.MonkeyPatch) -> None:
    def set_status(original, self, change):
        original(self, change._replace(fresh=False))

    around(patch, propagation.Propagation, "set", set_status)


@bug
def after_its_back_off_a_node_forgets_its_parents(patch: pytest.MonkeyPatch) -> None:
    def alarm(original, self, node, attempt, kind):
        if kind == "retry" and self.state.status[node] == NodeStatus.RETRYING:
            self.set(NodeChange(node, NodeStatus.READY))
        else:
            original(self, node, attempt, kind)

    around(patch, Traversal, "_alarm", alarm)


@bug
def a_back_off_is_never_over(patch: pytest.MonkeyPatch) -> None:
    def alarm(original, self, node, attempt, kind):
        if kind != "retry" or attempt < 2:
            original(self, node, attempt, kind)

    around(patch, Traversal, "_alarm", alarm)


# Slots


@bug
def one_slot_too_many(patch: pytest.MonkeyPatch) -> None:
    def submits(original, self, *args):
        self.capacity.free += 1
        try:
            return original(self, *args)
        finally:
            self.capacity.free -= 1

    around(patch, Traversal, "_fits", submits)


@bug
def slots_are_not_given_back_after_a_cancel(patch: pytest.MonkeyPatch) -> None:
    def reaped(original, self, message):
        self.capacity.free -= 1
        original(self, message)

    around(patch, Traversal, "_reaped", reaped)


@bug
def a_lost_wake_up_after_a_withdrawal(patch: pytest.MonkeyPatch) -> None:
    def withdrawn(original, self, message):
        original(self, message)
        self._events_seen = len(self.events)

    around(patch, Traversal, "_withdrawn", withdrawn)


@bug
def a_lost_wake_up_when_slots_grow(patch: pytest.MonkeyPatch) -> None:
    def command(original, self, message):
        if message.kind is not CommandKind.SET_JOBS:
            return original(self, message)
        self._fill = lambda: None
        answer = original(self, message)
        del self._fill
        return answer

    around(patch, Traversal, "_command", command)


@bug
def what_wants_more_than_there_is_never_starts(patch: pytest.MonkeyPatch) -> None:
    def submit_what_fits(original, self):
        return original(self)[0], []

    around(patch, Traversal, "_submit_what_fits", submit_what_fits)


@bug
def a_pause_lets_what_is_ready_start(patch: pytest.MonkeyPatch) -> None:
    def fill(original, self):
        paused, self.state.paused = self.state.paused, False
        original(self)
        self.state.paused = paused

    around(patch, Traversal, "_fill", fill)


@bug
def a_wide_node_starves(patch: pytest.MonkeyPatch) -> None:
    around(patch, Traversal, "_keep_for", lambda _original, *_args: None)


@bug
def slots_are_kept_for_a_wide_node_from_the_first_moment(patch: pytest.MonkeyPatch) -> None:
    def keep_for(original, self, *args):
        typical, self._typical = self._typical, 0.0
        try:
            original(self, *args)
        finally:
            self._typical = typical

    around(patch, Traversal, "_keep_for", keep_for)


@bug
def slots_are_kept_for_a_node_that_does_not_want_them_any_more(patch: pytest.MonkeyPatch) -> None:
    def fill(original, self):
        passed_over = self._passed_over
        original(self)
        self._passed_over = passed_over | self._passed_over

    around(patch, Traversal, "_fill", fill)


# Pools


@bug
def a_pool_is_exceeded(patch: pytest.MonkeyPatch) -> None:
    around(patch, Traversal, "_fits", lambda original, self, demand, kept: original(self, Demand(demand.slots), kept))


@bug
def a_pool_is_not_given_back_after_a_withdrawal(patch: pytest.MonkeyPatch) -> None:
    def withdraw(original, self, node):
        self._taken.pop(node, None)
        original(self, node)

    around(patch, Capacity, "withdraw", withdraw)


@bug
def a_pool_is_used_by_one_node_at_a_time(patch: pytest.MonkeyPatch) -> None:
    def fits(original, self, demand, kept):
        whole = tuple((pool, self.graph.pools[pool].size) for pool, _ in demand.pools)
        return original(self, Demand(demand.slots, whole), kept)

    around(patch, Traversal, "_fits", fits)


@bug
def what_is_kept_of_a_pool_is_taken(patch: pytest.MonkeyPatch) -> None:
    def fits(original, self, demand, kept):
        kept.pools.clear()
        return original(self, demand, kept)

    around(patch, Traversal, "_fits", fits)


@bug
def slots_stay_idle_while_a_pool_is_awaited(patch: pytest.MonkeyPatch) -> None:
    def keep_for(original, self, node, demand, kept):
        original(self, node, demand, kept)
        if kept.node >= 0:
            kept.slots = max(kept.slots, demand.slots)

    around(patch, Traversal, "_keep_for", keep_for)


# Tallies and propagated statuses


@bug
def tallies_do_not_move_when_a_node_runs_again(patch: pytest.MonkeyPatch) -> None:
    def count(original, self, node, now):
        before = self.outcome[node]
        if before and not now:
            self.outcome[node] = now
            self.dirty.extend(self.graph.children(node))
        else:
            original(self, node, now)

    around(patch, RunState, "_count", count)


@bug
def only_direct_children_are_derived(patch: pytest.MonkeyPatch) -> None:
    def settle(_original, self):
        for node in list(self.state.dirty):
            self.propagate(node)
        self.state.dirty.clear()

    around(patch, propagation.Propagation, "settle", settle)


@bug
def the_blocker_is_not_updated(patch: pytest.MonkeyPatch) -> None:
    around(patch, propagation.Propagation, "_still_blocked", lambda _original, _self, _node, _status: True)


@bug
def a_skip_by_a_person_counts_as_skipped(patch: pytest.MonkeyPatch) -> None:
    def wrong(causes):
        return bytes(causes[Cause.PROPAGATED] if cause is Cause.PERSON else causes[cause] for cause in Cause)

    tables = tuple(tuple(wrong(causes) for causes in table) for table in state.PARENT_OUTCOMES)
    patch.setattr(state, "PARENT_OUTCOMES", tables)


@bug
def what_runs_while_its_ancestor_runs_again_is_not_stale(patch: pytest.MonkeyPatch) -> None:
    around(patch, Staleness, "begins", lambda original, self, node, again, _alive: original(self, node, again, ()))


@bug
def nothing_is_ever_stale(patch: pytest.MonkeyPatch) -> None:
    around(patch, Staleness, "begins", lambda _original, _self, _node, _again, _alive: [])


@bug
def what_completed_meanwhile_is_not_stale(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Staleness, "_freshen", lambda self, node: self._invalidated.discard(node))


@bug
def what_is_released_by_its_parents_makes_nothing_stale(patch: pytest.MonkeyPatch) -> None:
    def become(original, self, node, status, cause):
        again = self.restarted.copy()
        original(self, node, status, cause)
        self.restarted.intersection_update(again)

    around(patch, propagation.Propagation, "_become", become)


# Marks


@bug
def marks_go_beyond_all_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(walks, "_marked_children", lambda graph, node: graph.children(node))


@bug
def cancel_subtree_marks_the_node_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(walks, "_marked_children", lambda _graph, _node: [])


@bug
def cancel_subtree_spares_nodes_with_other_parents(patch: pytest.MonkeyPatch) -> None:
    def children(original, graph, node):
        return [child for child in original(graph, node) if graph.parent_count(child) < 2]

    around(patch, walks, "_marked_children", children)


@bug
def cancel_reaches_settled_nodes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "UNSETTLED", frozenset(NodeStatus) - {NodeStatus.COMPLETED})


@bug
def a_second_cancel_does_not_kill(patch: pytest.MonkeyPatch) -> None:
    def cancel(original, run, nodes, number):
        original(run, nodes, number)
        run.effects[:] = [
            effect._replace(grace=effect.grace or 5.0) if isinstance(effect, Stop) else effect for effect in run.effects
        ]

    around(patch, control, "_cancel", cancel)
    patch.setattr(control, "_HANDLERS", control._HANDLERS | {CommandKind.CANCEL: control._cancel})


@bug
def overlapping_targets_are_killed_at_once(patch: pytest.MonkeyPatch) -> None:
    def subtrees(_original, run, nodes, number):
        for node in nodes:
            control._cancel(run, sorted(walks.cancelled_subtrees(run.graph, [node])), number)

    wrapped = control._HANDLERS[CommandKind.CANCEL_SUBTREE]
    handler = {CommandKind.CANCEL_SUBTREE: lambda run, nodes, number: subtrees(wrapped, run, nodes, number)}
    patch.setattr(control, "_HANDLERS", control._HANDLERS | handler)


@bug
def retry_does_not_lift_the_ancestors_marks(patch: pytest.MonkeyPatch) -> None:
    def reached(original, nodes, neighbours):
        if getattr(neighbours, "__func__", None) is Graph.parents:
            return set()
        return original(nodes, neighbours)

    around(patch, control, "reach", reached)


@bug
def retry_lifts_other_commands_marks(patch: pytest.MonkeyPatch) -> None:
    def lift(original, run, nodes, numbers):
        original(run, nodes, numbers | set(range(run.state.command_number + 1)))

    around(patch, control, "_lift", lift)


@bug
def retry_forgets_what_its_marks_held_below(patch: pytest.MonkeyPatch) -> None:
    def reached(original, nodes, neighbours):
        if getattr(neighbours, "__func__", None) is Graph.children:
            return set(nodes)
        return original(nodes, neighbours)

    around(patch, control, "reach", reached)


@bug
def retry_runs_successes_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "_REPEATABLE", control._REPEATABLE | {NodeStatus.COMPLETED})
    patch.setattr(control, "nothing_for", lambda _kind, _state, _node: None)


@bug
def retry_of_a_held_back_node_starts_around_its_parents(patch: pytest.MonkeyPatch) -> None:
    def retry(_original, run, nodes):
        for node in nodes:
            run.set(NodeChange(node, NodeStatus.READY, fresh=True))

    around(patch, control, "_retry", retry)


@bug
def what_was_asked_back_and_cancelled_is_not_told_to_stop(patch: pytest.MonkeyPatch) -> None:
    def must_be_stopped(original, run, node):
        return run.state.status[node] != NodeStatus.CANCELLING and original(run, node)

    around(patch, control, "_must_be_stopped", must_be_stopped)


@bug
def rerun_leaves_the_running_ones_running(patch: pytest.MonkeyPatch) -> None:
    def stop(original, self, node, cause, *args, **kwargs):
        if cause is not Cause.RESTART:
            original(self, node, cause, *args, **kwargs)

    around(patch, propagation.Propagation, "stop", stop)


@bug
def rule_7_marks_all_done_nodes(patch: pytest.MonkeyPatch) -> None:
    def mark(original, run, number):
        patch_independent = control.INDEPENDENT
        control.INDEPENDENT = frozenset()
        original(run, number)
        control.INDEPENDENT = patch_independent

    around(patch, control, "mark_after_failure", mark)


@bug
def rule_7_stops_what_runs(patch: pytest.MonkeyPatch) -> None:
    def mark(original, run, number):
        running = list(run.state.nodes_with(NodeStatus.RUNNING))
        original(run, number)
        for node in running:
            run.stop(node, Cause.CANCEL, marks=(number,))

    around(patch, control, "mark_after_failure", mark)


@bug
def rule_7_lets_failures_be_retried(patch: pytest.MonkeyPatch) -> None:
    def mark(original, run, number):
        original(run, number)
        run.no_retry.clear()

    around(patch, control, "mark_after_failure", mark)


@bug
def rule_7_leaves_what_starts_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "_BEGINS_AGAIN", frozenset())


@bug
def rule_7_stops_the_run_twice(patch: pytest.MonkeyPatch) -> None:
    def mark(original, run, number):
        original(run, number)
        run.fail_fast_command = 0

    around(patch, control, "mark_after_failure", mark)


@bug
def the_runs_own_marks_outlive_a_retry_of_their_cause(patch: pytest.MonkeyPatch) -> None:
    around(patch, control, "_lift_own", lambda _original, _run, _nodes: None)


# Followers (rule 9)


@bug
def what_ran_because_of_a_failure_outlives_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "run_again", lambda _run, _before: set())


@bug
def what_ran_below_an_allowed_failure_outlives_it(patch: pytest.MonkeyPatch) -> None:
    def find_followers(_original, graph):
        return bytes(graph.task(node).trigger is not Trigger.ALL_SUCCESS for node in range(len(graph)))

    around(patch, propagation, "find_followers", find_followers)


@bug
def an_allowed_failure_outlives_what_it_followed(patch: pytest.MonkeyPatch) -> None:
    def counts_as_done(original, state, node):
        return state.status[node] == NodeStatus.COMPLETED and original(state, node)

    around(patch, followers, "_counts_as_done", counts_as_done)


@bug
def what_followed_a_skip_by_a_person_outlives_it(patch: pytest.MonkeyPatch) -> None:
    def end_changes(original, state, before, node):
        return before.status[node] != NodeStatus.SKIPPED and original(state, before, node)

    around(patch, followers, "_end_changes", end_changes)


@bug
def what_a_person_marked_runs_again_with_what_it_would_follow(patch: pytest.MonkeyPatch) -> None:
    def counts_as_done(original, state, node):
        return state.status[node] == NodeStatus.COMPLETED or original(state, node)

    around(patch, followers, "_counts_as_done", counts_as_done)


@bug
def what_followed_a_success_runs_again_with_it(patch: pytest.MonkeyPatch) -> None:
    def end_changes(original, state, before, node):
        again = before.status[node] == NodeStatus.COMPLETED and state.status[node] < NodeStatus.COMPLETED
        return again or original(state, before, node)

    around(patch, followers, "_end_changes", end_changes)


# Previews, refusals and the journal


@bug
def a_preview_is_not_taken_back(patch: pytest.MonkeyPatch) -> None:
    around(patch, RunState, "restore_columns", lambda _original, _self, _old: None)


@bug
def a_preview_forgets_the_stale_flag(patch: pytest.MonkeyPatch) -> None:
    def restore(original, self, old):
        original(self, old)
        self.stale[:] = bytes(len(self.stale))

    around(patch, RunState, "restore_columns", restore)


@bug
def a_preview_leaves_a_node_out(patch: pytest.MonkeyPatch) -> None:
    def classify(original, *args):
        found = original(*args)
        return found._replace(again=found.again[1:])

    around(patch, control, "classify", classify)


@bug
def a_changed_command_is_obeyed(patch: pytest.MonkeyPatch) -> None:
    def try_command(original, *args):
        return original(*args)._replace(changed=False)

    around(patch, control, "_try", try_command)


@bug
def a_command_that_does_nothing_says_nothing(patch: pytest.MonkeyPatch) -> None:
    around(patch, refusals, "_node_refusal", lambda _original, _run, _kind, _node: None)


@bug
def a_blocked_node_may_be_rerun(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refusals, "nothing_for", lambda _kind, _state, _node: None)


@bug
def what_runs_below_a_blocked_node_keeps_it_from_being_rerun(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refusals, "subtrees_have", lambda _graph, nodes, wanted, _most: any(map(wanted, nodes)))


@bug
def the_journal_loses_marks(patch: pytest.MonkeyPatch) -> None:
    def set_status(original, self, change):
        original(self, change)
        if self.events:
            self.events[-1] = self.events[-1]._replace(marks=())

    around(patch, propagation.Propagation, "set", set_status)


@bug
def a_cancel_all_is_not_the_verdict(patch: pytest.MonkeyPatch) -> None:
    def apply_command(original, self, event):
        original(self, event)
        self.cancelled_all = False

    around(patch, state.RunState, "_apply_command", apply_command)


@bug
def a_run_that_ran_out_of_time_counts_as_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state.RunState, "ran_out_of_time", property(lambda _self: False))


@bug
def the_time_limit_of_a_run_goes_on_while_all_is_settled(patch: pytest.MonkeyPatch) -> None:
    def limit_end(original, self):
        end = original(self)
        return None if end is None else end - self.state.parked

    around(patch, Traversal, "_limit_end", limit_end)


@bug
def a_retry_gets_no_time_after_the_limit(patch: pytest.MonkeyPatch) -> None:
    def begin_limit(original, self, at):
        ran_out = self.limit_from > 1e9
        original(self, at)
        self.limit_from = 0.0 if ran_out else self.limit_from

    around(patch, state.RunState, "_begin_limit", begin_limit)


@bug
def what_was_handed_over_is_handed_over_twice(patch: pytest.MonkeyPatch) -> None:
    def submit(original, self, node):
        original(self, node)
        self.effects.append(Start(node, self.state.attempt[node], 1))

    around(patch, Traversal, "_submit", submit)


@bug
def an_end_without_a_beginning_is_dropped(patch: pytest.MonkeyPatch) -> None:
    def ended(original, self, message: Ended):
        if message.kind is not EndKind.COULD_NOT_START:
            original(self, message)

    around(patch, Traversal, "_ended", ended)


# Targets


@bug
def a_cancel_reaches_what_is_not_part_of_the_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state.RunState, "inside", lambda _self, nodes: nodes)


@bug
def what_joins_a_run_leaves_its_ancestors_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        targets, "outside_ancestors", lambda _graph, selected, nodes: {node for node in nodes if not selected[node]}
    )


@bug
def what_joins_a_run_and_is_blocked_stays_blocked(patch: pytest.MonkeyPatch) -> None:
    def retry_each(run, nodes, _number):
        control._retry(run, nodes)

    patch.setitem(control._HANDLERS, CommandKind.RETRY, retry_each)


# Up to date


@bug
def the_number_of_an_attempt_that_is_not_made_is_kept(patch: pytest.MonkeyPatch) -> None:
    def set_status(original, self, change):
        if change.cause is Cause.UP_TO_DATE and change.attempt is not None:
            change = change._replace(attempt=change.attempt + 1)
        original(self, change)

    around(patch, propagation.Propagation, "set", set_status)


@bug
def what_was_cancelled_while_it_was_judged_is_done(patch: pytest.MonkeyPatch) -> None:
    def up_to_date(original, self, message):
        node = message.node
        if node in self.submitted and self.state.status[node] == NodeStatus.CANCELLING:
            self.capacity.withdraw(node)
            self.set(NodeChange(node, NodeStatus.COMPLETED, Cause.UP_TO_DATE, message.text, marks=()))
        else:
            original(self, message)

    around(patch, Traversal, "_up_to_date", up_to_date)


@bug
def what_is_up_to_date_makes_results_below_it_stale(patch: pytest.MonkeyPatch) -> None:
    def up_to_date(original, self, message):
        was_restarted = message.node in self.restarted
        original(self, message)
        if was_restarted:
            for other in self._staleness.begins(message.node, {message.node}, self.capacity.held):
                self.set(NodeChange(other, NodeStatus.COMPLETED, self.state.cause_of(other), "done", stale=True))

    around(patch, Traversal, "_up_to_date", up_to_date)


# Values


@bug
def values_outlive_a_restart(patch: pytest.MonkeyPatch) -> None:
    def note_leavings(original, self, event, old):
        kept = self.outputs.get(event.node)
        original(self, event, old)
        if kept is not None and event.status in {NodeStatus.WAITING, NodeStatus.READY}:
            self.outputs[event.node] = kept

    around(patch, state.RunState, "_note_leavings", note_leavings)


@bug
def a_stale_node_loses_its_values(patch: pytest.MonkeyPatch) -> None:
    def note_leavings(original, self, event, old):
        original(self, event, old)
        if event.stale and not event.outputs:
            self.outputs.pop(event.node, None)

    around(patch, state.RunState, "_note_leavings", note_leavings)


@bug
def what_failed_hands_on_values(patch: pytest.MonkeyPatch) -> None:
    def ended(original, self, message):
        original(self, message)
        node = message.node
        if message.outputs and self.state.status[node] == NodeStatus.FAILED:
            self.state.outputs[node] = message.outputs

    around(patch, Traversal, "_ended", ended)


@bug
def the_journal_loses_values(patch: pytest.MonkeyPatch) -> None:
    def set_status(original, self, change):
        original(self, change)
        if self.events and isinstance(self.events[-1], NodeEvent):
            self.events[-1] = self.events[-1]._replace(outputs={})

    around(patch, propagation.Propagation, "set", set_status)


@bug
def what_blocks_a_cause_is_not_retried_with_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "_with_causes", lambda run, nodes: why.root_causes(run.state, nodes))


# Gates


@bug
def a_gate_is_answered_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(refusals, "_answer_refusal", lambda _run, _command: None)


@bug
def a_gate_holds_a_slot(patch: pytest.MonkeyPatch) -> None:
    def ask(original, self, node, question):
        self.capacity.free -= 1
        original(self, node, question)

    around(patch, Traversal, "_ask", ask)


@bug
def a_gate_is_submitted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Traversal, "line_up", lambda self, node: self.ready.push(node, self.capacity.group(node)))


@bug
def a_rejection_completes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "REJECT", "")


@bug
def an_answer_is_not_journaled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(event_records, "_answer_field", lambda _answer: "")


@bug
def what_followed_an_answer_outlives_it(patch: pytest.MonkeyPatch) -> None:
    def end_changes(original, state, before, node):
        return before.cause[node] != Cause.ANSWERED and original(state, before, node)

    around(patch, followers, "_end_changes", end_changes)


@bug
def a_gate_that_asks_again_makes_nothing_stale(patch: pytest.MonkeyPatch) -> None:
    def outdate_below(original, self, node):
        if not self.graph.gate(node):
            original(self, node)

    around(patch, Traversal, "_outdate_below", outdate_below)


@bug
def what_used_a_value_of_an_ancestor_outlives_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(propagation, "find_readers", lambda _graph: {})


# Conditions


@bug
def a_false_condition_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    def decide(original, self, state, node, by_parents):
        found = original(self, state, node, by_parents)
        return by_parents if found == conditions.FALSE else found

    around(patch, conditions.Conditions, "decide", decide)


@bug
def a_condition_is_asked_before_the_parents_allow_it(patch: pytest.MonkeyPatch) -> None:
    def decide(original, self, state, node, by_parents):
        return original(self, state, node, RUN if by_parents is not WAIT else by_parents)

    around(patch, conditions.Conditions, "decide", decide)


@bug
def a_retry_asks_the_condition_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "_is_kept_back", lambda _run, _node: False)


@bug
def the_journal_forgets_that_a_condition_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    def set_status(original, self, change):
        original(self, change)
        if self.events:
            self.events[-1] = self.events[-1]._replace(bypass=False)

    around(patch, propagation.Propagation, "set", set_status)


@bug
def a_condition_keeps_its_first_answer(patch: pytest.MonkeyPatch) -> None:
    def evaluate(original, self, state, node):
        if node not in self._known:
            self._known[node] = original(self, state, node)
        return self._known[node]

    around(patch, conditions.Conditions, "_evaluate", evaluate)


@bug
def an_undecidable_condition_does_not_stop_the_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(control, "stop_after_undecidable", lambda run: run.undecidable.clear())


# Finally nodes


@bug
def a_finally_node_begins_before_all_others_have_ended(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RunState, "unsettled_before_finally", property(lambda self: max(0, self.unsettled - 1)))


@bug
def a_finally_node_does_not_run_again(patch: pytest.MonkeyPatch) -> None:
    around(patch, finally_nodes.FinallyNodes, "_ran", lambda _original, _self, _node: False)


@bug
def a_first_cancel_of_the_run_cancels_finally_nodes(patch: pytest.MonkeyPatch) -> None:
    around(patch, finally_nodes, "cancelled_with_all", lambda _original, state, _number: list(state.graph.nodes))


@bug
def the_first_failure_cancels_finally_nodes(patch: pytest.MonkeyPatch) -> None:
    def mark(original, run, number):
        flags, run.state.is_finally = run.state.is_finally, b""
        original(run, number)
        run.state.is_finally = flags

    around(patch, control, "mark_after_failure", mark)


# Reload


@bug
def a_reload_counts_no_parents(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reloading, "_tally", lambda _state: None)


@bug
def an_older_definition_counts_as_the_new_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Traversal, "outdate", lambda _self, _nodes: None)


@bug
def a_reload_forgets_when_to_retry(patch: pytest.MonkeyPatch) -> None:
    def carry(original, self, *others):
        original(self, *others)
        self._alarms.clear()

    around(patch, Traversal, "carry", carry)


@bug
def what_the_file_no_longer_has_starts_again(patch: pytest.MonkeyPatch) -> None:
    def step_for(original, kind, run_state, node):
        leaving, run_state.leaving = run_state.leaving, frozenset()
        try:
            return original(kind, run_state, node)
        finally:
            run_state.leaving = leaving

    around(patch, commands, "step_for", step_for)
    around(patch, refusals, "step_for", step_for)


# Holds


@bug
def a_held_node_starts(patch: pytest.MonkeyPatch) -> None:
    def startable(original, self, node):
        held, self.state.held = self.state.held, set()
        try:
            return original(self, node)
        finally:
            self.state.held = held

    around(patch, Traversal, "_startable", startable)


@bug
def what_is_released_is_not_lined_up(patch: pytest.MonkeyPatch) -> None:
    def follow_command(original, self, command):
        if command.kind is not CommandKind.RELEASE:
            original(self, command)

    around(patch, Traversal, "follow_command", follow_command)


@bug
def a_failure_above_ends_a_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(held_nodes._ENDS_HOLD, NodeStatus.FAILED_PARENT, frozenset(Cause))


@bug
def a_hold_outlives_a_cancel(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(held_nodes.HeldNodes, "_is_cancelled_by_person", lambda _self, _marks: False)


@bug
def a_reload_forgets_what_is_held(patch: pytest.MonkeyPatch) -> None:
    def take_up(original, state, *others):
        original(state, *others)
        state.held = set()

    around(patch, reload_columns, "take_up", take_up)
