"""The traversal under random graphs, commands and executors."""

from __future__ import annotations

import pytest
from engine.machine import TraversalMachine
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

COMMON = settings(
    deadline=None,
    database=None,
    print_blob=False,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
)


def test_everything_holds_in_random_runs():
    run_state_machine_as_test(TraversalMachine, settings=settings(COMMON, max_examples=400, derandomize=True))


@pytest.mark.torture
def test_everything_holds_in_many_random_runs():
    run_state_machine_as_test(TraversalMachine, settings=settings(COMMON, max_examples=20000, stateful_step_count=80))
