"""Properties of the sanitiser for any text and any bytes, and for the whole corpus of attacks."""

from __future__ import annotations

import gc
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyte import Screen, Stream
from rich.cells import cell_len
from support.corpus import CORPUS, UNDECODABLE

from dagtui import text as t
from dagtui.text import lines
from dagtui.text.cells import MOVE_CELLS
from dagtui.text.labels import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MARKS = 8
"""On one character: no script in use needs more."""
PICTURED_FORMATS = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
MOVES = st.builds("\x1b[{}{}".format, st.sampled_from(["", 1, 9, 400, 99999]), st.sampled_from("CDGXP@KJHE`a"))
ATTACKS = st.sampled_from(list(CORPUS.values())) | MOVES
HOSTILE = st.lists(ATTACKS | st.text(max_size=12) | st.characters(), max_size=12).map("".join)
BYTES = st.lists(
    st.sampled_from([*UNDECODABLE.values(), *(entry.encode("utf-8", "surrogatepass") for entry in CORPUS.values())])
    | st.binary(max_size=20),
    max_size=12,
).map(b"".join)
SHORT = settings(max_examples=60, derandomize=True, database=None, deadline=None)
LONG = settings(SHORT, max_examples=20_000, derandomize=False)
SGR = re.compile(r"\x1b\[[0-9;]+m")


def is_safe(text: str, allowed: str = "") -> bool:
    """Whether nothing in it acts, hides, reorders or heaps up; found from Unicode's own categories."""
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        bad = category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in PICTURED_FORMATS
        if bad and character not in allowed:
            return False
        marks = marks + 1 if t.cell_width(character) == 0 and character not in allowed else 0
        if marks > MOST_MARKS:
            return False
    return True


def check_text(text: str) -> None:
    for cap in (1, 7, 200, 5000):
        shown = t.label(text, cap)
        assert is_safe(shown)
        assert len(shown) <= cap
        assert t.label(shown, cap) == shown
        rows = t.block(text, cap)
        assert is_safe(rows, allowed="\n")
        assert len(rows) <= cap
        assert t.block(rows, cap) == rows
        assert all(t.label(row, cap) == row for row in rows.split("\n"))
    check_line(text)
    for width in (0, 1, 9):
        fitted = t.fit(t.label(text), width)
        assert t.cell_width(fitted) <= width
        assert is_safe(fitted)


def check_line(line: str | bytes) -> None:
    shown, spans = lines.styled(line)
    assert is_safe(shown)
    assert len(shown) <= min(10 * len(line) + 40, 10 * lines.LINE_LIMIT + 40) + MOVE_CELLS
    # Even a line of marks is no longer than a few times what it takes on the screen.
    assert len(shown) <= (MOST_MARKS + 2) * (t.cell_width(shown) + 1)
    assert len(shown) > lines.LINE_LIMIT or lines.plain_line(shown) == shown
    ends = [0]
    for span in spans:
        assert ends[-1] <= span.start < span.end <= len(shown)
        ends.append(span.end)
    written = lines.for_terminal(line)
    assert SGR.sub("", written) == shown
    assert "\x1b" not in SGR.sub("", written)


@pytest.mark.parametrize("name", CORPUS)
def test_each_attack_is_made_harmless(name: str):
    check_text(CORPUS[name])
    check_text(f"before {CORPUS[name]} after")
    check_line(CORPUS[name].encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", UNDECODABLE)
def test_bytes_that_are_no_text_are_made_harmless(name: str):
    check_line(UNDECODABLE[name])
    check_text(UNDECODABLE[name].decode("utf-8", "surrogateescape"))
    check_text(UNDECODABLE[name].decode("latin-1"))


@SHORT
@given(HOSTILE)
def test_any_text(text: str):
    check_text(text)


@SHORT
@given(BYTES)
def test_any_bytes(line: bytes):
    check_line(line)


@pytest.mark.torture
@LONG
@given(HOSTILE)
def test_any_text_for_long(text: str):
    check_text(text)


@pytest.mark.torture
@LONG
@given(BYTES)
def test_any_bytes_for_long(line: bytes):
    check_line(line)


def test_marks_pile_up_across_colours():
    piled = "Z" + "".join(f"\u0301\x1b[{colour}m\u0302" for colour in range(31, 38))
    check_text(piled)
    check_line(piled.encode())
    assert lines.plain_line(piled).endswith("…")


@SHORT
@given(BYTES, st.integers(0, 200))
def test_a_line_cut_anywhere_is_as_safe(line: bytes, cut: int):
    """Lines come in chunks: an escape may be at the end of one and its rest at the beginning of the next."""
    check_line(line[:cut])
    check_line(line[cut:])


# Widths


def known(first: int, last: int) -> str:
    """The characters that this interpreter knows, and that the sanitiser lets through."""
    found = (chr(code) for code in range(first, last) if not 0xD800 <= code < 0xE000)
    return "".join(c for c in found if unicodedata.category(c) != "Cn" and t.label(c) == c)


def test_widths_are_those_that_rich_pads_with():
    differences = [
        f"U+{ord(character):04X}: {t.cell_width(character)}, not {cell_len(character)}"
        for character in known(0x20, 0x20000)
        if t.cell_width(character) != cell_len(character)
    ]
    assert differences == []


@SHORT
@given(HOSTILE)
def test_the_width_of_a_text_is_what_rich_finds(text: str):
    shown = "".join(c for c in t.label(text, 400) if unicodedata.category(c) != "Cn")
    assert t.cell_width(shown) == cell_len(shown)


def columns_on_a_terminal(text: str) -> int:
    screen = Screen(500, 2)
    Stream(screen).feed(text)
    return int(screen.cursor.x)


@pytest.mark.parametrize("name", sorted(set(CORPUS) - {"emoji modifiers", "Hangul pile", "unassigned"}))
def test_the_width_of_an_attack_is_what_a_terminal_finds(name: str):
    # Left out: what terminals and their emulators have never agreed upon.
    shown = t.label(CORPUS[name])
    assert t.cell_width(shown) == columns_on_a_terminal(shown)


# Effort


UNITS = [
    "a",
    "\x1b",
    "\x1b[",
    "\x1b]0;",
    "\x1bP",
    "\u0301",
    "\u200b",
    "\t",
    "\b",
    "日",
    "─",
    "\x1b[1m",
    "\r",
    "a\r",
    "a\b",
    "日\b",
    "\x1b[9C",
    "\x1b[9999C",
    "a\x1b[@",
    "a\x1b[2K",
    "a\x1b[2G",
    "a\x1b[5;5H",
    "\x9b",
    "\u1161",
]


def steps(action: Callable[[], object]) -> int:
    """How many lines of Python an action executes."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    previous = sys.gettrace()
    gc.disable()  # Hypothesis is called back by it, and would be counted
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(previous)
        gc.enable()
    return count


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
@pytest.mark.parametrize(
    "sanitise",
    [lines.styled, lambda text: t.label(text, len(text)), lambda text: t.block(text, len(text)), t.cell_width],
)
def test_twice_as_much_takes_twice_the_steps_at_most(unit: str, sanitise: Callable[[str], object]):
    one, two = (steps(lambda size=size: sanitise(unit * size)) for size in (1000, 2000))
    assert two <= 2 * one + 50


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_more_than_the_limit_takes_no_more_steps(unit: str):
    one, many = (
        steps(lambda size=size: lines.styled("x" + unit * size)) for size in (lines.LINE_LIMIT, 20 * lines.LINE_LIMIT)
    )
    assert many <= one + 50


def check_exact(text: str) -> None:
    pasted = t.exact(text)
    for character in pasted:
        category, turns = unicodedata.category(character), unicodedata.bidirectional(character)
        assert category not in {"Cc", "Cs", "Zl", "Zp"} or character in "\t\n"
        assert turns not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert t.exact(pasted) == pasted
    assert "\n" not in t.exact_line(text)
    if is_safe(text, "\t\n"):
        assert pasted == text


@SHORT
@given(HOSTILE)
def test_what_is_pasted_is_exact_but_for_what_would_act(text: str) -> None:
    check_exact(text)


@pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)
def test_of_every_attack_nothing_is_pasted_that_acts(text: str) -> None:
    check_exact(text)


@SHORT
@given(BYTES)
def test_a_copied_line_has_nothing_but_its_tabs_that_is_no_picture(data: bytes) -> None:
    for line in data.split(b"\n"):
        copied = lines.copied_line(line)
        assert copied is None or not re.search(f"(?!\t)[{FORBIDDEN}]", copied)
