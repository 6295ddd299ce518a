"""The traversal under random graphs, commands and executors, and proof that the machine finds seeded bugs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from engine import (
    test_control,
    test_followers,
    test_gates,
    test_statuses,
    test_up_to_date,
    test_why,
    test_wide_nodes,
)
from engine.machine import TraversalMachine
from engine.random_walk import MixedWalk, wander
from engine.seeded_bugs import BUGS
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from dagtui.engine.messages import CommandKind

if TYPE_CHECKING:
    from collections.abc import Callable

COMMON = settings(
    deadline=None,
    database=None,
    print_blob=False,
    stateful_step_count=50,
    suppress_health_check=list(HealthCheck),
)

AT_ONCE = settings(COMMON, phases=[Phase.generate])
"""Shows the failed run as it is: the search for a shorter one may take five minutes, which is the limit of a test.

What Hypothesis draws depends on the modules that are loaded, so that a full run of the tests makes other runs than this
file alone.
"""

SCENES: dict[str, Callable[[], object]] = {
    "a_lost_wake_up_after_a_withdrawal": test_control.test_resume_starts_what_is_ready,
    "a_lost_wake_up_when_slots_grow": test_wide_nodes.test_it_starts_at_once_when_there_are_more_slots,
    "an_allowed_failure_outlives_what_it_followed": (
        test_followers.test_a_failure_that_is_allowed_runs_again_with_what_it_followed
    ),
    "overlapping_targets_are_killed_at_once": test_control.test_one_cancel_of_overlapping_subtrees_is_one_cancel,
    "rule_7_leaves_what_starts_again": (
        test_statuses.test_a_node_that_is_to_start_again_is_kept_from_it_at_the_first_failure
    ),
    "slots_stay_idle_while_a_pool_is_awaited": (
        test_wide_nodes.test_what_becomes_free_of_a_pool_is_kept_but_slots_are_not
    ),
    "the_blocker_is_not_updated": test_why.test_the_root_cause_follows_when_the_first_is_gone,
    "timeout_beats_a_persons_cancel": test_statuses.test_a_timeout_does_not_change_what_a_person_wanted,
    "what_blocks_a_cause_is_not_retried_with_it": partial(
        test_control.test_retry_of_a_blocked_node_retries_what_would_block_its_cause, "failed"
    ),
    "what_followed_a_skip_by_a_person_outlives_it": partial(
        test_followers.test_what_ran_although_a_person_had_a_parent_not_run_runs_again_when_it_does, CommandKind.SKIP
    ),
    "what_followed_an_answer_outlives_it": test_gates.test_retry_asks_again_and_what_used_the_answer_runs_again,
    "what_is_kept_of_a_pool_is_taken": test_wide_nodes.test_what_is_reserved_of_a_pool_is_said,
    "what_is_up_to_date_makes_results_below_it_stale": (
        test_up_to_date.test_a_rerun_that_is_up_to_date_makes_nothing_stale
    ),
    "what_runs_while_its_ancestor_runs_again_is_not_stale": (
        test_statuses.test_what_ran_while_an_ancestor_began_again_is_stale_once_it_completes
    ),
    "what_used_a_value_of_an_ancestor_outlives_it": partial(
        test_followers.test_what_used_a_default_for_a_failed_ancestor_runs_again_with_it, CommandKind.RETRY
    ),
}
"""Bugs that only one of several hundred walks finds, each with a test of one scene that finds it, too."""

DEEP = SCENES.keys() | {
    "what_completed_meanwhile_is_not_stale",
    "what_is_released_by_its_parents_makes_nothing_stale",
    "what_was_asked_back_and_cancelled_is_not_told_to_stop",
}
"""Bugs that are searched for by walks only in the long runs."""


FIRST_WALKS = {
    "a_back_off_is_never_over": 12,
    "a_condition_keeps_its_first_answer": 18,
    "a_failure_above_ends_a_hold": 80,
    "a_finally_node_does_not_run_again": 15,
    "a_first_cancel_of_the_run_cancels_finally_nodes": 15,
    "a_gate_that_asks_again_makes_nothing_stale": 326,
    "a_late_result_is_accepted": 18,
    "a_pool_is_exceeded": 20,
    "a_pool_is_not_given_back_after_a_withdrawal": 71,
    "a_preview_forgets_the_stale_flag": 11,
    "a_rejection_completes": 102,
    "a_reload_forgets_what_is_held": 11,
    "a_reload_forgets_when_to_retry": 67,
    "a_retry_gets_no_time_after_the_limit": 19,
    "a_run_that_ran_out_of_time_counts_as_cancelled": 19,
    "a_skip_by_a_person_counts_as_skipped": 18,
    "a_stale_node_loses_its_values": 16,
    "after_its_back_off_a_node_forgets_its_parents": 19,
    "an_older_definition_counts_as_the_new_one": 11,
    "exit_0_after_a_cancel_counts_as_completed": 15,
    "exit_0_after_a_timeout_counts_as_completed": 50,
    "nothing_is_ever_stale": 22,
    "retry_does_not_lift_the_ancestors_marks": 19,
    "retry_forgets_what_its_marks_held_below": 21,
    "retry_lifts_other_commands_marks": 19,
    "rule_7_lets_failures_be_retried": 17,
    "rule_7_stops_what_runs": 17,
    "slots_are_kept_for_a_node_that_does_not_want_them_any_more": 17,
    "slots_are_kept_for_a_wide_node_from_the_first_moment": 17,
    "the_number_of_an_attempt_that_is_not_made_is_kept": 11,
    "what_a_person_marked_runs_again_with_what_it_would_follow": 45,
    "what_followed_a_success_runs_again_with_it": 50,
    "what_is_released_is_not_lined_up": 44,
    "what_joins_a_run_and_is_blocked_stays_blocked": 163,
    "what_ran_below_an_allowed_failure_outlives_it": 17,
    "what_runs_below_a_blocked_node_keeps_it_from_being_rerun": 18,
    "what_the_file_no_longer_has_starts_again": 91,
    "what_was_cancelled_while_it_was_judged_is_done": 74,
}
"""Walks that find bugs which the first ten do not find. The search begins there, and goes on if it finds nothing."""


def test_everything_holds_in_random_runs():
    run_state_machine_as_test(TraversalMachine, settings=settings(AT_ONCE, max_examples=60, derandomize=True))


def test_everything_holds_on_random_walks():
    wander(150, 60)


def test_everything_holds_on_walks_that_mix_everything():
    wander(80, 60, kind=MixedWalk)


@pytest.mark.torture
def test_everything_holds_in_many_random_runs():
    run_state_machine_as_test(
        TraversalMachine, settings=settings(COMMON, derandomize=False, max_examples=10_000, stateful_step_count=80)
    )


@pytest.mark.torture
def test_everything_holds_on_many_random_walks():
    wander(20_000, 100, seed=1_000_000)
    wander(20_000, 100, seed=2_000_000, kind=MixedWalk)


@pytest.mark.parametrize("name", sorted(BUGS.keys() - DEEP))
def test_the_machine_finds(name: str, monkeypatch: pytest.MonkeyPatch):
    BUGS[name](monkeypatch)
    with pytest.raises(AssertionError):
        wander(400, 60, seed=FIRST_WALKS.get(name, 0))


@pytest.mark.parametrize("name", sorted(SCENES))
def test_a_scene_finds(name: str, monkeypatch: pytest.MonkeyPatch):
    BUGS[name](monkeypatch)
    with pytest.raises(AssertionError):
        SCENES[name]()


@pytest.mark.torture
@pytest.mark.parametrize("name", sorted(DEEP))
def test_the_machine_finds_deep_down(name: str, monkeypatch: pytest.MonkeyPatch):
    BUGS[name](monkeypatch)
    with pytest.raises(AssertionError):
        wander(10_000, 60)
