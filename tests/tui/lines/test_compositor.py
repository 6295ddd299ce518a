from __future__ import annotations

from typing import TYPE_CHECKING

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual.app import App
from textual.geometry import Region
from textual.screen import UPDATE_PERIOD
from textual.strip import Strip
from textual.widget import Widget

from dagtui.tui.lines.compositor import TightUpdate
from dagtui.tui.lines.prompt_screen import SOON, PromptScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult

WIDTH = 12


def update(rows: list[list[str]], spans: list[tuple[int, int, int]]) -> str:
    """What is written when those spans of rows, each made of the strips of several widgets, are dirty."""
    chops: list[dict[int, Strip | None]] = []
    ends: list[list[int]] = []
    for texts in rows:
        strips = [Strip([Segment(text)]) for text in texts]
        starts = [sum(strip.cell_length for strip in strips[:at]) for at in range(len(strips) + 1)]
        chops.append(dict(zip(starts, strips, strict=False)))
        ends.append(starts[1:])
    return TightUpdate(chops, spans, ends).render_segments(Console(color_system=None))


def test_only_the_cells_of_a_span_are_written() -> None:
    assert update([["abcdefghijkl"]], [(0, 3, 6)]) == "\x1b[1;4Hdef"


def test_a_span_over_two_widgets_is_written_in_two_parts() -> None:
    assert update([["abcdef", "ghijkl"]], [(0, 4, 8)]) == "\x1b[1;5Hef\x1b[1;7Hgh"


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, WIDTH - 1), st.integers(1, WIDTH)), min_size=1, max_size=4
    ),
)
def test_a_terminal_shows_the_new_cells_in_the_spans_and_the_old_ones_elsewhere(
    spans: list[tuple[int, int, int]],
) -> None:
    dirty = [(y, first, min(WIDTH, first + cells)) for y, first, cells in sorted(spans)]
    rows = [["0123", "456789AB"], ["xyz日本日本w"], ["--", "++++", "======"], ["ÄÖÜäöüßéèêëç"]]
    screen = pyte.Screen(WIDTH, 4)
    stream = pyte.Stream(screen)
    stream.feed("\r\n".join("." * WIDTH for _ in rows))
    stream.feed(update(rows, dirty))
    for y, texts in enumerate(rows):
        full = pyte.Screen(WIDTH, 1)
        pyte.Stream(full).feed("".join(texts))
        for x in range(WIDTH):
            inside = any(row == y and first <= x < end for row, first, end in dirty)
            whole = full.buffer[0][x].data
            shown = screen.buffer[y][x].data
            if not inside:
                assert shown == "."
            elif whole.isascii() and whole:
                assert shown == whole
            else:  # half of a wide character is a space
                assert shown in {whole, " "}


class Letters(Widget):
    def render_line(self, y: int) -> Strip:
        return Strip([Segment(chr(97 + y) * self.size.width)])


class LettersScreen(PromptScreen[None]):
    def compose(self) -> ComposeResult:
        yield Letters()


class Tight(App[None]):
    def get_default_screen(self) -> LettersScreen:
        return LettersScreen()


@pytest.mark.anyio
async def test_a_refreshed_region_of_a_widget_is_all_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Tight()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        updates: list[object] = []
        display = app._display
        monkeypatch.setattr(app, "_display", lambda screen, render: (updates.append(render), display(screen, render)))
        app.screen.query_one(Letters).refresh(Region(15, 2, 3, 1))
        await pilot.pause()
        (written,) = [render for render in updates if isinstance(render, TightUpdate)]
        text = written.render_segments(Console(color_system=None))
        assert "\x1b[3;16Hccc" in text
        assert "cccc" not in text


@pytest.mark.anyio
async def test_what_changes_right_after_a_frame_is_painted_long_before_textual_would() -> None:
    app = Tight()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, PromptScreen)
        assert screen._painter is not None
        assert screen._painter._interval == SOON < UPDATE_PERIOD / 2
        assert screen._Screen__update_timer is None, "nothing is painted by Textual's own timer"
