"""Which attempts share a job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.execution.slurm.grouping import group


@pytest.mark.parametrize(
    ("expected", "most", "sizes"),
    [
        ([], 60.0, []),
        ([0.1] * 3, None, [1, 1, 1]),
        ([None] * 3, 60.0, [1, 1, 1]),
        ([1.0] * 4, 60.0, [1, 1, 1, 1]),
        ([0.01] * 48, 60.0, [48]),
        ([0.09] * 100, 60.0, [12] * 8 + [4]),
        ([1.0] * 1000, 60.0, [59] * 16 + [56]),
        ([0.1, 0.1, None, 0.1, 40.0, 0.1], 60.0, [2, 1, 1, 1, 1]),
    ],
)
def test_short_attempts_share_jobs(expected: list[float | None], most: float | None, sizes: list[int]) -> None:
    assert [len(span) for span in group(expected, most)] == sizes


@given(st.lists(st.none() | st.floats(0, 100), max_size=50), st.none() | st.floats(1, 100))
def test_each_attempt_has_one_place_in_order(expected: list[float | None], most: float | None) -> None:
    spans = group(expected, most)
    assert [at for span in spans for at in span] == list(range(len(expected)))
    assert all(spans)
