"""Only the cells that differ are drawn again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from dagtui.tui.lines.rows import difference

STYLES = [Style(bold=True), Style(italic=True)]
TEXT = st.lists(st.sampled_from(["a", "b", " ", "漢", "e\u0301"]), min_size=1, max_size=5).map("".join)
STRIP = st.lists(st.tuples(TEXT, st.sampled_from(STYLES)), max_size=4).map(
    lambda parts: Strip([Segment(text, style) for text, style in parts])
)


def cells(strip: Strip, first: int, end: int) -> list[Segment]:
    return list(strip.crop(first, end).simplify())


@given(STRIP, STRIP)
def test_outside_of_the_difference_nothing_differs(old: Strip, new: Strip):
    first, end = difference(old, new)
    assert first >= 0
    assert end <= max(old.cell_length, new.cell_length)
    assert cells(old, 0, first) == cells(new, 0, first)
    if old != new and old.cell_length == new.cell_length:
        assert end > first or new.cell_length == 0
    if end < max(old.cell_length, new.cell_length):
        assert cells(old, end, old.cell_length) == cells(new, end, new.cell_length)


def test_a_counter_costs_its_digits():
    style = Style(bold=True)
    old, new = (Strip([Segment(f"line {n}, and more", style)]) for n in (11, 12))
    assert difference(old, new) == (6, 7)
    tail = Segment("  the same", Style(italic=True))
    assert difference(Strip([*old, tail]), Strip([*new, tail])) == (6, 7)
