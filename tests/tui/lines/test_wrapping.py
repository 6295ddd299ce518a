from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dagtui.tui.lines.page import wrapped
from dagtui.tui.lines.rows import Span, row
from dagtui.tui.lines.wrapping import word_breaks

TEXT = st.text(st.sampled_from("ab cd漢é🙂\u0301 -"), max_size=80)
WORD = TEXT.map(lambda text: text.replace(" ", ""))
WIDTH = st.integers(1, 30)


def cut(text: str, starts: list[int]) -> list[str]:
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


@given(WORD, WIDTH)
def test_rows_hold_every_character_in_order_and_none_is_too_wide(text: str, width: int):
    rows = cut(text, word_breaks(text, width, width))
    assert "".join(rows) == text
    assert all(cell_len(one) <= width or len(one.rstrip("\u0301")) == 1 for one in rows)


@given(WORD, WIDTH)
def test_rows_of_a_word_are_as_full_as_they_can_be(text: str, width: int):
    rows = cut(text, word_breaks(text, width, width))
    for one, following in itertools.pairwise(rows):
        assert cell_len(one) + cell_len(following[0]) > width


@given(TEXT, st.integers(2, 30), st.integers(2, 30))
def test_breaking_at_words_keeps_every_character(text: str, width: int, rest: int):
    assert "".join(cut(text, word_breaks(text, width, rest))) == text


@given(st.lists(TEXT, min_size=1, max_size=4), st.integers(2, 40), st.integers(0, 20))
def test_a_wrapped_row_keeps_its_runs(pieces: list[str], width: int, indent: int):
    one = row(*(Span(piece, f"role {number}") for number, piece in enumerate(pieces)), indent=indent)
    rows = wrapped(one, width)
    indents = min(indent, width // 2)
    text = "".join(run.text for run in rows[0]) + "".join(run.text for runs in rows[1:] for run in runs[1:])
    assert text == "".join(pieces)
    assert all(runs[0].text == " " * indents for runs in rows[1:])


def test_words_are_kept_whole_where_one_fits():
    assert cut("aa bbb cccc", word_breaks("aa bbb cccc", 7, 7)) == ["aa bbb ", "cccc"]


def test_a_long_word_is_cut():
    assert cut("abcdefgh", word_breaks("abcdefgh", 3, 2)) == ["abc", "de", "fg", "h"]


@given(TEXT, st.integers(2, 30), st.integers(2, 30))
def test_no_row_is_too_wide_but_for_spaces(text: str, width: int, rest: int):
    rows = cut(text, word_breaks(text, width, rest))
    assert all(cell_len(one.rstrip(" ")) <= (rest if number else width) for number, one in enumerate(rows))


@given(st.text(st.sampled_from("ab "), max_size=80).map(str.lstrip), WIDTH, WIDTH)
def test_only_a_word_without_a_row_for_it_is_cut(text: str, width: int, rest: int):
    rest = min(width, rest)
    for start in word_breaks(text, width, rest)[1:]:
        before, after = text[:start].rpartition(" ")[2], text[start:].partition(" ")[0]
        assert not (before and after) or len(before + after) > rest


def test_spaces_at_a_break_stay_at_the_end_of_their_row():
    assert cut("aaa     bbb", word_breaks("aaa     bbb", 4, 4)) == ["aaa     ", "bbb"]
    assert cut("aaa     ", word_breaks("aaa     ", 4, 4)) == ["aaa     "]
