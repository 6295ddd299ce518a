"""All that is on the screen can be read: computed from what is painted, in every theme with colours of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from tui.recordings import MOMENTS, recorded

from dagtui.text.look import Look
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.lines.contrast import contrast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.color_triplet import ColorTriplet
    from rich.style import Style
    from rich.terminal_theme import TerminalTheme

pytestmark = pytest.mark.anyio

TEXT: Final = 4.5
PART: Final = 3.0
"""For lines and bars, which carry meaning."""
_WORDS: Final = re.compile(r"\w")
STEPS: Final = (
    *(["v"] for _ in View),
    ["2"],
    ["3", "tab"],
    ["tab", "slash", *"approve", "enter", "M"],
    ["question_mark"],
    ["escape", "colon"],
    ["escape", "escape", "escape", "R"],
)
"""Keys, after each group of which the screen is looked at: views, tabs, a filter with a selection, and dialogs."""


def drawn(style: Style, palette: TerminalTheme) -> tuple[ColorTriplet, ColorTriplet]:
    """The colours of text and background, as they are shown."""
    color = style.color.get_truecolor(palette) if style.color else palette.foreground_color
    ground = style.bgcolor.get_truecolor(palette, foreground=False) if style.bgcolor else palette.background_color
    return (ground, color) if style.reverse else (color, ground)


def faint(app: DagtuiApp) -> Iterator[str]:
    """What has too little contrast on the screen, or in its dialog: what is behind that is dimmed."""
    screen = app.screen
    region = screen.region if screen is app.main else screen.children[0].region
    strips = screen._compositor.render_strips()[region.y : region.bottom]
    for y, strip in enumerate(strips, region.y):
        for text, style, _ in strip.crop(region.x, region.right):
            if style is None or not text.strip():
                continue
            found = contrast(*drawn(style, app.ansi_theme))
            if found < (TEXT if _WORDS.search(text) else PART):
                yield f"{y}: {text.strip()!r} {found:.2f} {style}"


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
async def test_text_and_parts_stand_out(theme: str) -> None:
    session = recorded(MOMENTS["failed"])
    app = DagtuiApp(session, look=Look(theme=theme))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.jump(session.graph.node("approve"))
        for keys in STEPS:
            await pilot.press(*keys)
            await pilot.pause()
            assert (app.screen is app.main) == (keys[-1] not in {"question_mark", "colon", "R"})
            assert list(faint(app)) == [], (keys, app.main.tree_pane.view)
        await pilot.press("escape")
