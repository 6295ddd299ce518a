"""The screen of `dagtui runs`: every state of a run is a row, and each key does what it says."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from threading import Event
from typing import TYPE_CHECKING

import pytest
from support.golden_journals import place_golden
from support.program import call, write
from support.waiting import until
from tui.widget_harness import texts

from dagtui.host.attachment import ExitReason
from dagtui.runs.listed_runs import ListedRuns, why_not_resumed
from dagtui.runs.run_grid import GridOrder
from dagtui.store.directory import RunDirectory
from dagtui.text.look import IN_ASCII
from dagtui.tui.runs.app import RunsApp
from dagtui.tui.runs.board import BoardPart
from dagtui.tui.runs.choice import BoardState, RunChoice, RunStep
from dagtui.tui.runs.comparison_page import ComparisonPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dagtui.tui.runs.page import RunsPage

pytestmark = pytest.mark.anyio

GRAPH = """
[params]
size = "s"
[tasks.first]
run = "true"
[tasks.cells]
needs = ["first"]
matrix = { n = [1, 2] }
run = "test {{ matrix.n }} != {{ params.size }}"
[tasks.last]
needs = ["cells"]
run = "true"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph with three runs, of which the second failed, with another parameter."""
    folder = tmp_path_factory.mktemp("ran")
    path = write(folder, GRAPH)
    for parameter in ("size=s", "size=2", "size=s"):
        call("run", "graph.toml", "--fresh", "-p", parameter, cwd=folder)
    return path


@asynccontextmanager
async def shown(
    path: Path, size: tuple[int, int] = (80, 24), **options: object
) -> AsyncIterator[tuple[RunsApp, object]]:
    """The app, once everything that it shows is read."""
    app = RunsApp(ListedRuns(path), **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.runs_page.is_current and is_read(app.runs_page))
        yield app, pilot


def is_read(page: RunsPage) -> bool:
    board = page.board
    is_made = not board.shows_grid or list(board.shown) == board.wanted_columns()
    return not any(board.lacking()) and is_made and page._to_compare() is None


def rows(app: RunsApp) -> list[str]:
    return texts(app.runs_page.board)


async def test_list_and_grid_and_what_differs(ran: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.tui.runs.page._REST_SECONDS", 0.15)
    async with shown(ran) as (app, _):
        found = rows(app)
        assert [line.split()[0].strip("▌") or line.split()[1] for line in found[1:4]] == ["3", "2", "1"]
        assert "✗ cells[2] exit 1" in found[2]
        assert "✓ completed" in found[3]
        assert found[5].split()[:4] == ["task", "1", "2", "3"]
        assert found[6].split()[:5] == ["▌", "cells", "×2", "✓", "✗"]
        assert found[7].split()[:4] == ["cells[n=2]", "✓", "✗", "✓"]
        assert found[8].split()[:4] == ["last", "✓", "⊘", "✓"]
        assert not any("0.0 s" in line for line in found[5:])
        assert "parameters size: 2 → s" in app.runs_page.notes(120)[0].text


async def test_keys_go_to_the_part_that_has_them_and_order_the_tasks(ran: Path):
    async with shown(ran) as (app, pilot):
        board = app.runs_page.board
        await pilot.press("j", "j")
        assert board.number == 1
        await pilot.press("tab", "v")
        assert (board.part, board.order) == (BoardPart.GRID, GridOrder.FILE)
        await until(lambda: [row.name for row in board.rows] == ["first", "cells", "cells[n=2]", "last"])
        await pilot.press("G")
        assert board.row is not None
        assert board.row.name == "last"
        await pilot.press("escape")
        assert board.part is BoardPart.LIST
        await pilot.press("escape")
    assert app.return_value is ExitReason.LEFT_SETTLED
    assert app.state == BoardState(1, None, False, GridOrder.FILE, "last")


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        (["enter"], RunChoice(RunStep.OPEN, 3)),
        (["j", "enter"], RunChoice(RunStep.OPEN, 2)),
        (["j", "tab", "enter"], RunChoice(RunStep.OPEN, 2, "cells[n=2]")),
        (["tab", "G", "enter"], RunChoice(RunStep.OPEN, 3, "first")),
    ],
)
async def test_a_run_is_chosen(ran: Path, keys: list[str], choice: RunChoice):
    async with shown(ran) as (app, pilot):
        await pilot.press(*keys)
        await until(lambda: app.return_value is not None)
    assert app.return_value == choice


async def test_a_run_is_resumed_if_its_parameters_are_those_of_the_file(ran: Path, tmp_path: Path):
    async with shown(ran, (200, 50)) as (app, pilot):
        await pilot.press("j", "r")
        await until(lambda: "--resume 2 -p size=2" in app.runs_page._told)
    shutil.copytree(ran.parent, tmp_path / "copy")
    path = write(tmp_path / "copy", GRAPH.replace('"s"', '"2"'))
    async with shown(path) as (app, pilot):
        await pilot.press("j", "r")
        await until(lambda: app.return_value is not None)
    assert app.return_value == RunChoice(RunStep.RESUME, 2)


async def test_a_run_that_can_not_be_resumed_says_why(ran: Path):
    async with shown(ran, (200, 50)) as (app, pilot):
        await pilot.press("r")
        await until(lambda: "nothing to resume" in app.runs_page._told)
    assert app.return_value is None
    assert "no run 9" in why_not_resumed(ran, 9)
    assert "errors" in why_not_resumed(write(ran.parent, "[tasks.a]\nrun = 7\n", "wrong.toml"), 1)


async def test_keys_act_while_it_is_checked_whether_a_run_can_be_resumed(ran: Path, monkeypatch: pytest.MonkeyPatch):
    checked = Event()
    monkeypatch.setattr("dagtui.tui.runs.page.why_not_resumed", lambda *_: str(checked.wait())[:0])
    async with shown(ran) as (app, pilot):
        try:
            await pilot.press("r")
            assert "checking whether" in texts(app.runs_page._heading)[0]
            await pilot.press("j")
            assert app.runs_page.board.number == 2
        finally:
            checked.set()
        await pilot.pause()
    assert app.return_value is None, "the person has gone elsewhere"


async def test_two_runs_are_compared(ran: Path):
    async with shown(ran, (120, 40)) as (app, pilot):
        await pilot.press("G", "M", "g")
        assert app.runs_page.other == 1
        assert "3 against 1" in "".join(span.text for part in app.runs_page.heading(120) for span in part)
        await pilot.press("j", "D")
        await until(lambda: isinstance(app.screen, ComparisonPage))
        page = app.screen
        assert isinstance(page, ComparisonPage)
        await until(lambda: len(page.rows) > 1)
        found = [row.text for row in page.rows]
        assert any("cells: params.size" in line for line in found)
        assert any("size: s → 2" in line for line in found)
        tasks = found[next(at for at, line in enumerate(found) if line.startswith(" task")) :]
        assert not any("0.0 s" in line for line in tasks)
        assert any("✓ done" in line and "✗ failed" in line and "cells[n=2]" in line for line in found)
        await pilot.press("escape", "escape")
        assert app.runs_page.board.marked is None


@pytest.mark.parametrize("size", [(40, 12), (60, 10), (80, 24), (200, 50)])
async def test_hostile_names_and_bad_days_are_rows(tmp_path: Path, size: tuple[int, int]):
    path = write(tmp_path, '[tasks.a]\nrun = "true"\n')
    folder = tmp_path / ".dagtui/graph/runs"
    folder.mkdir(parents=True, mode=0o700)
    for number, name in enumerate(("demo", "retry", "cancel-all", "lost", "fail-fast"), 1):
        place_golden(folder / str(number), name)
    (folder / "6").mkdir(mode=0o700)
    journal = (folder / "1/journal.jsonl").read_bytes()
    (folder / "7").mkdir(mode=0o700)
    (folder / "7/journal.jsonl").write_bytes(journal[: len(journal) // 2])
    (folder / "8").mkdir(mode=0o700)
    (folder / "8/journal.jsonl").write_bytes(b"\x1b[31m[/bold] \xff\n" * 3)
    async with shown(path, size) as (app, pilot):
        await pilot.press("j", "k")
        board = app.runs_page.board
        found = [line for line in rows(app) if line[:8].strip("▌ •").split(" ")[0].isdigit()]
        words = {int(line.strip("▌ •").split()[0]): line for line in found}
        for number, word in {8: "!", 7: "!", 6: "!", 5: "✗", 4: "!"}.items():
            assert number not in words or word in words[number]
        await pilot.press("tab", "G", "v", "M", "tab", "G")
        await until(lambda: is_read(app.runs_page))
        assert board.number == 1
        assert all(len(line) <= size[0] for line in rows(app))
        assert "\x1b" not in "".join(rows(app))


async def test_no_runs_and_ascii(tmp_path: Path, ran: Path):
    path = write(tmp_path, '[tasks.a]\nrun = "true"\n')
    async with shown(path) as (app, pilot):
        await pilot.press("enter", "D", "M", "r", "v", "tab", "j", "G", "escape")
        assert app.return_value is None
    async with shown(ran, look=IN_ASCII) as (app, _):
        assert "\n".join(rows(app)).isascii()


def test_a_run_that_was_removed_or_resumed_meanwhile_is_read_again(ran: Path, tmp_path: Path):
    shutil.copytree(ran.parent, tmp_path / "copy")
    path = tmp_path / "copy/graph.toml"
    runs = ListedRuns(path)
    assert runs.look()
    assert not runs.look()
    for number in runs.numbers:
        runs.read_summary(number)
        runs.read_tasks(number)
    assert [runs.lacks_tasks(number) for number in runs.numbers] == [False] * 3
    lock = RunDirectory(runs.directories[2].path)
    lock.acquire()
    try:
        assert runs.look()
        assert runs.summaries[2].outcome.value == "live"
        assert runs.read_live() == [2]
        assert not runs.look()
    finally:
        lock.close()
    assert runs.look()
    assert runs.summaries[2].outcome.value == "failed"
    shutil.rmtree(runs.directories[3].path)
    assert runs.look()
    assert runs.numbers == [2, 1]
