"""Pictures of the pages that find in all logs and compare attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import until
from tui.app.runs import opened, screen_text
from tui.played_run import PlayedRun
from tui.svg import SvgExtension

from dagtui.engine.messages import CommandKind
from dagtui.graph.model import Graph
from dagtui.report.search_process import RunHit, SearchNews
from dagtui.tui.app import DagtuiApp
from dagtui.tui.compare.page import AttemptsPage
from dagtui.tui.search.found_lines import FoundLines
from dagtui.tui.search.page import FindPage, FindState

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

SIZES = [(80, 24), (200, 50)]


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SvgExtension)


def played(folder: Path) -> PlayedRun:
    edges = [("split", "align"), ("align", "report")]
    play = PlayedRun(Graph.from_edges(["split", "align", "report"], edges, name="reads"), folder)
    play.run("split")
    for attempt, error in ((1, "memory: 6.1 GB of 6 GB"), (2, "memory: 7.9 GB of 8 GB")):
        play.start("align")
        steps = b"".join(b"07:%02d:01 mapping sample %d\n" % (attempt, number) for number in range(40))
        extra = b"07:02:09 warning: index is older than its reads\n" * (attempt - 1)
        play.prints("align", steps + extra + f"ERROR {error}\n".encode())
        play.end("align", 105, after=4.0 + attempt)
        if attempt == 1:
            play.give(CommandKind.RETRY, "align")
    return play


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_compared(picture: SnapshotAssertion, size: tuple[int, int], tmp_path: Path) -> None:
    app = DagtuiApp(played(tmp_path).session())
    async with opened(app, size) as pilot:
        app.main.jump(app.view.graph.node("align"))
        await pilot.press("D")
        page = app.screen
        assert isinstance(page, AttemptsPage)
        await until(lambda: page.shown is not None and "ERROR" in screen_text(app))
        await pilot.pause()
        assert app.export_screenshot() == picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_found(picture: SnapshotAssertion, size: tuple[int, int], tmp_path: Path) -> None:
    app = DagtuiApp(played(tmp_path).session())
    async with opened(app, size) as pilot:
        found = FoundLines(app.view, app.look)
        found.add(SearchNews("split", 1, 1, (RunHit(3, 60, "error count: 0 \x1b[31m", 0, 5),), 1, 3))
        long = "x" * 300
        first = RunHit(41, 900, "ERROR memory: 6.1 GB of 6 GB", 0, 5)
        hits = (first, RunHit(1042, 9000, f"{long} error after it", 301, 306))
        found.add(SearchNews("align", 1, 2, hits, 2, 3))
        found.add(SearchNews("align", 2, 2000, hits, 3, 3))
        state = FindState("error", found, 3, is_whole=True)
        app.pages.open(FindPage(app.view, app.keymap, app.look, state, go_to=lambda _: None))
        await until(lambda: "ERROR" in screen_text(app))
        await pilot.pause()
        assert app.export_screenshot() == picture
