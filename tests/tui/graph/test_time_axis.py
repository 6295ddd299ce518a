"""The time axis: what its cells and marks stand for, and what scrolling and zooming show."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.tui.graph.time.axis import TimeAxis, mark_text

CELLS = st.integers(1, 200)
SECONDS = st.floats(0.1, 1e7)


def axis_of(cells: int, now: float, extent: float, *, settled: bool = True) -> TimeAxis:
    axis = TimeAxis()
    axis.adapt(cells, now, extent, settled=settled)
    return axis


@given(cells=CELLS, seconds=SECONDS, settled=st.booleans())
def test_the_whole_run_fits_into_it(cells: int, seconds: float, settled: bool) -> None:
    axis = axis_of(cells, seconds, seconds, settled=settled)
    assert axis.begin == 0.0
    assert axis.last_cell(seconds * (1 - 1e-9)) < cells
    assert axis.last_cell(seconds) >= cells // 2


@given(cells=CELLS, begin=st.floats(0, 1e5), scale=st.floats(1e-3, 1e5))
def test_marks_do_not_touch(cells: int, begin: float, scale: float) -> None:
    axis = TimeAxis()
    axis.cells, axis.begin, axis.scale = cells, begin, scale
    marks = axis.marks()
    assert len(marks) <= cells // 4 + 1
    assert all(0 <= cell < cells for cell, _ in marks)
    assert all(one + len(text) < other for (one, text), (other, _) in pairwise(marks))
    assert len({text for _, text in marks}) == len(marks)


def test_it_keeps_its_scale_while_a_run_grows_but_for_a_few_times() -> None:
    axis = TimeAxis()
    scales = []
    for second in range(1, 3601):
        axis.adapt(60, second, second, settled=False)
        assert axis.cell(second) < 60
        scales.append(axis.scale)
    assert len(set(scales)) < 50


@given(cells=st.integers(12, 200), seconds=st.floats(1.0, 1e5), data=st.data())
def test_what_is_shown_stays_within_the_run(cells: int, seconds: float, data: st.DataObject) -> None:
    axis = axis_of(cells, seconds, seconds)
    for _ in range(data.draw(st.integers(1, 12))):
        if data.draw(st.booleans()):
            axis.zoom(data.draw(st.sampled_from([2.0, 0.5])))
        else:
            axis.pan(data.draw(st.integers(-3, 3)))
        assert axis.begin >= 0.0
        assert axis.is_whole or axis.end - axis.begin < seconds
        assert axis.begin < seconds


def test_zooming_out_ends_with_the_whole_run_and_zooming_in_with_the_resolution_of_the_journal() -> None:
    axis = axis_of(60, 100.0, 100.0)
    assert not axis.zoom(0.5)
    steps = 0
    while axis.zoom(2.0):
        steps += 1
    assert 0.001 <= axis.scale < 0.002
    assert not axis.is_whole
    for _ in range(steps):
        assert axis.zoom(0.5)
    assert axis.is_whole


def test_the_present_stays_in_sight_until_one_looks_elsewhere() -> None:
    axis = axis_of(60, 50.0, 60.0, settled=False)
    axis.zoom(2.0)
    for now in range(50, 200):
        axis.adapt(60, now, now, settled=False)
        assert 0 <= axis.cell(now) <= 60
    axis.pan(-4)
    begin = axis.begin
    axis.adapt(60, 400.0, 400.0, settled=False)
    assert axis.begin == begin


def test_another_width_shows_the_same_part() -> None:
    axis = axis_of(60, 100.0, 100.0)
    axis.zoom(2.0)
    begin, end = axis.begin, axis.end
    axis.adapt(20, 100.0, 100.0, settled=True)
    assert (axis.begin, axis.end) == (begin, pytest.approx(end))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.05, "0.05 s"), (30.0, "30 s"), (60, "1 m"), (90, "1:30"), (3600, "1 h"), (5400, "1:30 h")],
)
def test_marks_are_short(seconds: float, text: str) -> None:
    assert mark_text(seconds) == text


@given(seconds=st.floats(1.0, 1e5))
def test_even_a_narrow_axis_has_a_second_mark(seconds: float) -> None:
    assert len([text for cell, text in axis_of(14, seconds, seconds).marks() if cell + len(text) <= 14]) > 1
