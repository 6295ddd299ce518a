"""A run that was played by hand, with real log files, and an app that shows one widget over it."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.app import App
from textual.widget import Widget

from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.traversal import Traversal
from dagtui.runs.session import Session
from dagtui.tui.lines.theme import THEMES, variable_defaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.strip import Strip

    from dagtui.graph.model import Graph
    from dagtui.tui.lines.page import JumpTo
    from dagtui.tui.lines.rows import PaintedRows

W = TypeVar("W", bound=Widget)


class Play:
    """Plays a run for its events; what nodes print goes to the files where the screen looks for it."""

    def __init__(self, graph: Graph, directory: Path, jobs: int = 4) -> None:
        self.graph = graph
        self.directory = directory
        self.jobs = jobs
        self.now = 0.0
        self.traversal = Traversal(graph, jobs)
        self.traversal.begin(self.now)
        self._paths = Session.recorded(graph, (), 0.0, directory)

    def start(self, *labels: str, after: float = 0.0) -> None:
        self.now += after
        for label in labels:
            self.traversal.handle(Started(*self._attempt(label)), self.now)

    def end(
        self,
        label: str,
        value: int = 0,
        *,
        kind: EndKind = EndKind.EXIT,
        text: str = "",
        after: float = 3.0,
        left: int = 0,
    ) -> None:
        self.now += after
        self.traversal.handle(Ended(*self._attempt(label), kind, value, text, after, left=left), self.now)

    def run(self, *labels: str, value: int = 0) -> None:
        for label in labels:
            self.start(label)
            self.end(label, value)

    def give(self, kind: CommandKind, *labels: str) -> None:
        self.traversal.handle(Command(kind, tuple(map(self.graph.node, labels))), self.now)

    def wake(self, after: float) -> None:
        """Time passes, and what is due happens."""
        self.now += after
        self.traversal.wake(self.now)

    def prints(self, label: str, data: bytes, attempt: int | None = None) -> Path:
        """More output of a node; returns the file."""
        node, latest = self._attempt(label)
        path = self._paths.log_path(node, attempt or latest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
        return path

    def session(self, clock: float | None = None, *, began_at: float = 1_700_000_000.0) -> Session:
        events = self.traversal.take()[0]
        now = self.now if clock is None else clock
        return Session.recorded(self.graph, events, now, self.directory, jobs=self.jobs, began_at=began_at)

    def _attempt(self, label: str) -> tuple[int, int]:
        node = self.graph.node(label)
        return node, self.traversal.state.attempt[node]


def write_times(log: Path, times: list[tuple[int, float]]) -> None:
    """The file beside a log that says which byte was written when."""
    records = b"".join(struct.pack("<Qd", offset, at) for offset, at in times)
    log.with_name(log.name + ".times").write_bytes(records)


class Stage(App[None], Generic[W]):
    """Shows one widget, and keeps the jumps that it asks for."""

    def __init__(self, widget: W, theme: str = "dagtui-dark") -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.shown = widget
        self.jumps: list[int] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(dark=True)

    def compose(self) -> ComposeResult:
        yield self.shown

    def on_jump_to(self, message: JumpTo) -> None:
        self.jumps.append(message.node)


@asynccontextmanager
async def staged(widget: W, size: tuple[int, int] = (80, 20)) -> AsyncIterator[W]:
    """The widget, mounted and laid out."""
    app = Stage(widget)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield widget


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("it did not come to pass")
        await asyncio.sleep(0.005)


def strips(widget: PaintedRows) -> list[Strip]:
    """What the widget puts on the screen."""
    return [widget.render_line(y) for y in range(widget.size.height)]


def texts(widget: PaintedRows) -> list[str]:
    """The rows of the widget, without their padding."""
    return [strip.text.rstrip() for strip in strips(widget)]
