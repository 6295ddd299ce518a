"""What is pictured: each view of each graph, and each dialog over two of them."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.gallery.album import taken
from tui.gallery.graphs import PREFIX, diamonds, five_thousand, genome, hundred_thousand, mixed, rnaseq
from tui.gallery.played import Elsewhere, Failure, Played
from tui.recordings import BEGAN_AT, MOMENTS, recorded

from dagtui.engine.messages import Silent
from dagtui.text.amounts import WallTime
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.views import View
from dagtui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

    from support.adopted_run import AdoptedRun
    from textual.pilot import Pilot
    from tui.gallery.album import Picture

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

MOST_FRAMES = 40
SIZES = [(200, 50), (120, 40), (80, 24), (40, 12)]
STAR = "EXITING because of FATAL ERROR: not enough memory for BAM sorting"
OF_FAILED: Mapping[str, Sequence[str]] = {
    "failure": ["g", "e"],
    "log in full": ["e", "enter"],
    "details": ["e", "2"],
    "why": ["e", "3"],
    "rerun": ["g", "R"],
    "retry all": ["A"],
    "palette": ["colon"],
    "palette, found": ["colon", *"ca"],
    "help": ["question_mark"],
    "help, filtered": ["question_mark", "slash", *"in"],
}
"""Dialogs over a failed run, with the keys that lead to each."""
OF_RUNNING: Mapping[str, Sequence[str]] = {
    "running": ["u"],
    "cancel subtree": ["g", "X"],
    "leave": ["q"],
    "filter": ["slash", *"al"],
    "selected": ["g", "j", "M", "M"],
}
OF_MIXED: Mapping[str, Sequence[str]] = {
    "queued": ["slash", *"align[sample=9", "enter", "3"],
    "running there": ["slash", *"align[sample=2", "enter", "1"],
    "details": ["slash", *"train[seed=1", "enter", "2"],
}
"""Dialogs over a run with executors on other machines."""
NO_DIALOGS: Mapping[str, Sequence[str]] = {}


class Scene(NamedTuple):
    """A graph with the run of it that is shown."""

    graph: Callable[[], Graph]
    played: Played
    dialogs: Mapping[str, Sequence[str]] = NO_DIALOGS


def task(label: str) -> str:
    """The task of a node."""
    return label.partition("[")[0]


def _chunks(*numbers: int) -> Mapping[str, Failure]:
    return {f"chunk{number // 100:02}.{number % 100:02}": Failure(1, f"block {number} is bad") for number in numbers}


_SECONDS: Mapping[str, float] = {
    "fetch_reference": 2.4,
    "star_index": 5.1,
    "gene_model": 2.0,
    "fastq": 2.0,
    "fastqc": 2.7,
    "trim": 3.1,
    "align": 7.5,
    "markdup": 2.0,
    "bigwig": 1.4,
    "quant": 2.0,
    "merge_counts": 1.0,
    "deseq2": 1.9,
    "multiqc": 0.9,
    "notify": 0.05,
}
_STAR = Failure(105, "EXITING because of FATAL ERROR: not enough memory for BAM sorting")
_GENOME = Played(60.0, {"align[sample=SRR6357072]": _STAR}, seconds=lambda label: _SECONDS[task(label)])
_RNASEQ = {
    f"{PREFIX}.BAM_MARKDUPLICATES_PICARD.PICARD_MARKDUPLICATES.SRR6357072": Failure(3, "no space left on device"),
    f"{PREFIX}.QUALIMAP_RNASEQ.SRR6357070": Failure(137, "Java heap space"),
}
_MANY = {f"chunk[shard={at},part={at * 7}]": Failure(1, f"block {at} is bad") for at in (1, 5, 9)}
_MIXED = Played(
    160.0,
    {},
    jobs=4,
    seconds=lambda label: 2.0 if label == "prepare" else 300.0,
    elsewhere={
        "align": Elsewhere(("n2, job 4711_3", "n3, job 4711_4"), 6, "job 4711: Resources"),
        "train": Elsewhere(("gpubox",), 2),
    },
    silent=Silent("gpubox", WallTime(BEGAN_AT + 120.0), "the connection was refused"),
)
SCENES: Mapping[str, Scene] = {
    "genome": Scene(genome, _GENOME, OF_FAILED),
    "genome, running": Scene(genome, _GENOME._replace(moment=18.0), OF_RUNNING),
    "mixed": Scene(mixed, _MIXED, OF_MIXED),
    "rnaseq": Scene(rnaseq, Played(40.0, _RNASEQ, jobs=16)),
    "diamonds": Scene(diamonds, Played(60.0, {"c5": Failure(1, "c5 is wrong")}, jobs=4)),
    "five": Scene(five_thousand, Played(250.0, _chunks(40, 45, 109, 114, 166, 2230, 4001), jobs=32)),
    "many": Scene(hundred_thousand, Played(25.0, _MANY, jobs=400)),
}
"""The demo is not among them: its run was recorded."""
DEMO: Final = "demo"
NAMES: Final = [DEMO, *SCENES]


@contextmanager
def inside(directory: Path) -> Iterator[None]:
    """Work in a directory: paths that are shown must not depend on where it lies."""
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


@cache
def _events_of(name: str) -> tuple[Graph, list[Event]]:
    """The graph of a scene, and what happened in it. Nothing on the screen depends on where it was read."""
    graph = SCENES[name].graph()
    graph.path = Path("/home/ada/pipeline") / f"{graph.name}.toml"
    graph.directory = graph.path.parent
    return graph, SCENES[name].played.events(graph)


def run_of(name: str) -> AdoptedRun:
    """The run that is shown. Its logs are in the present directory."""
    if name == DEMO:
        return recorded(MOMENTS["failed"])
    return SCENES[name].played.run(*_events_of(name), Path())


async def pictures(name: str, size: tuple[int, int], only: str = "") -> AsyncIterator[tuple[str, Picture, DagtuiApp]]:
    """Each picture of a graph at a size, with its title, or only one of them."""
    app = DagtuiApp(run_of(name))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for _ in View:
            title = app.main.tree_pane.view.title
            if only in {"", title}:
                await settled(app, pilot)
                yield title, taken(app), app
            await pilot.press("v")
        for title, keys in (OF_FAILED if name == DEMO else SCENES[name].dialogs).items():
            if only in {"", title}:
                await pilot.press(*keys)
                await settled(app, pilot)
                yield title, taken(app), app
                await leave_all(app, pilot)


async def leave_all(app: DagtuiApp, pilot: Pilot[object]) -> None:
    """Close what was opened, one step at a time."""
    main = app.main
    while (
        app.screen is not main or main.on_side or main.tree_pane.navigator.filter_query or main.tree_pane.selected_count
    ):
        await pilot.press("escape")
    if main.zoomed:
        await pilot.press("escape")


async def settled(app: DagtuiApp, pilot: Pilot[object]) -> None:
    """Wait until what the keys opened shows all that it will: until two frames are alike."""
    if isinstance(app.screen, Palette):
        await app.screen.until_found()
    before: Picture | None = None
    for _ in range(MOST_FRAMES):
        await pilot.pause()
        while app.main.tree_pane.is_reading:  # what failed logs say, in a thread
            await pilot.pause(0.01)
        while app.main.tree_pane.rows.are_filling:  # the times of a large run, in pieces
            await pilot.pause(0.01)
        await next_frame(app)
        await pilot.pause()
        now = taken(app)
        if now == before:
            return
        before = now
    raise AssertionError("the picture does not come to rest")


async def next_frame(app: DagtuiApp) -> None:
    """Wait for a frame that begins from now on: on a busy machine, it may be late."""
    asked = asyncio.get_running_loop().time()
    while app._frames._last < asked:
        app.request_frame()
        await asyncio.sleep(0.005)
