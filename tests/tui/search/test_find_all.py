"""Find in all logs of a run: what is listed, where Enter leads, and how a search ends."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from support.program import call, write
from support.waiting import until
from tui.app.runs import opened, screen_text

from dagtui.report import search_process
from dagtui.runs.following import FollowedRun
from dagtui.store.directory import runs
from dagtui.text.amounts import time_of_day
from dagtui.tui.actions.action import Pane
from dagtui.tui.graph.tree import FRAME
from dagtui.tui.search.page import FindPage
from dagtui.tui.terminal.watching import WatchApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason

pytestmark = pytest.mark.anyio

TEXT = r"""
[tasks.first]
run = "for i in 1 2 3; do echo step $i of first; done; printf '\\033[31mStep\\033[0m \\033]0;x\\007 four\\n'"
[tasks.second]
needs = ["first"]
retries = 1
run = "for i in $(seq 100); do echo padding; done; echo the only step of second; exit 1"
[tasks.third]
run = "echo nothing here"
"""


@pytest.fixture(scope="module")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("find")
    path = write(folder, TEXT)
    call("run", "graph.toml", cwd=folder)
    return path


@pytest.fixture
def app(run_path: Path) -> Iterator[WatchApp]:
    run = FollowedRun.open(runs(run_path)[0], run_path)
    yield WatchApp(run)
    run.close()


async def look_for(app: WatchApp, pilot: Pilot[ExitReason], pattern: str) -> FindPage:
    """The page, on which a person has typed a pattern."""
    await pilot.press("F", *pattern, "enter")
    assert isinstance(app.screen, FindPage)
    return app.screen


async def ended(page: FindPage) -> None:
    """Wait until all logs were searched."""
    await until(lambda: page.state.is_whole and not page.is_searching)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_hits_are_listed_by_node_and_enter_shows_one_in_its_log(app: WatchApp, size: tuple[int, int]):
    async with opened(app, size) as pilot:
        page = await look_for(app, pilot, "step .+")
        await ended(page)
        assert (page.found.total, page.found.nodes) == (6, 2)
        await until(lambda: "step 3 of first" in screen_text(app))
        assert "\x1b" not in screen_text(app)
        await pilot.press("n", "n", "j", "enter")
        await until(lambda: app.screen is app.main)
        log = app.main.side.log_pane
        assert app.main.pane is Pane.LOG
        await until(lambda: log.view.cursor.line == 100)
        assert log.attempt == 2
        assert "the only step of second" in screen_text(app)
        assert log.view.finder is not None
        assert log.view.finder.text == "step .+"
        assert log.view.spans(100) == [(9, 23)]
        await pilot.press("F")
        await until(lambda: app.screen is not app.main)
        assert isinstance(app.screen, FindPage)
        assert size[0] < 60 or f"at {time_of_day(page.state.began_at or 0)}" in screen_text(app)
        assert app.screen.rows.cursor == page.rows.cursor
        assert app.screen.found.total == 6


async def test_a_hit_in_an_earlier_attempt_stays_open_after_the_tree_has_followed(app: WatchApp):
    async with opened(app) as pilot:
        await pilot.press("g")
        page = await look_for(app, pilot, "only step")
        await ended(page)
        await pilot.press("j", "enter")
        await until(lambda: app.screen is app.main)
        log = app.main.side.log_pane
        await until(lambda: log.view.cursor.line == 100)
        await pilot.pause(4 * FRAME)  # the tree announces its cursor a frame later
        assert log.attempt == 1
        assert log.view.cursor.line == 100
        assert log.view.spans(100) == [(4, 13)]


async def test_next_goes_on_by_the_expression_also_if_it_could_hold_the_screen_up(app: WatchApp):
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "s[a-z]*p [0-9]+ of f")
        await ended(page)
        assert page.found.total == 3
        await pilot.press("j", "enter")
        await until(lambda: app.screen is app.main)
        log = app.main.side.log_pane
        await until(lambda: log.view.cursor.line == 0 and log.view.spans(0) == [(0, 11)])
        await pilot.press("n")
        await until(lambda: log.view.cursor.line == 1)
        await pilot.press("n", "n")
        await until(lambda: log.view.cursor.line == 0)


async def test_only_nodes_and_their_numbers_of_hits_and_back(app: WatchApp):
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "step")
        await until(lambda: page.state.is_whole and len(page.found) == 9)
        await pilot.press("n", "minus")
        assert len(page.found) == 3
        assert page.rows.cursor == 1
        assert "step 1 of first" not in screen_text(app)
        await pilot.press("equals_sign", "N", "enter")
        await until(lambda: app.screen is app.main)
        assert app.main.node == app.view.graph.find("first")


async def test_a_wrong_expression_or_one_that_is_too_large_is_typed_again(app: WatchApp):
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "a{99999999999999999999}")
        await until(lambda: "not a regular expression" in screen_text(app))
        assert page.typing
        await pilot.press("ctrl+u", *"st(ep")
        await until(lambda: "st(ep" in screen_text(app))
        await pilot.press("enter")
        await until(lambda: "not a regular expression: missing )" in screen_text(app))
        assert page.typing
        await pilot.press(*")", "enter")
        await until(lambda: page.found.total == 6)
        assert "not a regular expression" not in screen_text(app)


async def test_escape_ends_a_search_and_keeps_what_was_found(app: WatchApp, monkeypatch: pytest.MonkeyPatch):
    program = 'import time;print(\'{"node":"first","attempt":1,"total":2,"logs":9}\',flush=True);time.sleep(99)'
    monkeypatch.setattr(search_process, "COMMAND", ("-c", program))
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "step")
        await until(lambda: page.found.total == 2)
        await pilot.press("escape")
        await until(lambda: not page.is_searching and "cancelled" in screen_text(app))
        assert app.screen is page
        assert page.found.total == 2
        await pilot.press("escape")
        assert app.screen is app.main


async def test_giving_up_the_first_prompt_leads_back(app: WatchApp):
    async with opened(app) as pilot:
        await pilot.press("F", "x", "escape")
        await until(lambda: app.screen is app.main)


def test_a_long_log_is_counted_and_its_list_bounded(
    run_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(search_process, "MOST_OF_LOG", 40)
    request = {"run": str(runs(run_path)[0].path), "pattern": "padding"}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    search_process.main()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logs = [one for one in told if "node" in one]
    assert [(one["attempt"], one["total"], len(one["hits"])) for one in logs] == [(1, 100, 40), (2, 100, 40)]
    assert logs[0]["hits"][1] == [2, 8, "padding", 0, 7, 0]


@pytest.mark.parametrize("program", ["import sys; sys.stdin.readline(); raise SystemExit(3)", "raise SystemExit(3)"])
async def test_a_process_that_fails_is_no_whole_search(app: WatchApp, monkeypatch: pytest.MonkeyPatch, program: str):
    monkeypatch.setattr(search_process, "COMMAND", ("-c", program))
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "step")
        await until(lambda: search_process.FAILED in screen_text(app))
        assert not page.state.is_whole


async def test_what_was_not_found_is_asked_again(app: WatchApp):
    async with opened(app) as pilot:
        page = await look_for(app, pilot, "nowhere")
        await ended(page)
        await pilot.press("escape")
        await until(lambda: app.screen is app.main)
        await pilot.press("F", "enter")
        again = app.screen
        assert isinstance(again, FindPage)
        assert again.found is not page.found
        await ended(again)
        assert again.state.pattern == "nowhere"
