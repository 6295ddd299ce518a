"""The shape of a message: what is alike in the messages of many nodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.text.shapes import shape


@pytest.mark.parametrize(
    ("message", "alike"),
    [
        ("Error: /tmp/a/b.py:12: no such file ab12cd34", "Error: ~/c.py:7: no such file 99887766"),
        ("sample_17 failed after 12.3 s at 0xdeadbeef", "sample_2 failed after 1 s at 0x1"),
        ("job 550e8400-e29b-41d4-a716-446655440000 lost", "job 123456 lost"),
        ("KeyError: 'a'", "KeyError: 'b c'"),
        ('relation "stripe" does not exist', 'relation "jira" does not exist'),
        ("cp: cannot stat `a.txt`", "cp: cannot stat `b/c.txt`"),
        ("can't open file 'x.py'", "can't open file 'y.py'"),
        ("src/a/b.c:12:3: error: bad", "lib/c.c:1:1: error: bad"),
        ("GET https://a.example/x?y=1 failed", "GET http://b.example failed"),
        ("bucket aB3dE9xYz0 is gone", "bucket qW1eR2tY is gone"),
        ("12:00:01 ERROR: chunk 4 of 97", "09:13:59 ERROR: chunk 95 of 97"),
    ],
)
def test_messages_that_differ_in_names_numbers_paths_and_ids_have_one_shape(message: str, alike: str):
    assert shape(message) == shape(alike)


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ("KeyError: 'a'", "ValueError: 'a'"),
        ("read and/or write", "read or write"),
        ("can't read it", "can't write it"),
        ("I/O error", "N/A error"),
        ("disk is full", "queue is full"),
    ],
)
def test_messages_that_differ_in_words_have_two_shapes(message: str, other: str):
    assert shape(message) != shape(other)


@given(st.text(st.sampled_from("ab1'\"`/.~-:x0 “”"), max_size=60), st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_after_a_message_make_no_difference(text: str, number: int, other: int):
    assert shape(f"{text} = {number}") == shape(f"{text} = {other}")
