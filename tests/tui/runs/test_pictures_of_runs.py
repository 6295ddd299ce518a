"""Pictures of the runs of a graph, and of two of them compared."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.runs.past_runs import NOW, record_all
from tui.runs.test_runs_page import is_read
from tui.svg import SvgExtension

from dagtui.runs.listed_runs import ListedRuns
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look
from dagtui.tui.runs.app import RunsApp
from dagtui.tui.runs.comparison_page import ComparisonPage

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

SIZES = [(40, 12), (80, 24), (200, 50)]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("dagtui.tui.runs.board.now", lambda: NOW)
    monkeypatch.setattr("dagtui.tui.runs.comparison_page.now", lambda: NOW)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def picture_of(folder: Path, keys: list[str], size: tuple[int, int], look: Look = IN_UNICODE) -> str:
    app = RunsApp(ListedRuns(record_all(folder)), look)
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.runs_page.is_current and is_read(app.runs_page))
        await pilot.press(*keys)
        await until(lambda: is_read(app.runs_page))
        if isinstance(app.screen, ComparisonPage):
            page = app.screen
            await until(lambda: len(page.rows) > 1)
        await pilot.pause()
        return app.export_screenshot()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_list_and_grid(snapshot: SnapshotAssertion, tmp_path: Path, size: tuple[int, int]) -> None:
    assert await picture_of(tmp_path, ["j"], size) == snapshot.use_extension(SvgExtension)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_grid_with_the_keys(snapshot: SnapshotAssertion, tmp_path: Path, size: tuple[int, int]) -> None:
    assert await picture_of(tmp_path, ["j", "j", "M", "k", "tab", "j"], size) == snapshot.use_extension(SvgExtension)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_comparison(snapshot: SnapshotAssertion, tmp_path: Path, size: tuple[int, int]) -> None:
    keys = ["j", "j", "j", "M", "k", "D"]
    assert await picture_of(tmp_path, keys, size) == snapshot.use_extension(SvgExtension)


async def test_in_ascii(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    assert await picture_of(tmp_path, ["j", "j"], (80, 24), IN_ASCII) == snapshot.use_extension(SvgExtension)


async def test_light(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    look = IN_UNICODE._replace(theme="light")
    assert await picture_of(tmp_path, ["j"], (80, 24), look) == snapshot.use_extension(SvgExtension)
