"""A recorded run in all its statuses, and apps over it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from support.waiting import until
from tui.played_run import PlayedRun

from dagtui.graph.model import Graph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.adopted_run import AdoptedRun
    from textual.pilot import Pilot

    from dagtui.host.attachment import ExitReason
    from dagtui.tui.app import DagtuiApp

HOSTILE = "bad [/foo]\x1b]52;c;aGk=\x07[@click=app.exit]\u202e"
CELLS = [f"align[s={number}]" for number in range(1, 5)]


def graph_of_reads() -> Graph:
    labels = ["fetch", "check refs", "split", *CELLS, "merge", "call", "stats", HOSTILE]
    edges = [("fetch", "split"), ("check refs", "split"), *(("split", cell) for cell in CELLS)]
    edges += [(cell, "merge") for cell in CELLS]
    edges += [("merge", "call"), ("merge", "stats"), ("call", HOSTILE), ("stats", HOSTILE)]
    return Graph.from_edges(labels, edges, name="reads")


def run_under_way() -> AdoptedRun:
    """Two cells running, one failed, what is below held back."""
    play = PlayedRun(graph_of_reads())
    play.start("fetch", "check refs")
    play.end("fetch")
    play.end("check refs")
    play.start("split")
    play.end("split")
    play.start(*CELLS)
    play.end(CELLS[0], after=10)
    play.end(CELLS[1], value=1)
    return play.session()


def run_settled() -> AdoptedRun:
    """Two nodes, both settled."""
    play = PlayedRun(Graph.from_edges(["fetch", "split"], [("fetch", "split")], name="small"))
    play.run("fetch", "split")
    return play.session()


@asynccontextmanager
async def opened(app: DagtuiApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[ExitReason]]:
    """The app, once its first frame is painted."""
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.main.side.is_mounted and app.focused is not None)
        yield pilot


async def turns(count: int = 200) -> None:
    """Let the event loop do all that it would do now."""
    for _ in range(count):
        await asyncio.sleep(0)


def screen_text(app: DagtuiApp) -> str:
    """What is on the screen, row by row."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def click_on(app: DagtuiApp, pilot: Pilot[ExitReason], words: str) -> None:
    """Click on the first place where the words are."""
    row, text = next((y, text) for y, text in enumerate(screen_text(app).splitlines()) if words in text)
    await pilot.click(offset=(text.index(words), row))


def shown_keys(app: DagtuiApp) -> set[str]:
    """The actions whose keys the footer shows."""
    return {id_ for _, _, id_ in app.main.footer._places}
