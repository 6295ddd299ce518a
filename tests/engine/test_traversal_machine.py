"""The traversal under random graphs, commands and executors, and proof that the machine finds seeded bugs."""

from __future__ import annotations

import pytest
from engine.machine import TraversalMachine
from engine.random_walk import MixedWalk, wander
from engine.seeded_bugs import BUGS
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

COMMON = settings(
    deadline=None,
    database=None,
    print_blob=False,
    stateful_step_count=50,
    suppress_health_check=list(HealthCheck),
)

DEEP = {
    "an_allowed_failure_outlives_what_it_followed",
    "a_lost_wake_up_when_slots_grow",
    "rule_7_leaves_what_starts_again",
    "slots_stay_idle_while_a_pool_is_awaited",
    "timeout_beats_a_persons_cancel",
    "what_blocks_a_cause_is_not_retried_with_it",
    "what_completed_meanwhile_is_not_stale",
    "what_followed_a_skip_by_a_person_outlives_it",
    "what_runs_while_its_ancestor_runs_again_is_not_stale",
    "what_is_kept_of_a_pool_is_taken",
    "what_is_released_by_its_parents_makes_nothing_stale",
    "what_was_asked_back_and_cancelled_is_not_told_to_stop",
}
"""Bugs that only one of many hundred walks finds."""


def test_everything_holds_in_random_runs():
    run_state_machine_as_test(TraversalMachine, settings=settings(COMMON, max_examples=250, derandomize=True))


def test_everything_holds_on_random_walks():
    wander(600, 60)


def test_everything_holds_on_walks_that_mix_everything():
    wander(250, 60, kind=MixedWalk)


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
        wander(1500, 60)


@pytest.mark.torture
@pytest.mark.parametrize("name", sorted(DEEP))
def test_the_machine_finds_deep_down(name: str, monkeypatch: pytest.MonkeyPatch):
    BUGS[name](monkeypatch)
    with pytest.raises(AssertionError):
        wander(10_000, 60)
