"""Watching a run of another process through its journal: live, ended, killed, damaged, taken back."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from support.journals import read_journal
from support.waiting import until, wait_for

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import CommandEvent, Event, NodeEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.graph.loading import load
from dagtui.runs.following import FollowedRun
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

TEXT = 'version = 1\n[tasks.a]\nrun = "true"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'


class Recording:
    """A run that is recorded here, line by line, as if another process did it."""

    def __init__(self, path: Path) -> None:
        path.write_text(TEXT)
        self.path = path
        self.graph = load(path, {})
        self.directory = RunDirectory.create(path, TEXT)
        self.writer = JournalWriter(self.directory.journal_path)

    def write(self, *events: Event, wall: float | None = None) -> None:
        self.writer.write([(time.time() if wall is None else wall, fields(event, self.graph)) for event in events])

    def open(self) -> FollowedRun:
        return FollowedRun.open(RunDirectory.open(self.directory.path), self.path)


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    found = Recording(tmp_path / "graph.toml")
    yield found
    found.directory.close()


async def test_holds_are_followed(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=1), CommandEvent(0.1, 1, CommandKind.HOLD, (0, 1)))
    with contextlib.closing(recording.open()) as run:
        assert run.state.held == {0, 1}
        async with anyio.create_task_group() as group:
            group.start_soon(run.follow)
            recording.write(CommandEvent(0.2, 2, CommandKind.RELEASE, (0,)))
            await until(lambda: run.state.held == {1})
            group.cancel_scope.cancel()


def begun(at: float, node: int = 0) -> NodeEvent:
    return NodeEvent(at, node, 1, NodeStatus.RUNNING, why="attempt 1")


def ended(at: float, node: int = 0) -> NodeEvent:
    return NodeEvent(at, node, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=0.5)


@contextlib.contextmanager
def in_background(words: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    with subprocess.Popen(words, stdout=quiet, stderr=quiet, env=environment) as process:
        try:
            yield process
        finally:
            if sys.exc_info()[0] is not None:
                process.terminate()


async def test_a_run_of_another_process_is_followed_to_its_end_and_not_touched(
    tmp_path: Path, short_path: Path
) -> None:
    path, gate = tmp_path / "graph.toml", tmp_path / "gate"
    path.write_text(
        'version = 1\n[tasks.a]\nrun = "read x < gate; echo printed; exit 3"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'
    )
    os.mkfifo(gate)
    words = [sys.executable, "-m", "dagtui", "run", str(path)]
    environment = {**os.environ, "DAGTUI_SOCKET_DIR": str(short_path)}
    with in_background(words, environment) as process:
        wait_for(lambda: runs(path) and runs(path)[0].journal_path.exists(), "it has begun")
        session = FollowedRun.open(runs(path)[0], path)
        async with anyio.create_task_group() as group:
            group.start_soon(session.follow)
            await until(lambda: session.state.status_of(0) is NodeStatus.RUNNING)
            assert not session.settled
            assert session.alive() == 1
            for kind in CommandKind:
                assert "read-only" in str(session.refusal(Command(kind, (0,))))
            session.close()
            assert process.poll() is None
            await anyio.to_thread.run_sync(gate.write_text, "go on\n")
            await until(lambda: session.over)
            group.cancel_scope.cancel()
    assert process.returncode == 1
    assert (session.settled, session.alive(), session.state.verdict()) == (True, 0, Verdict.FAILED)
    assert session.log_path(0, 1).read_text() == "printed\n"
    journal = read_journal(runs(path)[0].journal_path)
    assert not [record for record in journal.records if record["event"] in {"command", "note"}]
    other = RunState(session.graph)
    other.replay(event for record in journal.records if (event := parse(record, session.graph)) is not None)
    assert (other.status, other.counts, other.attempt) == (
        session.state.status,
        session.state.counts,
        session.state.attempt,
    )


async def test_an_ended_run_is_shown_as_it_ended_and_its_clock_stands(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), begun(0.1), ended(1.0), wall=1e9)
    recording.write(begun(1.1, 1), ended(2.0, 1), RunEvent(2.5, "ended", "completed"), wall=1e9 + 2.5)
    recording.directory.close()
    session = recording.open()
    assert (session.over, session.state.verdict(), session.state.jobs) == (True, Verdict.COMPLETED, 3)
    assert session.clock() == session.clock() == 2.5
    assert session.attempts.of(0)[0].seconds == 0.5
    assert session.wall(1.0) == 1e9 + 1


async def test_the_clock_goes_on_while_the_run_is_live_whatever_the_wall_clock_says(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), wall=time.time() - 100)
    session = recording.open()
    first = session.clock()
    assert 99 < first < 200  # the two clocks need not go at one rate
    assert session.clock() > first
    # The clock was set back by a day: what follows seems to come from tomorrow.
    recording.write(begun(60.0), wall=time.time() + 86400)
    async with anyio.create_task_group() as group:
        group.start_soon(session.follow)
        await until(lambda: session.state.status_of(0) is NodeStatus.RUNNING)
        assert first <= session.clock() < 200
        group.cancel_scope.cancel()


async def test_a_run_that_was_killed_is_over_although_nodes_ran(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), begun(0.1))
    session = recording.open()
    heard: list[int] = []
    session.subscribe(lambda events: heard.append(len(events)))
    assert not session.over
    async with anyio.create_task_group() as group:
        group.start_soon(session.follow)
        recording.directory.close()
        await until(lambda: session.over)
        group.cancel_scope.cancel()
    assert (session.settled, session.alive()) == (True, 0)
    assert heard, "whoever paints is told"
    clock = session.clock()
    assert session.clock() == clock


async def test_a_run_that_is_resumed_has_to_be_read_anew(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), RunEvent(1.0, "ended", "cancelled"), wall=1e9)
    recording.directory.close()
    session = recording.open()
    assert session.over
    recording.directory.acquire()
    recording.write(RunEvent(1.001, "resumed", jobs=5), begun(1.002))
    with anyio.fail_after(30):
        await session.follow()
    assert session.outdated
    again = recording.open()
    assert not again.outdated
    assert (again.over, again.state.jobs, again.state.status_of(0)) == (False, 5, NodeStatus.RUNNING)
    assert again.wall(0.5) == 1e9 + 0.5
    assert again.wall(2.0) > 1e9 + 3600


async def test_a_run_is_read_again_in_place_and_its_listeners_stay(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3))
    session = recording.open()
    told: list[object] = []
    unsubscribe = session.subscribe(lambda _: told.append(session.state))
    session.subscribe_reload(lambda: told.append(session.graph))
    before = session.state
    async with anyio.create_task_group() as group:
        group.start_soon(session.follow_on)
        recording.write(RunEvent(1.001, "resumed", jobs=5))
        await until(lambda: session.state is not before)
        assert told[-2:] == [session.graph, session.state]
        assert session.state.jobs == 5
        unsubscribe()
        recording.write(begun(1.1), ended(2.0))
        await until(lambda: session.attempts.of(0))
        assert told[-1] is session.state
        assert session.state.status_of(0) is NodeStatus.COMPLETED
        group.cancel_scope.cancel()


async def test_a_damaged_journal_is_read_again_once(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), begun(0.1))
    session = recording.open()
    read: list[object] = []
    session.subscribe_reload(lambda: read.append(session.problem))
    async with anyio.create_task_group() as group:
        group.start_soon(session.follow_on)
        with recording.directory.journal_path.open("ab") as file:
            file.write(b'{"seq":4,"time":1.0,"event":"node"\x1b]0;x,"crc":"00000000"}\n')
        await until(lambda: read)
        await anyio.sleep(0.3)  # longer than between two looks
        group.cancel_scope.cancel()
    assert len(read) == 1
    assert "damaged" in str(read[0])
    assert session.state.status_of(0) is NodeStatus.RUNNING


async def test_who_shows_a_run_says_nothing_of_its_end(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), RunEvent(0.5, "detached", "left"))
    assert not recording.open().over
    recording.write(RunEvent(1.0, "ended", "completed"), RunEvent(1.0, "detached", "left"))
    recording.directory.close()
    assert recording.open().over


async def test_lines_that_are_taken_back_are_not_believed(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3))
    size = recording.directory.journal_path.stat().st_size
    recording.write(begun(0.1), ended(1.0))
    session = recording.open()
    assert session.state.status_of(0) is NodeStatus.COMPLETED
    os.truncate(recording.directory.journal_path, size)
    with anyio.fail_after(30):
        await session.follow()
    assert session.outdated
    assert recording.open().state.status_of(0) is NodeStatus.WAITING


@pytest.mark.parametrize("while_open", [False, True])
async def test_a_damaged_journal_is_shown_up_to_the_damage(recording: Recording, while_open: bool) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), begun(0.1))
    session = recording.open() if while_open else None
    with recording.directory.journal_path.open("ab") as file:
        file.write(b'{"seq":4,"time":1.0,"event":"node"\x1b]0;x,"crc":"00000000"}\n')
    if session is not None:
        with anyio.fail_after(30):
            await session.follow()
        assert session.outdated
    again = recording.open()
    assert "damaged" in str(again.problem)
    assert again.state.status_of(0) is NodeStatus.RUNNING


async def test_what_can_not_be_read_is_one_clear_error(recording: Recording) -> None:
    recording.write(RunEvent(0.0, "started", jobs=3), CommandEvent(0.1, 1, CommandKind.PAUSE))
    recording.directory.graph_path.write_text("[nonsense")
    with pytest.raises(StoreError, match="can't read the graph"):
        recording.open()
    recording.directory.graph_path.unlink()
    with pytest.raises(StoreError, match="graph of the run"):
        recording.open()
