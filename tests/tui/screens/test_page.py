"""A page that takes the whole screen: its keys, its line for typing, what it leads to, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, run_under_way, screen_text

from dagtui.tui.actions.action import Group, PageAction
from dagtui.tui.app import DagtuiApp
from dagtui.tui.lines.row_list import FixedRows, RowList
from dagtui.tui.lines.rows import Role, Span, row
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.page import PAGE_ACTIONS, PageScreen
from dagtui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Never

    from dagtui.text.amounts import CellWidth

pytestmark = pytest.mark.anyio
ROWS = [row(f"entry {number}", jump=number if number % 3 else -1) for number in range(60)]


class Entries(PageScreen, inherit_bindings=False):
    """Sixty entries, of which every third is a heading."""

    def __init__(self, app: DagtuiApp) -> None:
        super().__init__(app.keymap, app.look)
        self.list = RowList(app.look, FixedRows(ROWS))
        self.list.go_to(0)
        self.opened: list[int] = []
        self.texts: list[str | None] = []

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        return (*PAGE_ACTIONS, *ENTRIES_ACTIONS)

    @property
    def content(self) -> RowList:
        return self.list

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:  # noqa: ARG002
        return [Span(" Entries", Role.HEADING)], [Span("60")]

    def begin(self) -> None:
        self.ask("entry", "x", self.texts.append)

    def on_row_list_followed(self, message: RowList.Followed) -> None:
        self.opened.append(message.jump)


ENTRIES_ACTIONS: tuple[PageAction[Entries], ...] = (
    PageAction("entries.ask", ("a",), "ask", "Ask", Group.FIND, lambda page: page.begin(), rank=5),
    PageAction("entries.no", ("b",), "no", "No", Group.FIND, id, rank=6, refusal=lambda _: "not now"),
)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_the_cursor_stops_at_rows_that_lead_somewhere(size: tuple[int, int]):
    app = DagtuiApp(run_under_way())
    async with opened(app, size) as pilot:
        page = Entries(app)
        app.pages.open(page)
        await until(lambda: "entry 2" in screen_text(app))
        assert page.list.cursor == 1
        await pilot.press("j", "j", "enter")
        await until(lambda: page.opened == [4])
        await pilot.press("G", "enter")
        await until(lambda: page.opened == [4, 59])
        assert "entry 59" in screen_text(app)
        await pilot.press("g", "enter")
        await until(lambda: page.opened == [4, 59, 1])
        assert "entry 0" in screen_text(app)
        await pilot.press("pagedown", "pageup", "escape")
        assert app.screen is app.main


async def test_unavailable_keys_say_why_and_unknown_ones_do_nothing_below():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        page = Entries(app)
        app.pages.open(page)
        await until(lambda: "entry 2" in screen_text(app))
        assert "no" not in screen_text(app).splitlines()[-1].split()
        before = app.main.tree_pane.view
        await pilot.press("b", "v", "X")
        assert app.screen is page
        assert app.main.tree_pane.view is before
        await pilot.press("b")
        await until(lambda: "not now" in screen_text(app).splitlines()[0])


async def test_what_is_typed_at_once_reaches_the_line_of_the_page():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        page = Entries(app)
        app.pages.open(page)
        await pilot.press("a", "q", "j", "enter", "j")
        await until(lambda: page.texts == ["xqj"])
        await pilot.press("a", "q", "escape")
        await until(lambda: page.texts == ["xqj", None])
        assert app.screen is page


async def test_help_and_palette_of_a_page_and_a_command_of_the_run_from_there():
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        page = Entries(app)
        app.pages.open(page)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await until(lambda: "On this page" in screen_text(app))
        await pilot.press("escape", "colon")
        assert isinstance(app.screen, Palette)
        await pilot.press(*"ask", "enter")
        await until(lambda: page.typing)
        await pilot.press("escape", "colon", *"next view", "enter")
        await until(lambda: app.main.tree_pane.view.title == "map")
        assert app.screen is app.main


async def test_a_users_own_keys_mean_the_same_on_a_page():
    app = DagtuiApp(run_under_way(), keys={"move.down": "J", "pane.back": "B"})
    async with opened(app) as pilot:
        page = Entries(app)
        app.pages.open(page)
        await until(lambda: "entry 2" in screen_text(app))
        assert "B back" in screen_text(app).splitlines()[-1]
        await pilot.press("J", "J")
        assert page.list.cursor == 4
        await pilot.press("B")
        assert app.screen is app.main
