"""A failure is a filled badge, on the cursor's row and without colours as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tui.graph.samples import matrix_graph, ran, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.status import NodeStatus
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.graph.views import View
from dagtui.tui.lines.contrast import contrast
from dagtui.tui.lines.theme import ANSI, CONTRAST, DARK, LIGHT

if TYPE_CHECKING:
    from rich.segment import Segment
    from textual.strip import Strip
    from textual.theme import Theme

pytestmark = pytest.mark.anyio


def badge_of(strip: Strip, sign: str) -> Segment:
    """The cells of a row that hold the sign of a failure."""
    return next(part for part in strip if sign in part.text)


@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("view", [View.TASKS, View.DEPENDENCY])
@pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST, ANSI], ids=lambda theme: theme.name)
async def test_a_failed_row_has_a_badge(theme: Theme, view: View, look: Look):
    pane = TreePane(still(matrix_graph(), ran(0, 1.0, 2.0, code=1)), look)
    async with WidgetHarness(pane, theme.name).run_test(size=(40, 10)) as pilot:
        pane.show_view(view)
        sign = look.glyphs.statuses[NodeStatus.FAILED]
        for on_cursor in (True, False):
            pane.top() if on_cursor else pane.bottom()
            await pilot.pause()
            badge = badge_of(pane.render_line(0), sign)
            assert badge.text in {f" {sign} ", f"{look.glyphs.open}{sign} "}
            style = badge.style
            assert style is not None
            if on_cursor and theme in (CONTRAST, ANSI):  # a hole in the reversed row
                assert not style.reverse
                continue
            if theme is ANSI:
                assert style.reverse
                assert style.bold
                continue
            assert style.color is not None
            assert style.bgcolor is not None
            assert contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor()) >= 4.5
            assert style.bgcolor.get_truecolor().hex == theme.variables["status-failed"]


async def test_the_cursor_is_hollow_without_the_focus():
    pane = TreePane(still(matrix_graph()))
    app = WidgetHarness(pane)
    async with app.run_test(size=(40, 10)) as pilot:
        pane.focus()
        await pilot.pause()
        filled = [part.style.bgcolor for part in pane.render_line(0) if part.style]
        app.set_focus(None)
        await pilot.pause()
        hollow = [part.style.bgcolor for part in pane.render_line(0) if part.style]
        assert set(filled).isdisjoint(hollow)
        assert set(hollow) == {part.style.bgcolor for part in pane.render_line(1) if part.style}
        assert pane.render_line(0).text.startswith("▌")
