"""The manual over the screen: `?`, its pages, and the way back."""

from __future__ import annotations

import pytest
from support.waiting import until
from tui.app.runs import opened, run_under_way, screen_text

from dagtui.manual.pages import TOPICS, read_page
from dagtui.text.look import IN_ASCII
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.manual import ManualDialog, PageDialog

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_help_leads_to_a_page_and_back(size: tuple[int, int]):
    app = DagtuiApp(run_under_way())
    async with opened(app, size) as pilot:
        await pilot.press("question_mark", "enter")
        assert isinstance(app.screen, ManualDialog)
        assert "start" in screen_text(app)
        await pilot.press("j", "enter")
        assert isinstance(app.screen, PageDialog)
        page = read_page(TOPICS[1])
        title, summary, last = page.title, page.summary, page.text.split()[-1].strip("`.")
        await until(lambda: title in screen_text(app))
        assert summary.split()[0] in screen_text(app)
        await pilot.press("G")
        await until(lambda: last in screen_text(app))
        for kind in (ManualDialog, HelpScreen):
            await pilot.press("escape")
            assert isinstance(app.screen, kind)
        await pilot.press("escape")
        assert app.screen is app.main


async def test_pages_are_ascii_where_the_screen_is():
    app = DagtuiApp(run_under_way(), look=IN_ASCII)
    async with opened(app, (80, 24)) as pilot:
        await pilot.press("question_mark", "enter")
        for topic in TOPICS:
            await pilot.press("enter")
            assert isinstance(app.screen, PageDialog)
            text = "".join(row.text for row in app.screen.body())
            assert text.isascii(), topic
            await pilot.press("escape", "j")
