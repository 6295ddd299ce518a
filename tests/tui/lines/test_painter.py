"""Only the cells that differ are drawn again."""

from __future__ import annotations

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from support.syntax import trees_with
from textual.strip import Strip

import dagtui
from dagtui.text import cell_width, label
from dagtui.tui.lines.painter import changed_cells, measured

PACKAGE = Path(dagtui.__file__).parent

STYLES = [Style(bold=True), Style(italic=True)]
TEXT = st.lists(st.sampled_from(["a", "b", " ", "漢", "日", "e\u0301"]), min_size=1, max_size=5).map("".join)
STRIP = st.lists(st.tuples(TEXT, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(text, style) for text, style in parts])
)
WIDTH = 60


def cells(strip: Strip, first: int, end: int) -> list[Segment]:
    return list(strip.crop(first, end).simplify())


@given(STRIP, STRIP)
def test_outside_of_the_changed_cells_nothing_differs(old: Strip, new: Strip):
    ranges = changed_cells(old, new, WIDTH)
    width = max(old.cell_length, new.cell_length)
    edges = [0, *(edge for one in ranges for edge in one), WIDTH]
    assert edges == sorted(edges)
    assert all(first < end for first, end in ranges)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        assert cells(old, start, min(stop, width)) == cells(new, start, min(stop, width))
    if old != new and width:
        assert ranges
    if old == new:
        assert not ranges


def test_a_counter_costs_its_digits():
    style = Style(bold=True)
    old, new = (Strip([Segment(f"line {n}, and more", style)]) for n in (11, 12))
    assert changed_cells(old, new, WIDTH) == [(6, 7)]
    tail = Segment("  the same", Style(italic=True))
    assert changed_cells(Strip([*old, tail]), Strip([*new, tail]), WIDTH) == [(6, 7)]


def test_two_figures_of_a_row_cost_their_own_cells():
    old, new = (
        Strip([Segment(f"{n} s", STYLES[0]), Segment("  between them  ", STYLES[1]), Segment(f"slots {n}", STYLES[0])])
        for n in (11, 12)
    )
    assert changed_cells(old, new, WIDTH) == [(1, 2), (27, 28)]


def test_what_may_have_taken_more_cells_is_painted_over_to_the_end():
    old, new = (Strip([Segment("a  "), Segment(word), Segment("  end")]) for word in ("क्ष", "ab"))
    assert changed_cells(old, new, WIDTH) == [(3, WIDTH)]


CODES = (*range(0x20, 0xD800), *range(0xE000, 0x40000), *range(0x40000, 0x110000, 0x101))
CHARACTERS = [chr(code) for code in CODES]
"""Of the planes in which hardly any is assigned, some."""
NEW = "\u0897\u1ad0\u2ffc\U0001f0f6\U00018d10\U0001b132"
"""Characters that tables of widths know since when, or not at all."""
SHOWN = st.text(st.sampled_from(CHARACTERS) | st.sampled_from(NEW), max_size=40).map(lambda text: label(text, 400))


def test_textual_measures_every_character_as_we_do():
    shown = [character for character in CHARACTERS if not 0x7F <= ord(character) < 0xA0]
    assert [f"U+{ord(c):04X}" for c in shown if Segment(c).cell_length != cell_width(c)] == []


@given(st.lists(st.tuples(SHOWN, st.sampled_from(STYLES)), max_size=5), st.integers(0, 80), st.integers(0, 80))
def test_a_row_measures_what_the_ruler_says_wherever_it_is_cut(parts: list[tuple[str, Style]], cut: int, width: int):
    strip = measured([Segment(text, style) for text, style in parts])
    assert strip.cell_length == cell_width(strip.text) == Strip([*strip]).cell_length
    pieces = strip.divide(sorted({min(cut, strip.cell_length), strip.cell_length} - {0}))
    for piece in (*pieces, strip.crop(cut, width), strip.adjust_cell_length(width)):
        assert piece.cell_length == cell_width(piece.text)
    assert strip.adjust_cell_length(width).cell_length == width


def test_only_the_ruler_asks_others_for_widths():
    """Rich and Textual have tables of their own."""
    theirs = {
        "cell_len",
        "cached_cell_len",
        "get_character_cell_size",
        "set_cell_size",
        "chop_cells",
        "_cells",
        "cells",
    }
    found = {
        f"{path.relative_to(PACKAGE)}: {alias.name}"
        for path, tree in trees_with(r"from (rich|textual)[^\n]*import[^.]*cell", PACKAGE)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("rich", "textual"))
        for alias in node.names
        if alias.name in theirs or "cells" in (node.module or "")
    }
    assert found == {"tui/lines/ruler.py: cells"}
