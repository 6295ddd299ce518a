"""Reader and writer on their own: what a terminal takes, refuses, or is no longer there to take."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from typing import TYPE_CHECKING

import pytest

from dagtui.tui.terminal.reader import TerminalReader
from dagtui.tui.terminal.terminal import Descriptor
from dagtui.tui.terminal.writer import TerminalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio


class Ends:
    """Both ends of a pseudo-terminal."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.output = Descriptor(self.slave, os.O_WRONLY)
        self.calls: list[str] = []
        self.on_lost: Callable[[], object] = bool

    def writer(self) -> TerminalWriter:
        return TerminalWriter(
            self.output.number,
            asyncio.get_running_loop(),
            on_behind=lambda: self.calls.append("behind"),
            on_drained=lambda: self.calls.append("drained"),
            on_lost=self.lost,
        )

    def lost(self, _reason: str) -> None:
        self.calls.append("lost")
        self.on_lost()

    def take(self) -> bytes:
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return b""

    async def take_until(self, end: bytes) -> bytes:
        taken = b""
        async with asyncio.timeout(20):
            while not taken.endswith(end):
                taken += self.take()
                await asyncio.sleep(0)
        return taken

    def hang_up(self) -> None:
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        self.output.close()
        os.close(self.slave)
        if self.master >= 0:
            self.hang_up()


@pytest.fixture
def ends() -> Iterator[Ends]:
    both = Ends()
    yield both
    both.close()


async def test_all_arrives_in_order_however_slowly_it_is_taken(ends: Ends):
    writer = ends.writer()
    data = os.urandom(100_000)
    assert writer.send(data[:60_000])
    assert writer.behind
    assert writer.send(data[60_000:])
    assert ends.calls == ["behind"]
    assert await ends.take_until(data[-20:]) == data
    assert writer.bytes_written == len(data)
    assert not writer.behind
    assert ends.calls == ["behind", "drained"]


async def test_what_exceeds_the_backlog_is_refused(ends: Ends):
    writer = ends.writer()
    assert writer.send(b"x" * 300_000)
    assert not writer.send(b"y" * 100_000)
    writer.close()


async def test_a_lost_terminal_is_said_once_and_nothing_is_accepted_afterwards(ends: Ends):
    writer = ends.writer()
    ends.hang_up()
    writer.send(b"x")
    assert ends.calls == ["lost"]
    assert not writer.send(b"x")
    assert not writer.finish(b"x", 1.0)
    assert not writer.behind
    assert ends.calls == ["lost"]


async def test_a_terminal_lost_while_data_waits_is_said_once(ends: Ends):
    writer = ends.writer()
    writer.send(b"x" * 60_000)
    lost = asyncio.Event()
    asyncio.get_running_loop().call_soon(ends.hang_up)
    ends.on_lost = lost.set
    async with asyncio.timeout(20):
        await lost.wait()
    assert ends.calls == ["behind", "lost"]


async def test_a_terminal_that_is_called_writable_and_takes_nothing_makes_no_spin(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
):
    attempts = []

    def refuse(*_: object) -> int:
        attempts.append(1)
        raise BlockingIOError

    writer = ends.writer()
    monkeypatch.setattr("dagtui.tui.terminal.writer.os.write", refuse)
    writer.send(b"x")
    for _ in range(1000):
        await asyncio.sleep(0)
    assert 1 < len(attempts) < 500
    monkeypatch.undo()
    assert await ends.take_until(b"x") == b"x"


async def test_reading_that_fails_is_a_loss_and_said_once():
    # Nothing is ever to be read from this end, and its state is an error: like a terminal's that is taken away.
    reading, writing = os.pipe()
    lost = asyncio.Event()
    reasons: list[str] = []

    def on_lost(reason: str) -> None:
        reasons.append(reason)
        reader.close()
        lost.set()

    reader = TerminalReader(writing, asyncio.get_running_loop(), on_message=lambda _: None, on_lost=on_lost)
    os.close(reading)
    async with asyncio.timeout(20):
        await lost.wait()
    os.close(writing)
    assert len(reasons) == 1


async def test_the_last_thing_reaches_a_stopped_terminal_without_what_waited(ends: Ends):
    writer = ends.writer()
    writer.send(b"x" * 200_000)
    assert writer.finish(b"the end", 0.1)
    taken = await ends.take_until(b"the end")
    assert taken.endswith(b"\x18the end")
    assert len(taken) < 30_000


async def test_the_last_thing_follows_what_waited_where_the_terminal_takes_it(ends: Ends):
    writer = ends.writer()
    writer.send(b"x" * 1000)
    assert writer.finish(b"the end", 0.1)
    assert await ends.take_until(b"the end") == b"x" * 1000 + b"the end"
