"""A recorded run in all its statuses, and apps over it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.traversal import Traversal
from dagtui.graph.model import Graph
from dagtui.runs.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from textual.pilot import Pilot

    from dagtui.host.exit_reason import ExitReason
    from dagtui.tui.app import DagtuiApp

HOSTILE = "bad [/foo]\x1b]52;c;aGk=\x07[@click=app.exit]\u202e"
CELLS = [f"align[s={number}]" for number in range(1, 5)]


def graph_of_reads() -> Graph:
    labels = ["fetch", "check refs", "split", *CELLS, "merge", "call", "stats", HOSTILE]
    edges = [("fetch", "split"), ("check refs", "split"), *(("split", cell) for cell in CELLS)]
    edges += [(cell, "merge") for cell in CELLS]
    edges += [("merge", "call"), ("merge", "stats"), ("call", HOSTILE), ("stats", HOSTILE)]
    return Graph.from_edges(labels, edges, name="reads")


class Recording:
    """Plays a run by hand, for its events."""

    def __init__(self, graph: Graph, jobs: int = 4) -> None:
        self.graph = graph
        self.traversal = Traversal(graph, jobs)
        self.traversal.begin(0.0)
        self.now = 0.0

    def start(self, *labels: str) -> None:
        for label in labels:
            node = self.graph.node(label)
            self.traversal.handle(Started(node, self.traversal.state.attempt[node]), self.now)

    def end(self, label: str, value: int = 0, seconds: float = 3.0) -> None:
        self.now += seconds
        node = self.graph.node(label)
        attempt = self.traversal.state.attempt[node]
        self.traversal.handle(Ended(node, attempt, EndKind.EXIT, value, "", seconds), self.now)

    def give(self, kind: CommandKind, *labels: str) -> None:
        self.traversal.handle(Command(kind, tuple(map(self.graph.node, labels))), self.now)

    def session(self, **options: object) -> Session:
        events = self.traversal.take()[0]
        return Session.recorded(self.graph, events, self.now, **options)


def run_under_way() -> Session:
    """Two cells running, one failed, what is below held back."""
    play = Recording(graph_of_reads())
    play.start("fetch", "check refs")
    play.end("fetch")
    play.end("check refs")
    play.start("split")
    play.end("split")
    play.start(*CELLS)
    play.end(CELLS[0], seconds=10)
    play.end(CELLS[1], value=1)
    return play.session()


def run_settled() -> Session:
    """The same, when everything is settled."""
    play = Recording(Graph.from_edges(["fetch", "split"], [("fetch", "split")], name="small"))
    play.start("fetch")
    play.end("fetch")
    play.start("split")
    play.end("split")
    return play.session()


@asynccontextmanager
async def opened(app: DagtuiApp, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[ExitReason]]:
    """The app, once its first frame is painted."""
    async with app.run_test(size=size) as pilot:
        await until(lambda: app.main.side.is_mounted and app.focused is not None)
        yield pilot


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("it did not come to pass")
        await asyncio.sleep(0.005)


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
