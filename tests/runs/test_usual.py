"""What a node usually takes: robust against single runs, and silent about what only varies."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.runs.usual import Took, flaky_in, took_in, usual_of
from dagtui.store.run_figures import NodeFigures, RunFigures
from dagtui.text.amounts import WallTime


def succeeded(*seconds: float) -> list[Took]:
    return [Took(run, NodeStatus.COMPLETED, 0, took, 0.5, 0) for run, took in enumerate(seconds, 1)]


def outcomes(signs: str) -> list[Took]:
    """`+`: it succeeded; `x`: it failed; `r`: a retry succeeded."""
    status = {"x": NodeStatus.FAILED}
    ends = [(status.get(sign, NodeStatus.COMPLETED), sign != "+") for sign in signs]
    return [Took(run, end, failed, 1.0, -1.0, 0) for run, (end, failed) in enumerate(ends, 1)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([10.0] * 11 + [14.0] * 3, "slower by 40 % since run 12"),
        ([10.0] * 5 + [14.0] * 3, "slower by 40 % since run 6"),
        ([10.0] * 40 + [5.0] * 10, "faster by 50 % since run 41"),
        ([9.0, 10.0, 11.0] * 4 + [20.0, 21.0, 19.0, 20.0], "slower by 100 % since run 13"),
        ([10.0] * 11 + [14.0] * 2, None),  # too few since
        ([10.0] * 2 + [14.0] * 9, None),  # too few before
        ([10.0] * 11 + [11.5] * 5, None),  # less than a fifth
        ([0.01] * 11 + [0.02] * 5, None),  # less than a tenth of a second
        ([10.0] * 8 + [90.0] + [10.0] * 8, None),  # a single slow run
        ([10.0, 20.0] * 10, None),
        ([0.0] * 10 + [5.0] * 5, None),  # of nothing, no share can be told
    ],
)
def test_a_change_is_told_since_its_run(seconds: list[float], words: str | None):
    found = usual_of(succeeded(*seconds)).change
    assert (found and found.words) == words


@pytest.mark.parametrize("kind", ["even", "wide", "outliers", "two"])
def test_times_that_only_vary_have_hardly_ever_changed(kind: str):
    source = random.Random(kind)
    draw = {
        "even": lambda: source.lognormvariate(0.0, 0.1),
        "wide": lambda: source.lognormvariate(0.0, 0.6),
        "outliers": lambda: source.lognormvariate(0.0, 0.1) * (3.0 if source.random() < 0.1 else 1.0),
        "two": lambda: source.choice([1.0, 2.0]),
    }[kind]
    sizes = [10, 20, 50] * 100
    told = sum(usual_of(succeeded(*(10 * draw() for _ in range(size)))).change is not None for size in sizes)
    assert told <= len(sizes) * 0.03


def test_a_change_of_steady_times_is_nearly_always_told_at_its_run():
    source = random.Random(7)
    right = 0
    for _ in range(100):
        times = [source.lognormvariate(0.0, 0.05) * (10.0 if run < 20 else 15.0) for run in range(25)]
        change = usual_of(succeeded(*times)).change
        right += change is not None and abs(change.since - 21) <= 1
    assert right >= 90


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        ("+x++x+x+++", "flaky: 3 of 10"),
        ("x" * 30 + "+x++x+x+++", "flaky: 3 of 10"),
        ("+r++++r+++", "flaky: 2 of 10"),
        ("xx+x", "flaky: 3 of 4"),
        ("+++++++xxx", None),  # it was broken
        ("xxxxxx++++", None),  # it was mended
        ("++++x+++++", None),  # once is no pattern
        ("xxxx", None),
        ("", None),
    ],
)
def test_a_flaky_node_goes_over_more_than_once(signs: str, words: str | None):
    found = flaky_in(outcomes(signs))
    assert (found and found.words) == words


def test_the_usual_seconds_are_those_since_the_change():
    usual = usual_of(succeeded(*[10.0] * 10, *[20.0, 21.0, 19.0, 20.0, 30.0]))
    assert (usual.seconds, usual.rests_on, usual.slowest) == (20.0, 5, 30.0)
    assert usual.spread == 1.0
    assert usual.rate == 1.0


@given(st.lists(st.floats(0.0, 1e6), max_size=50))
def test_four_of_five_successes_are_within_the_spread(seconds: list[float]):
    usual = usual_of(succeeded(*seconds))
    if usual.seconds is None:
        assert not seconds
        return
    recent = seconds[-usual.rests_on :]
    within = sum(abs(one - usual.seconds) <= usual.spread * (1 + 1e-9) + 1e-9 for one in recent)
    assert within >= 0.8 * len(recent)


def test_what_was_not_executed_and_the_present_run_are_left_out():
    nodes = {
        "a": NodeFigures(NodeStatus.COMPLETED, 1, 0, 2.0, Usage(1.0, 5, 0, 0)),
        "same": NodeFigures(NodeStatus.COMPLETED),
    }
    runs = [RunFigures.of(number, WallTime(number), 1.0, "completed", nodes.items()) for number in (1, 2)]
    assert [one.run for one in took_in(runs, "a")] == [1, 2]
    assert [one.run for one in took_in(runs, "a", but=2)] == [1]
    assert took_in(runs, "same") == took_in(runs, "other") == []
    assert usual_of(took_in(runs, "a"))[3:8] == (2.0, 0.0, 2.0, 1.0, 5)
