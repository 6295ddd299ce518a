"""The page of all logs in the App: keys, the way to a node's log and back, what is copied."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.played_run import PlayedRun

from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.tui.all_logs.page import NO_SELECTION, AllLogsPage
from dagtui.tui.app import DagtuiApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

pytestmark = pytest.mark.anyio

ERROR = "FATAL ERROR: not enough memory for BAM sorting"


@pytest.fixture
def play(tmp_path: Path) -> PlayedRun:
    """Two samples were aligned, one of them in vain. What needs them is blocked, and one node goes on."""
    names = ["align[a]", "align[b]", "merge", "report", "lint"]
    tasks = [Task(name, ShellCommand("true")) for name in names]
    edges = [(0, 2), (1, 2), (1, 3)]
    play = PlayedRun(Graph(names, edges, tasks=tasks), tmp_path)
    play.start("align[a]", "align[b]", "lint")
    for name, shift in (("align[a]", 0.0), ("align[b]", 0.1)):
        play.prints_at(name, *((shift + number / 8, f"mapping {number}000 reads") for number in range(20)))
    play.prints("align[b]", f"{ERROR}\n".encode())
    play.end("align[a]")
    play.end("align[b]", 105, after=0.5)
    play.prints("lint", b"reading a.py\n")
    return play


@asynccontextmanager
async def opened(play: PlayedRun, size: tuple[int, int] = (90, 24)) -> AsyncIterator[tuple[Pilot[None], AllLogsPage]]:
    """The page, with everything read."""
    app = DagtuiApp(play.session())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("a")
        page = app.screen
        assert isinstance(page, AllLogsPage)
        await read(page)
        yield pilot, page


async def read(page: AllLogsPage) -> None:
    await until(lambda: page.rows.shown.rows and not page.rows.reading.is_reading, "the rows")


def said(page: AllLogsPage) -> list[str]:
    """The rows without cursor and time, and the heading before them."""
    heading = re.sub(r" {2,}", " ", page._heading.render_line(0).text.strip())
    rows = [page.rows.render_line(y).text[10:].rstrip() for y in range(page.rows.size.height)]
    return [heading, *(re.sub(r" {2,}", " ", row) for row in rows if row)]


async def test_a_filter_that_leaves_nothing_says_so(play: PlayedRun) -> None:
    play.end("lint")
    async with opened(play) as (pilot, page):
        await pilot.press("u")
        await until(lambda: not page.rows.reading.is_reading)
        assert said(page) == ["All logs only running", "uns now"]
        await pilot.press("e")
        await until(lambda: any(ERROR in line for line in said(page)))


async def test_the_key_of_a_filter_shows_all_again(play: PlayedRun) -> None:
    async with opened(play) as (pilot, page):
        footer = page._footer.render_line
        assert " e failed " in footer(0).text
        await pilot.press("e")
        await until(lambda: " e all " in footer(0).text, "the words for all")
        await pilot.press("e")
        await until(lambda: " e failed " in footer(0).text, "the words for the filter")


async def test_what_it_shows(play: PlayedRun) -> None:
    async with opened(play) as (pilot, page):
        await pilot.press("g")
        await read(page)
        rows = said(page)
        assert rows[0] == "All logs 1 running"
        assert [row for row in rows if "these" in row] == [
            f" ▸ {count} lines like these (z shows them)" for count in (19, 16)
        ]
        assert rows[-4:] == [
            f"align[b]▎{ERROR}",
            "align[b] ✗ exit 105 after 0.5 s",
            "merge, report ⊘ blocked by align[b] (exit 105)",
            "lint reading a.py",
        ]


async def test_enter_goes_to_the_line_and_the_page_comes_back_as_it_was(play: PlayedRun) -> None:
    async with opened(play) as (pilot, page):
        await pilot.press("exclamation_mark")
        await until(lambda: len(page.rows.shown.rows) == 3, "the errors")
        await pilot.press("k", "k", "enter")
        main = pilot.app.main
        await until(lambda: pilot.app.screen is main, "the main screen")
        pane = main.side.log_pane
        assert main.node == 1
        await until(lambda: pane.view.document.line(pane.view.cursor.line).text == ERROR, "the line")
        assert main.on_side
        await pilot.press("a")
        again = pilot.app.screen
        assert isinstance(again, AllLogsPage)
        await read(again)
        assert "only what looks like an error" in said(again)[0]
        assert again.rows.copied_line().text == ERROR
        await pilot.press("escape")
        assert pilot.app.screen is main


async def test_the_line_under_the_cursor_comes_back_where_it_was(play: PlayedRun) -> None:
    async with opened(play, (90, 14)) as (pilot, page):
        await pilot.press("equals_sign", "g")
        await read(page)
        await pilot.press("j", "j", "j", "ctrl+d")
        await read(page)
        row = page.rows.cursor - page.rows.first_row
        before = said(page), row, page.rows.copied_line().text
        assert 0 < row < page.rows.size.height - 1
        await pilot.press("a", "a")
        again = pilot.app.screen
        assert isinstance(again, AllLogsPage)
        await read(again)
        assert (said(again), again.rows.cursor - again.rows.first_row, again.rows.copied_line().text) == before


async def test_folds_open_and_close(play: PlayedRun) -> None:
    async with opened(play, (90, 60)) as (pilot, page):
        folded = len(page.rows.shown.rows)
        await pilot.press("equals_sign")
        await until(lambda: len(page.rows.shown.rows) > folded + 10, "all lines")
        await pilot.press("minus")
        await until(lambda: len(page.rows.shown.rows) == folded, "the folds")
        await pilot.press("g")
        await read(page)
        index = next(index for index, row in enumerate(page.rows.shown.rows) if row.is_fold)
        await pilot.press(*["j"] * index, "z")
        await until(lambda: len(page.rows.shown.rows) > folded + 10, "the lines of the fold")
        await pilot.press("j", "z")
        await until(lambda: len(page.rows.shown.rows) == folded, "the fold")
        await pilot.press("enter")
        await until(lambda: len(page.rows.shown.rows) > folded + 10, "the lines of the fold again")


async def test_tasks_by_name_and_by_selection(play: PlayedRun) -> None:
    async with opened(play) as (pilot, page):
        await pilot.press("T", *"lin", "enter")
        assert "there is no node" in said(page)[0]
        await pilot.press("T", *"merge report", "enter")
        await until(lambda: len(said(page)) == 2, "two tasks")
        assert said(page)[0].startswith("All logs only merge report")
        await pilot.press("T", "ctrl+u", "enter")
        await until(lambda: len(said(page)) > 10, "all tasks")
        await pilot.press("M")
        assert NO_SELECTION in said(page)[0]


async def test_the_selection_of_the_tree(play: PlayedRun) -> None:
    app = DagtuiApp(play.session())
    async with app.run_test(size=(90, 24)) as pilot:
        app.main.jump(app.view.graph.node("lint"))
        await pilot.press("M", "a", "M")
        page = app.screen
        await until(lambda: len(said(page)) == 3, "one node")
        assert said(page) == ["All logs only 1 selected 1 running following", "lint ▶ started", "lint reading a.py"]


async def test_what_is_copied_is_said_on_the_page(play: PlayedRun, tmp_path: Path) -> None:
    async with opened(play, (140, 24)) as (pilot, page):
        await pilot.press("y")
        assert "copied 1 line: reading a.py" in said(page)[0]
        await pilot.press("Y")
        assert (tmp_path / "copied.txt").read_text().splitlines()[-1] == "lint  reading a.py"


async def test_a_person_that_reads_is_not_moved_by_what_happens(play: PlayedRun) -> None:
    async with opened(play, (90, 12)) as (pilot, page):
        await pilot.press("k")
        before = said(page)[1:]
        play.prints("lint", b"reading b.py\n")
        await until(lambda: "+1 line" in said(page)[0], "the number of new lines")
        assert said(page)[1:] == before


async def test_keys_that_need_a_line_are_shown_once_there_is_one(play: PlayedRun) -> None:
    async with opened(play) as (pilot, page):
        await pilot.press("T", *"lint", "enter", "exclamation_mark")
        await until(lambda: not page.rows.shown.rows, "no lines")
        assert "its log" not in page._footer.render_line(0).text
        play.prints("lint", b"error: a.py is not formatted\n")
        await until(lambda: page.rows.shown.rows, "the line")
        assert "its log" in page._footer.render_line(0).text
