"""Typing into a node that has a terminal: where keys go, how it ends, and the size of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.scene import dag
from support.waiting import until
from textual import events
from tui.app.runs import opened, screen_text, shown_keys
from tui.played_run import PlayedRun
from tui.svg import SvgExtension

from dagtui.engine.messages import Ended, EndKind
from dagtui.engine.status import NodeStatus
from dagtui.tui.app import DagtuiApp

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion
    from textual.pilot import Pilot

pytestmark = pytest.mark.anyio


class NotedTerminals:
    """Notes what would be typed, and the last size."""

    def __init__(self) -> None:
        self.typed: list[tuple[int, int, bytes]] = []
        self.size = (0, 0)

    def resize(self, rows: int, columns: int) -> None:
        self.size = rows, columns

    def type_into(self, node: int, attempt: int, data: bytes) -> None:
        self.typed.append((node, attempt, data))

    @property
    def data(self) -> bytes:
        return b"".join(data for _, _, data in self.typed)


def app_with_a_terminal(folder: Path, printed: bytes = b"Password: ") -> tuple[DagtuiApp, NotedTerminals]:
    play = PlayedRun(dag("login plain", login={"tty": True}), folder)
    play.start("login", "plain")
    play.prints("login", printed)
    session = play.session()
    session.terminals = terminals = NotedTerminals()
    return DagtuiApp(session), terminals


async def begin(app: DagtuiApp, pilot: Pilot[object]) -> None:
    app.main.tree_pane.select(0)
    await until(lambda: "node.input" in shown_keys(app))
    await pilot.press("i")
    await until(lambda: "typing into login" in screen_text(app))


async def test_every_key_goes_to_the_node_until_two_escapes(tmp_path: Path):
    app, terminals = app_with_a_terminal(tmp_path)
    async with opened(app) as pilot:
        await begin(app, pilot)
        await pilot.press("q", "x", "?", "up", "ctrl+c", "1", "enter", "escape", "d", "escape", "escape")
        assert terminals.data == b"qx?\x1b[A\x031\r\x1bd\x1b"
        assert {(node, attempt) for node, attempt, _ in terminals.typed} == {(0, 1)}
        await until(lambda: "keys mean actions again" in screen_text(app))
        assert app.view.state.status_of(0) is NodeStatus.RUNNING
        await pilot.press("3")
        await until(lambda: "types into login" in screen_text(app))
        assert terminals.data.endswith(b"\x1bd\x1b")


@pytest.mark.parametrize(
    ("printed", "sent"),
    [(b"$ ", b"a\rb"), (b"\x1b[?2004h$ ", b"\x1b[200~a\rb\x1b[201~"), (b"\x1b[?2004h\x1b[?2004l", b"a\rb")],
)
async def test_a_paste_has_brackets_if_the_program_asked_for_them(tmp_path: Path, printed: bytes, sent: bytes):
    app, terminals = app_with_a_terminal(tmp_path, printed)
    async with opened(app) as pilot:
        await begin(app, pilot)
        app.post_message(events.Paste("a\nb"))
        await until(lambda: terminals.data)
        assert terminals.data == sent


async def test_it_ends_with_the_node(tmp_path: Path):
    app, terminals = app_with_a_terminal(tmp_path)
    async with opened(app) as pilot:
        await begin(app, pilot)
        app.view.run.post(Ended(0, 1, EndKind.EXIT, 0, "", 1.0))
        app.view.run.turn()
        await until(lambda: "typing into" not in screen_text(app))
        await pilot.press("2")
        assert not terminals.typed
        await pilot.press("i")
        await until(lambda: "only while it runs" in screen_text(app))


async def test_a_node_without_a_terminal_takes_no_keys(tmp_path: Path):
    app, terminals = app_with_a_terminal(tmp_path)
    async with opened(app) as pilot:
        app.main.tree_pane.select(1)
        await until(lambda: "node.input" not in shown_keys(app))
        await pilot.press("i", "y")
        assert not terminals.typed


async def test_terminals_have_the_size_of_the_log_pane(tmp_path: Path):
    app, terminals = app_with_a_terminal(tmp_path)
    async with opened(app) as pilot:
        await until(lambda: terminals.size[1] > 40)
        rows, columns = terminals.size
        await pilot.resize_terminal(90, 30)
        await until(lambda: terminals.size != (rows, columns))
        assert terminals.size[0] < rows
        assert terminals.size[1] < columns


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures(snapshot: SnapshotAssertion, tmp_path: Path, size: tuple[int, int]):
    app, _ = app_with_a_terminal(tmp_path, b"Cloning\r\n10 %\r100 %\r\nPassword for \x1b[1mada\x1b[m: ")
    async with opened(app, size) as pilot:
        await begin(app, pilot)
        await until(lambda: "Password for ada" in screen_text(app))
        assert app.export_screenshot() == snapshot.use_extension(SvgExtension)
        await pilot.press("escape", "escape")
