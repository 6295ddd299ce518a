"""What a task prints in colours can be read on every theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style
from textual.app import App
from textual.constants import DIM_FACTOR
from tui.played_run import PlayedRun
from tui.widget_harness import WidgetHarness, strips

from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.text.lines import styled
from dagtui.tui.lines.contrast import LEAST_CONTRAST, contrast
from dagtui.tui.lines.theme import ANSI, CONTRAST, DARK, LIGHT
from dagtui.tui.log.pane import LogPane
from dagtui.tui.log.task_colours import rich_style, segments

if TYPE_CHECKING:
    from pathlib import Path

    from rich.terminal_theme import TerminalTheme

pytestmark = pytest.mark.anyio

APP: App[None] = App()
DARK_PALETTE, LIGHT_PALETTE = APP.ansi_theme_dark, APP.ansi_theme_light
GROUNDS = [
    (str(theme.background), DARK_PALETTE if theme.dark else LIGHT_PALETTE, str(theme.foreground))
    for theme in (DARK, LIGHT, CONTRAST)
] + [("#27374a", DARK_PALETTE, "#d5d9e0"), ("#d9e7f7", LIGHT_PALETTE, "#23282f")]
NAMED = [str(code) for code in [*range(30, 38), *range(90, 98)]]
INDEXED = [f"38;5;{number}" for number in range(256)]
RGB = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "38;2;{};{};{}".format(*rgb))
ATTRIBUTES = st.sampled_from(["", "2", "7", "2;7", "1"])
BACKGROUNDS = st.sampled_from(["", "40", "41", "47", "107", "48;5;250", "48;2;128;128;128"])


def painted(sgr: str, base: Style, palette: TerminalTheme, text: str = "x") -> Style:
    (segment,) = segments(styled(f"\x1b[{sgr}m{text}"), 0, 1, base, palette=palette)
    assert segment.style is not None
    return segment.style


def shown_contrast(style: Style, palette: TerminalTheme) -> float:
    """As Textual draws it: named colours from the palette, dim text nearer to its background."""
    assert style.color is not None
    assert style.bgcolor is not None
    color, ground = style.color.get_truecolor(palette), style.bgcolor.get_truecolor(palette, foreground=False)
    if style.dim:
        parts = (int(low + (high - low) * DIM_FACTOR) for low, high in zip(ground, color, strict=True))
        color = Color.from_rgb(*parts).get_truecolor()
    return contrast(color, ground)


@pytest.mark.parametrize(("ground", "palette", "foreground"), GROUNDS)
def test_every_colour_of_the_palettes_stands_out(ground: str, palette: TerminalTheme, foreground: str):
    base = Style(color=foreground, bgcolor=ground)
    for code in NAMED + INDEXED:
        for attribute in ("", "2;", "7;"):
            found = painted(attribute + code, base, palette)
            assert shown_contrast(found, palette) >= LEAST_CONTRAST


@given(RGB, ATTRIBUTES, BACKGROUNDS, st.sampled_from(GROUNDS))
def test_every_colour_stands_out_and_what_did_is_unchanged(
    code: str, attribute: str, background: str, where: tuple[str, TerminalTheme, str]
):
    ground, palette, foreground = where
    base = Style(color=foreground, bgcolor=ground)
    sgr = ";".join(part for part in (code, attribute, background) if part)
    found = painted(sgr, base, palette)
    assert shown_contrast(found, palette) >= LEAST_CONTRAST
    asked = base + rich_style(styled(f"\x1b[{sgr}mx").spans[0].style)
    if shown_contrast(asked, palette) >= LEAST_CONTRAST:
        assert found == asked


def test_pixels_that_are_drawn_with_half_cells_are_left_alone():
    base = Style(color="#d5d9e0", bgcolor="#15181d")
    found = painted("38;2;9;9;9;48;2;8;8;8", base, DARK_PALETTE, "▀")
    assert found.color == Color.from_rgb(9, 9, 9)


def test_a_background_of_the_task_does_not_hide_the_text_of_the_theme():
    base = Style(color="#d5d9e0", bgcolor="#15181d")
    assert shown_contrast(painted("107", base, DARK_PALETTE), DARK_PALETTE) >= LEAST_CONTRAST


@pytest.mark.parametrize("code", ["30", "38;5;0", "38;5;16", "38;2;0;0;0", "7;30"])
def test_black_on_the_terminals_own_background_is_grey(code: str):
    base = Style(color="default", bgcolor="default")
    assert painted(code, base, DARK_PALETTE).color == Color.parse("bright_black")
    assert painted(code, base, LIGHT_PALETTE).color != Color.parse("bright_black")
    assert painted(code + ";47", base, DARK_PALETTE).color != Color.parse("bright_black")
    for kept in ("31", "31;44", "30;40"):
        assert painted(kept, base, DARK_PALETTE) == base + rich_style(styled(f"\x1b[{kept}mx").spans[0].style)


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name, ANSI.name])
async def test_the_pane_lifts_colours_off_its_background(tmp_path: Path, theme: str):
    play = PlayedRun(Graph(["task"], [], tasks=[Task("task", ShellCommand("x"))]), tmp_path)
    play.start("task")
    play.prints("task", b"\x1b[30mblack\x1b[0m \x1b[97mwhite\x1b[0m\n")
    pane = LogPane(play.session())
    async with WidgetHarness(pane, theme).run_test(size=(60, 10)) as pilot:
        pane.show(0)
        await pilot.pause()
        found = {part.text: part.style for strip in strips(pane.view) for part in strip}
        black, white = found["black"], found["white"]
        assert black is not None
        assert white is not None
        if theme == ANSI.name:
            assert black.color == Color.parse("bright_black")
            return
        palette = pane.app.ansi_theme
        assert shown_contrast(black, palette) >= LEAST_CONTRAST
        assert shown_contrast(white, palette) >= LEAST_CONTRAST
