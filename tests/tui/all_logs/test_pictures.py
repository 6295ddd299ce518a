"""Pictures of all logs of a small workflow, while it runs and at its end."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from support.adopted_run import BEGAN
from support.waiting import until
from tui.played_run import PlayedRun
from tui.svg import SvgExtension

from dagtui.graph.model import Graph
from dagtui.text.look import ASCII, Look
from dagtui.tui.all_logs import row_drawing
from dagtui.tui.all_logs.page import AllLogsPage
from dagtui.tui.app import DagtuiApp

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.anyio

SAMPLES = [f"align[sample=SRR63570{number}]" for number in (70, 71, 72)]
ERROR = "EXITING because of FATAL ERROR: not enough memory for BAM sorting, and no way to get more of it\n"


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SvgExtension)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_drawing, "time_of_day", lambda at: time.strftime("%H:%M:%S", time.gmtime(at)))


async def drawn(app: DagtuiApp) -> str:
    """The screen, once it stays as it is."""
    before = ""
    while (now := app.export_screenshot()) != before:
        before = now
        await anyio.sleep(0.1)  # a frame, and the next look at the logs
    return now


def workflow(folder: Path) -> PlayedRun:
    """Three samples are mapped, one of them in vain. What needs it is blocked, and the index goes on."""
    names = ["fetch", *SAMPLES, "markdup", "merge_counts", "deseq2", "multiqc", "index"]
    edges = [(0, 1), (0, 2), (0, 3), (1, 4), *((node, 5) for node in (1, 2, 3)), (5, 6), (5, 7)]
    return PlayedRun(Graph.from_edges(names, [(names[a], names[b]) for a, b in edges], name="genome"), folder, jobs=6)


def prints(play: PlayedRun, name: str, first: float, *lines: str) -> None:
    """A node prints lines, a quarter of a second apart."""
    path = play.prints_at(name, *((first + number / 4, line) for number, line in enumerate(lines)))
    os.utime(path, (BEGAN + first + len(lines) / 4,) * 2)


def played(folder: Path) -> PlayedRun:
    """Play the workflow."""
    play = workflow(folder)
    play.start("fetch", "index")
    prints(play, "index", 0.1, "\x1b[32mindexing\x1b[0m chromosome 1", "indexing chromosome 2")
    prints(play, "fetch", 0.2, "GET https://example.org/SRR6357070.fastq.gz", "3 files, 1.2 GB")
    play.end("fetch", after=2.0)
    play.start(*SAMPLES)
    for number, name in enumerate(SAMPLES):
        reads = (f"mapping: {number + n}1000 k reads, 92.{n} % unique" for n in range(8))
        prints(play, name, 2.1 + number / 20, *reads)
    play.prints(SAMPLES[2], ERROR.encode())
    play.prints(SAMPLES[2], b"SOLUTION: re-run STAR with at least --limitBAMsortRAM 14274320034\n")
    play.end(SAMPLES[2], 105, after=2.5)
    return play


@pytest.mark.parametrize(
    ("size", "look", "keys"),
    [
        ((80, 24), Look(theme="dark"), []),
        ((80, 24), Look(theme="dark"), ["k"]),
        ((200, 50), Look(theme="dark"), ["k", "k"]),
        ((80, 24), Look(theme="light"), ["g", "j", "j", "z"]),
        ((120, 40), Look(theme="contrast"), ["k", "equals_sign"]),
        ((80, 24), Look(theme="ansi"), ["e", "k", "k"]),
        ((80, 24), Look(ASCII), ["k", "k", "k"]),
        ((40, 12), Look(theme="dark"), ["k"]),
    ],
    ids=[
        "following-80x24",
        "80x24",
        "200x50",
        "light-80x24",
        "contrast-120x40",
        "ansi-failed-80x24",
        "ascii-80x24",
        "40x12",
    ],
)
async def test_all_logs(
    picture: SnapshotAssertion, tmp_path: Path, size: tuple[int, int], look: Look, keys: list[str]
) -> None:
    app = DagtuiApp(played(tmp_path).session(), look=look)
    async with app.run_test(size=size) as pilot:
        await pilot.press("a")
        page = app.screen
        assert isinstance(page, AllLogsPage)
        await until(lambda: page.rows.shown.rows and not page.rows.reading.is_reading, "the rows")
        await pilot.press(*keys)
        await pilot.pause()
        assert await drawn(app) == picture


async def test_only_errors(picture: SnapshotAssertion, tmp_path: Path) -> None:
    app = DagtuiApp(played(tmp_path).session())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "exclamation_mark")
        page = app.screen
        assert isinstance(page, AllLogsPage)
        await until(lambda: len(page.rows.shown.rows) == 3 and not page.rows.reading.is_reading, "the errors")
        await pilot.pause()
        assert await drawn(app) == picture
