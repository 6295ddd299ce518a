"""A session over real processes: what it records is what it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest
from support.journals import replayed
from support.waiting import until

from dagtui.control.live import Screen
from dagtui.control.status_report import status_report
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.last_run import ended_well
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.processors import processors
from dagtui.runs.restore import resume_run
from dagtui.store.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.engine.state import RunState
    from dagtui.runs.live import LiveRun

    Start = Callable[..., LiveRun]

pytestmark = pytest.mark.anyio


@pytest.fixture
def start(tmp_path: Path) -> Start:
    def make(text: str, **options: object) -> LiveRun:
        path = tmp_path / "graph.toml"
        path.write_text("version = 1\n" + text, encoding="utf-8")
        return start_run(load(path, {}), LaunchOptions(**options))

    return make


def same(one: RunState, other: RunState) -> bool:
    names = ("status", "cause", "attempt", "base", "blocker", "value", "stale", "ok", "bad", "skip", "marks", "counts")
    differing = [name for name in names if getattr(one, name) != getattr(other, name)]
    flags = ("jobs", "paused", "cancelled_all", "command_number")
    differing += [name for name in flags if getattr(one, name) != getattr(other, name)]
    assert differing == []
    return True


class Synced:
    """Which files and folders were made to survive the loss of power, in order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.found: list[tuple[int, int]] = []
        for name in ("fsync", "fdatasync"):
            patch.setattr(os, name, self.note)

    def note(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        self.found.append((status.st_dev, status.st_ino))

    def take(self) -> list[tuple[int, int]]:
        found, self.found = self.found, []
        return found


def identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


async def test_what_is_on_record_survives_the_loss_of_power(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = Synced(monkeypatch)
    session = start('[tasks.a]\nrun = "test -e ok"\n', paused=True)
    assert session.path is not None
    journal, graph, lock = (session.path / name for name in ("journal.jsonl", "graph.toml", "lock"))
    assert synced.take() == []  # the first node does not wait for the disk
    session.give(Command(CommandKind.RESUME))
    assert set(synced.take()) == set(map(identity, (journal, graph, lock, session.path, session.path.parent)))
    session.give(Command(CommandKind.PAUSE))
    assert synced.take() == [identity(journal)]
    session.give(Command(CommandKind.CANCEL_ALL))
    await session.drive_until_settled()
    synced.take()
    await session.close()
    assert synced.take() == [identity(journal)]
    (tmp_path / "graph.toml").write_text('version = 1\n[tasks.a]\nrun = "true"\n', encoding="utf-8")
    again = resume_run(load(tmp_path / "graph.toml", {}), LaunchOptions(paused=True))
    assert {identity(journal), identity(graph), identity(session.path)} <= set(synced.take())
    await again.close()


GRAPH = """
[tasks.flaky]
run = "test $DAGTUI_ATTEMPT -ge 2"
retries = 1
retry_delay = 0
[tasks.bad]
run = "test -e mended"
[tasks.under]
needs = ["bad", "flaky"]
run = "true"
[tasks.slow]
run = "sleep 600"
[tasks.below]
needs = ["slow"]
run = "true"
[tasks.cleanup]
needs = ["slow"]
trigger = "all_done"
run = "true"
"""


async def test_the_journal_replays_to_the_live_state_after_each_command(start: Start, tmp_path: Path) -> None:
    session = start(GRAPH, jobs=4)
    state, node = session.state, session.graph.node
    async with anyio.create_task_group() as group:
        group.start_soon(session.drive)
        await until(lambda: state.status_of(node("bad")) is NodeStatus.FAILED)
        await until(lambda: state.status_of(node("flaky")) is NodeStatus.COMPLETED)
        assert same(replayed(session), state)
        (tmp_path / "mended").touch()
        for command in [
            Command(CommandKind.SET_JOBS, jobs=3),
            Command(CommandKind.PAUSE),
            Command(CommandKind.CANCEL_SUBTREE, (node("slow"),)),
            Command(CommandKind.RETRY, (node("under"),)),
            Command(CommandKind.RESUME),
        ]:
            assert session.give(command).nothing is None
            assert same(replayed(session), state)
        await until(lambda: session.settled)
        assert same(replayed(session), state)
        group.cancel_scope.cancel()
    await session.close()
    assert state.status_of(node("under")) is NodeStatus.COMPLETED
    assert state.status_of(node("below")) is NodeStatus.CANCELLED
    assert state.status_of(node("cleanup")) is NodeStatus.COMPLETED
    assert state.verdict() is Verdict.CANCELLED


async def test_closing_ends_what_runs_and_releases_the_directory(start: Start) -> None:
    session = start('[tasks.slow]\nrun = "sleep 600"\ngrace = 0.2\n')
    with anyio.move_on_after(30) as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(session.drive)
            await until(lambda: session.alive() == 1)
            group.cancel_scope.cancel()
    assert not scope.cancelled_caught
    assert session.directory is not None
    assert session.directory.is_live()
    await session.close()
    assert not RunDirectory.open(session.directory.path).is_live()


@pytest.mark.parametrize("place", [".dagtui", ".dagtui/graph", ".dagtui/graph/runs", ".dagtui/graph/runs/1"])
async def test_a_session_closes_although_a_task_replaced_its_folder_by_a_file(start: Start, place: str) -> None:
    session = start(f'[tasks.a]\nrun = "until rm -rf {place}; do :; done; touch {place}"\n')
    await session.drive_until_settled()
    await session.close()
    assert session.state.verdict() is Verdict.COMPLETED
    assert session.directory is not None
    assert not session.directory._lock.held


async def test_nothing_is_recorded_behind_the_end_of_a_run(start: Start) -> None:
    session = start('[tasks.a]\nrun = "true"\n')
    await session.drive_until_settled()
    await session.close()
    assert session.path is not None
    before = (session.path / "journal.jsonl").read_bytes()
    session.graph.path.write_text("version = 1\n# edited\n")  # type: ignore[union-attr]
    session.monitor.look()
    session.announce("detached", "its terminal is gone")
    given = session.give(Command(CommandKind.RERUN, (0,)))
    assert given.nothing == "the run has ended"
    assert (session.path / "journal.jsonl").read_bytes() == before
    assert session.directory is not None
    assert ended_well(session.directory)


async def test_a_note_that_an_earlier_version_recorded_behind_the_end_does_not_make_a_run_unended(start: Start) -> None:
    session = start('[tasks.a]\nrun = "true"\n')
    await session.drive_until_settled()
    await session.close()
    assert session.directory is not None
    session.run.has_ended = False  # as it did
    session.note("graph.toml changed")
    assert replayed(session).counts[NodeStatus.COMPLETED] == 1
    assert b"graph.toml changed" in session.directory.journal_path.read_bytes().splitlines()[-1]
    assert ended_well(session.directory)


async def test_the_status_of_a_parent_reaches_its_child(start: Start, tmp_path: Path) -> None:
    session = start(
        '[tasks.a]\nrun = "exit 3"\n'
        '[tasks.b]\nneeds = ["a"]\ntrigger = "all_done"\nrun = "echo {{ needs.a.status }} > out"\n'
    )
    await session.drive_until_settled()
    await session.close()
    assert (tmp_path / "out").read_text() == "failed\n"


async def test_a_second_run_knows_how_long_the_first_took(start: Start) -> None:
    text = '[tasks.a]\nrun = "sleep 0.2"\n[tasks.b]\nneeds = ["a"]\nrun = "sleep 0.1"\n'
    first = start(text)
    assert first.estimate(0) is None
    assert first.remaining() is None
    await first.drive_until_settled()
    await first.close()
    second = start(text)
    assert second.number == first.number + 1
    assert (second.estimate(0) or 0) >= 0.2
    found = second.remaining()
    assert found is not None
    assert found[1] == second.graph.node("a")
    told = status_report(second, Screen.NONE)["remaining"]
    assert isinstance(told, dict)
    assert told["low"] <= told["seconds"] <= told["high"]
    assert told["runs"] == 1
    preview = second.preview(Command(CommandKind.CANCEL, (0,)))
    assert second.seconds_for(preview) == 0.0
    await second.drive_until_settled()
    await second.close()


async def test_thousands_of_nodes_run_and_are_all_on_record(start: Start) -> None:
    count = 2000
    session = start(f'[tasks.n]\nrun = "true"\nmatrix = {{ i = {list(range(count))} }}\n', jobs=4)
    await session.drive_until_settled()
    await session.close()
    assert session.state.counts[NodeStatus.COMPLETED] == count
    assert same(replayed(session), session.state)


def test_processors_are_those_that_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert 1 <= processors() <= len(allowed)
