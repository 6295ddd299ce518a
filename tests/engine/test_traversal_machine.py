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


def test_everything_holds_in_random_runs():
    run_state_machine_as_test(TraversalMachine, settings=settings(AT_ONCE, max_examples=100, derandomize=True))


def test_everything_holds_on_random_walks():
    wander(300, 60)


def test_everything_holds_on_walks_that_mix_everything():
    wander(120, 60, kind=MixedWalk)


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
        wander(400, 60)


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
