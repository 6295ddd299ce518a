from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.toml.values import LONGEST_DURATION, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("2d", 172800),
        ("1d 2h 3m 4s 5ms", 93784.005),
        ("1m500ms", 60.5),
        (" 5s ", 5),
        ("0s", 0),
        (0, 0),
        (12, 12),
        (0.5, 0.5),
    ],
)
def test_what_people_write(written: object, seconds: float):
    assert parse_duration(written) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "is not a duration"),
        ("90", "is not a duration"),
        ("s", "is not a duration"),
        ("1x", "is not a duration"),
        ("1m1h", "is not a duration"),
        ("1s1s", "is not a duration"),
        ("1,5s", "is not a duration"),
        ("1e3s", "is not a duration"),
        ("1_000s", "is not a duration"),
        ("١s", "is not a duration"),
        ("1" * 200 + "s", "is not a duration"),
        ("-1s", "must not be negative"),
        (-1, "must not be negative"),
        (-0.001, "must not be negative"),
        (math.nan, "finite"),
        (math.inf, "finite"),
        (-math.inf, "finite"),
        ("4000d", "ten years"),
        (10**400, "ten years"),
        (True, "a string or a number"),
        (None, "a string or a number"),
        ([1], "a string or a number"),
    ],
)
def test_what_is_refused(written: object, said: str):
    with pytest.raises(ValueError, match=said):
        parse_duration(written)


@given(st.integers(0, 9), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_units_add_up(days: int, hours: int, minutes: int, seconds: float, milliseconds: int):
    written = f"{days}d{hours}h{minutes}m{seconds}s{milliseconds}ms"
    expected = 86400 * days + 3600 * hours + 60 * minutes + seconds + milliseconds / 1000
    assert parse_duration(written) == pytest.approx(expected)


@given(st.floats() | st.integers() | st.text() | st.from_regex(r"[0-9.]{0,5}(ms|[smhd ]){0,3}-?"))
def test_a_bounded_number_or_a_value_error(written: object):
    try:
        seconds = parse_duration(written)
    except ValueError:
        return
    assert 0 <= seconds <= LONGEST_DURATION
    assert isinstance(seconds, float)
