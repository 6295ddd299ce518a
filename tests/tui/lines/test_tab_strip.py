from __future__ import annotations

import pytest
from tui.widget_harness import WidgetHarness, mounted, texts

from dagtui.text import cell_width
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.lines.tab_strip import Tab, TabStrip

pytestmark = pytest.mark.anyio

VIEWS = ["tasks", "map", "nodes", "groups", "trouble", "time"]


def strip(look: Look = IN_UNICODE) -> TabStrip:
    return TabStrip([Tab(view) for view in VIEWS], look)


@pytest.mark.parametrize("width", [11, 12, 16, 20, 24, 32, 40, 41, 42, 48, 80])
@pytest.mark.parametrize("look", [IN_UNICODE, IN_ASCII], ids=["unicode", "ascii"])
async def test_the_open_tab_is_shown_whole_and_signs_stand_for_what_is_not(width: int, look: Look):
    async with mounted(strip(look), (width, 1)) as shown:
        for at, view in enumerate(VIEWS):
            shown.tab = view
            (text,) = texts(shown)
            assert f"[{view.capitalize()}]" in text
            assert cell_width(text) <= width
            there = [name for name in VIEWS if name.capitalize() in text.replace("[", " ").replace("]", " ").split()]
            assert there == VIEWS[VIEWS.index(there[0]) : VIEWS.index(there[-1]) + 1]
            assert any(sign in text for sign in "‹<") == (there[0] != VIEWS[0]), text
            assert any(sign in text for sign in "›>") == (there[-1] != VIEWS[-1]), text
            if width >= 26:
                assert {*VIEWS[max(0, at - 1) : at + 2]} <= {*there}, text
            if width >= 42:
                assert there == VIEWS


@pytest.mark.parametrize("width", [24, 32, 40, 80])
async def test_words_take_the_room_of_tabs_but_not_of_the_open_one(width: int):
    async with mounted(strip(), (width, 1)) as shown:
        for view in VIEWS:
            shown.tab = view
            for words in ("3 selected", "/align 24 hits", "/align 24 hits, 3 selected"):
                shown.words = words
                (text,) = texts(shown)
                assert f"[{view.capitalize()}]" in text
                assert cell_width(text) <= width
                free = width - len(view) - 2 - 2 - 1
                assert text.endswith(words if free >= len(words) else "…")


async def test_a_click_on_a_sign_opens_the_next_tab_that_is_not_shown():
    shown = strip()
    chosen: list[str] = []

    class Harness(WidgetHarness[TabStrip]):
        def on_tab_strip_chosen(self, message: TabStrip.Chosen) -> None:
            chosen.append(message.tab)
            shown.tab = message.tab

    async with Harness(shown).run_test(size=(24, 1)) as pilot:
        while "›" in texts(shown)[0]:
            await pilot.click(offset=(texts(shown)[0].index("›"), 0))
        assert "Time" in texts(shown)[0]
        while "‹" in texts(shown)[0]:
            await pilot.click(offset=(texts(shown)[0].index("‹"), 0))
        assert len(chosen) < 12
        await pilot.click(offset=(texts(shown)[0].index("Nodes"), 0))
        assert chosen[-1] == "nodes"
