"""Differences between two logs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.text.log_difference import differences, normalised

LINES = st.lists(st.sampled_from("abcdef"), max_size=20)


@given(LINES, LINES)
def test_what_is_not_different_is_alike_and_nothing_is_lost(left: list[str], right: list[str]):
    at, other = 0, 0
    for one in differences(left, right):
        assert left[at : one.left.start] == right[other : one.right.start]
        assert one.left or one.right
        at, other = one.left.stop, one.right.stop
    assert left[at:] == right[other:]


def test_a_line_that_was_inserted_is_the_only_difference():
    left = [f"line {number}" for number in range(1000)]
    right = [*left[:500], "extra", *left[500:]]
    assert differences(left, right) == [(range(500, 500), range(500, 501))]


@pytest.mark.parametrize("unique", [True, False])
def test_large_logs_take_no_quadratic_time(unique: bool):
    """A quadratic comparison of these would take hours."""
    dice = random.Random(3)
    left = [f"line {number if unique else number % 7}" for number in range(100_000)]
    right = [line for line in left if dice.random() > 0.001]
    assert differences(left, right)


@pytest.mark.parametrize(
    "pair",
    [
        ("2026-11-30T07:11:02Z done", "2026-12-01T08:00:00Z done"),
        ("2026-11-30 07:11:02,123 done", "2026-11-30 09:10:00,001 done"),
        ("Mon Nov 30 07:00:59 UTC 2026", "Tue Dec 1 07:00:00 UTC 2026"),
        ("took 3.2 s", "took 11 s"),
        ("0x7ffee at 12:30", "0x1 at 09:11:02"),
        ("id 6fa459ea-ee8a-3ca4-894e-db77e160355e", "id 16fd2706-8baf-433b-82eb-8c7fada847da"),
        ("commit a1b2c3d4e", "commit 9f8e7d6c5"),
        ("wrote /tmp/abc123/x.csv", "wrote /tmp/zzz/y.csv"),
        ("in /w/.dagtui/g/runs/3/logs", "in /w/.dagtui/g/runs/4/logs"),
        ("listening on 127.0.0.1:8080", "listening on 10.0.0.1:9"),
        ("worker[99]: up", "worker[100]: up"),
        ("pid 1234 ends", "pid 77 ends"),
    ],
)
def test_what_varies_between_attempts_counts_as_alike(pair: tuple[str, str]):
    assert normalised(pair[0]) == normalised(pair[1])


@pytest.mark.parametrize(
    "pair", [("step 12", "step 13"), ("loss 0.5", "loss 0.6"), ("cafe", "face"), ("/data/a", "/data/b")]
)
def test_what_matters_stays_different(pair: tuple[str, str]):
    assert normalised(pair[0]) != normalised(pair[1])
