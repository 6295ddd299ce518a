"""Pictures of the screen at four sizes, from a recorded run on a clock that stands still."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.journals import read_journal
from support.recordings import recording_of
from support.waiting import until
from tui.many_nodes import half_done
from tui.played_run import PlayedRun
from tui.recordings import FOLDER, MOMENTS, demo_graph, recorded
from tui.svg import SvgExtension

from dagtui.graph.model import Graph
from dagtui.text.look import IN_ASCII, Look
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.recorded_app import RecordedApp

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

SIZES = [(60, 20), (80, 24), (120, 40), (200, 50)]


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(FOLDER)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SvgExtension)


async def screen(
    moment: str, node: str, keys: list[str], size: tuple[int, int], targets: tuple[str, ...] = (), **options: object
) -> str:
    """What the screen shows at a moment of the run, with the cursor on a node, after some keys."""
    session = recorded(MOMENTS[moment], *targets)
    app = DagtuiApp(session, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.jump(session.graph.node(node))
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        picture = app.export_screenshot()
        await pilot.press("escape")
    return picture


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
class TestScreens:
    async def test_running(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("waiting", "train[seed=1,size=small]", [], size) == picture

    async def test_failed_with_cause(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("failed", "publish", ["3"], size) == picture

    async def test_failed_log(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("failed", "approve", ["enter"], size) == picture

    async def test_time(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("failed", "approve", ["V"], size) == picture

    async def test_cancelled_subtree(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("running", "evaluate[seed=1]", [], size) == picture

    async def test_waiting(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("waiting", "approve", ["enter"], size) == picture

    async def test_outside(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("running", "publish", ["3"], size, targets=("evaluate[seed=1]",)) == picture

    async def test_preview(self, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
        assert await screen("waiting", "train[seed=1,size=small]", ["X"], size) == picture


@pytest.mark.parametrize(
    ("size", "theme"),
    [((80, 24), "ansi"), ((120, 40), "dark"), ((200, 50), "light")],
    ids=["80x24", "120x40", "200x50"],
)
async def test_map(picture: SnapshotAssertion, size: tuple[int, int], theme: str) -> None:
    app = DagtuiApp(half_done(), look=Look(theme=theme))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.main.show_view(View.MAP)
        await pilot.press("e", "e")
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        assert app.export_screenshot() == picture
        await pilot.press("escape")


@pytest.mark.parametrize(
    ("size", "look", "keys"),
    [
        ((80, 24), Look(theme="dark"), ["comma"]),
        ((200, 50), Look(theme="light"), ["tab", "tab", "E"]),
        ((120, 40), Look(theme="contrast"), ["v", "v", "v", "v", "v", "tab", "tab", *["left"] * 40]),
        ((80, 24), IN_ASCII, ["tab", "tab", "g", *["right"] * 12]),
        ((40, 12), Look(theme="ansi"), ["tab", "tab", "E"]),
    ],
    ids=["80x24", "bar-200x50", "time-120x40", "ascii-80x24", "40x12"],
)
async def test_recording(
    picture: SnapshotAssertion, tmp_path: Path, size: tuple[int, int], look: Look, keys: list[str]
) -> None:
    run = recording_of(demo_graph(), read_journal(FOLDER / "journal.jsonl").records, tmp_path)
    run.path, run.number = Path(), 6
    app = RecordedApp(run, look=look)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause(0.3)
        await until(lambda: not app.main.flush(run.clock(), changed=False))
        await pilot.wait_for_scheduled_animations()
        assert app.export_screenshot() == picture


STAR = b"".join(
    b"mapping SRR6357072: %d000 k reads, 92.56 %% uniquely mapped, 14274 multi-mapped, 32034 unmapped in this lane\n"
    % i
    for i in range(30)
)
STAR += b"\x1b[31mEXITING because of FATAL ERROR: not enough memory for BAM sorting\x1b[0m, which was tried twice\n"
STAR += b"    SOLUTION: re-run STAR with at least --limitBAMsortRAM 1427432034 and /scratch/ada/_STARtmp/BAMsort\n"


@pytest.mark.parametrize(
    ("size", "theme", "keys"),
    [
        ((80, 24), "dark", ["tab", ";", "V", "k"]),
        ((200, 50), "light", ["tab", ";"]),
        ((80, 24), "ansi", ["enter", "w", "l", "slash", *"error", "enter"]),
        ((80, 24), "contrast", ["tab", "w", "l", ";", "V", "j", "t"]),
        ((40, 12), "dark", ["enter", ";", "k"]),
    ],
    ids=["selected-80x24", "200x50", "cut-80x24", "contrast-80x24", "40x12"],
)
async def test_cursor_of_a_log(
    picture: SnapshotAssertion, tmp_path: Path, size: tuple[int, int], theme: str, keys: list[str]
) -> None:
    play = PlayedRun(Graph.from_edges(["align"], [], name="genome"), tmp_path / "logs")
    play.start("align")
    os.utime(play.prints("align", STAR), (1_700_000_000, 1_700_000_000))
    app = DagtuiApp(play.session(), look=Look(theme=theme))
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.main.side.log_pane.view.line_count > 0)
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        assert app.export_screenshot() == picture
        await pilot.press("escape")


class TestLooks:
    @pytest.mark.parametrize("theme", ["dark", "light", "ansi", "contrast"])
    async def test_theme(self, picture: SnapshotAssertion, theme: str) -> None:
        assert await screen("failed", "approve", [], (80, 24), look=Look(theme=theme)) == picture

    async def test_ascii(self, picture: SnapshotAssertion) -> None:
        assert await screen("failed", "approve", [], (80, 24), look=IN_ASCII) == picture

    async def test_smallest(self, picture: SnapshotAssertion) -> None:
        assert await screen("failed", "approve", [], (40, 12)) == picture

    async def test_trouble(self, picture: SnapshotAssertion) -> None:
        assert await screen("failed", "approve", ["V", "V"], (80, 24)) == picture

    async def test_filtered_with_selected(self, picture: SnapshotAssertion) -> None:
        keys = ["slash", *"train", "enter", "M", "j", "M"]
        assert await screen("waiting", "train[seed=1,size=small]", keys, (80, 24)) == picture

    async def test_row_of_many(self, picture: SnapshotAssertion) -> None:
        assert await screen("failed", "approve", ["v", "v", "v", "h", "ctrl+l"], (120, 40)) == picture

    async def test_details(self, picture: SnapshotAssertion) -> None:
        assert await screen("failed", "approve", ["2"], (120, 40)) == picture

    async def test_leaving(self, picture: SnapshotAssertion) -> None:
        assert await screen("waiting", "approve", ["q"], (80, 24)) == picture

    async def test_held(self, picture: SnapshotAssertion) -> None:
        assert await screen("waiting", "publish", ["b", "ctrl+l", "3"], (80, 24)) == picture
