"""A graph file that is read again while its run goes on, with real processes."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from support.journals import replayed
from support.waiting import until

from dagtui.engine.messages import AttemptNumber, Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.why import why
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.following import read_run
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.reload_preview import ReloadError
from dagtui.runs.restore import resume_run
from dagtui.store.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dagtui.runs.live import LiveRun
    from dagtui.runs.view import RunView

pytestmark = pytest.mark.anyio

GATED = 'run = "until test -e go; do sleep 0.02; done"'
"""A command that runs until a file appears."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "graph.toml"


def write(file: Path, text: str) -> None:
    file.write_text("version = 1\n" + text, encoding="utf-8")


def begin(file: Path, text: str, **options: object) -> LiveRun:
    write(file, text)
    return start_run(load(file, {}), LaunchOptions(**{"jobs": 4, **options}))


@asynccontextmanager
async def driven(run: LiveRun) -> AsyncIterator[None]:
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(run.drive)
            yield
            group.cancel_scope.cancel()
    finally:
        await run.close()


async def reload(run: LiveRun) -> None:
    await run.reload(await run.read_graph_again())


def status(run: RunView, name: str) -> NodeStatus:
    return run.state.status_of(run.graph.node(name))


async def reaches(run: RunView, name: str, wanted: NodeStatus) -> None:
    await until(lambda: status(run, name) is wanted)


async def test_holds_stay_by_name_over_a_reload(file: Path) -> None:
    run = begin(file, f'[tasks.first]\n{GATED}\n[tasks.a]\nneeds = ["first"]\nrun = "true"\n[tasks.b]\nrun = "true"\n')
    async with driven(run):
        run.give(Command(CommandKind.HOLD, (run.graph.node("a"),)))
        write(
            file,
            f'[tasks.new]\nrun = "true"\n[tasks.a]\nneeds = ["first", "new"]\nrun = "true"\n[tasks.first]\n{GATED}\n',
        )
        await reload(run)
        assert run.state.held == {run.graph.node("a")}
        (file.parent / "go").touch()
        await until(lambda: run.waits == "waits for a to be released")
        assert replayed(run).held == run.state.held
        run.give(Command(CommandKind.RELEASE, (run.graph.node("a"),)))
        await reaches(run, "a", NodeStatus.COMPLETED)


async def test_an_attempt_goes_on_over_a_reload_and_its_success_counts(file: Path) -> None:
    run = begin(file, f'[tasks.long]\n{GATED}\n[tasks.after]\nneeds = ["long"]\nrun = "false"\n')
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        write(
            file, f'[tasks.new]\nrun = "true"\n[tasks.long]\n{GATED}\n[tasks.after]\nneeds = ["long"]\nrun = "true"\n'
        )
        await reload(run)
        assert run.graph.labels == ["new", "long", "after"]
        assert status(run, "long") is NodeStatus.RUNNING
        await reaches(run, "new", NodeStatus.COMPLETED)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
        assert run.state.attempt[run.graph.node("long")] == 1
        assert not run.state.stale_count


async def test_a_failed_node_is_retried_with_its_new_command(file: Path) -> None:
    run = begin(file, '[tasks.a]\nrun = "exit 3"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n')
    async with driven(run):
        await until(lambda: run.settled)
        write(file, '[tasks.a]\nrun = "true"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n')
        preview = await run.read_graph_again()
        assert {name: node.status for name, node in preview.changed.items()} == {"a": NodeStatus.FAILED}
        await run.reload(preview)
        assert status(run, "a") is NodeStatus.FAILED
        run.give(Command(CommandKind.RETRY, (run.graph.node("a"),)))
        await until(lambda: run.settled)
        assert run.state.verdict() is Verdict.COMPLETED
        assert run.state.attempt[run.graph.node("a")] == 2


async def test_a_changed_success_becomes_stale_with_what_is_below(file: Path) -> None:
    text = '[tasks.a]\nrun = "{}"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n[tasks.c]\nrun = "true"\n'
    run = begin(file, text.format("true"))
    async with driven(run):
        await until(lambda: run.settled)
        write(file, text.format("true 2"))
        preview = await run.read_graph_again()
        assert preview.stale == ("a", "b")
        assert preview.words() == "1 node changed, 2 become stale"
        await run.reload(preview)
        assert [run.graph.labels[node] for node in run.graph.nodes if run.state.stale[node]] == ["a", "b"]
        run.give(Command(CommandKind.RERUN, (run.graph.node("a"),)))
        await until(lambda: run.settled)
        assert not run.state.stale_count


async def test_a_removed_node_ends_first_and_can_be_cancelled(file: Path) -> None:
    run = begin(file, f'[tasks.long]\n{GATED}\n[tasks.other]\n{GATED}\n[tasks.kept]\nrun = "true"\n')
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        await reaches(run, "other", NodeStatus.RUNNING)
        await reaches(run, "kept", NodeStatus.COMPLETED)
        write(file, '[tasks.kept]\nrun = "true"\n[tasks.new]\nrun = "true"\n')
        preview = await run.read_graph_again()
        assert preview.removed_running == ("long", "other")
        await run.reload(preview)
        assert run.graph.labels == ["kept", "new", "long", "other"]
        assert {run.graph.labels[node] for node in run.state.leaving} == {"long", "other"}
        assert why(run.state, run.graph.node("long"), run.clock()).endswith("removed from the file")
        run.give(Command(CommandKind.CANCEL, (run.graph.node("long"),)))
        await reaches(run, "long", NodeStatus.CANCELLED)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert status(run, "other") is NodeStatus.COMPLETED
        assert run.state.verdict() is Verdict.COMPLETED
        await reload(run)
        assert run.graph.labels == ["kept", "new"]


async def test_a_bad_file_changes_nothing(file: Path) -> None:
    run = begin(file, f"[tasks.long]\n{GATED}\n")
    async with driven(run):
        graph = run.graph
        write(file, '[tasks.long]\nneeds = ["nothing"]\nrun = "true"\n')
        with pytest.raises(GraphError) as caught:
            await run.read_graph_again()
        assert "nothing" in str(caught.value)
        assert run.graph is graph
        (file.parent / "go").touch()
        await until(lambda: run.settled)


async def test_a_pipe_in_place_of_the_file_is_not_waited_for(file: Path) -> None:
    run = begin(file, '[tasks.a]\nrun = "true"\n')
    async with driven(run):
        await until(lambda: run.settled)
        preview = await run.read_graph_again()
        os.rename(file, file.with_name("before"))
        os.mkfifo(file)
        with anyio.fail_after(20):
            with pytest.raises(GraphError, match="is a pipe or device"):
                await run.read_graph_again()
            with pytest.raises(ReloadError):
                await run.reload(preview)


async def test_a_node_that_comes_back_keeps_the_numbers_and_logs_of_its_attempts(file: Path) -> None:
    kept = f"[tasks.kept]\n{GATED}\n"
    back = '[tasks.back]\nrun = "echo {}; exit {}"\nretries = {}\nretry_delay = "0s"\n'
    run = begin(file, kept + back.format("old", 0, 0))
    async with driven(run):
        await reaches(run, "back", NodeStatus.COMPLETED)
        write(file, kept)
        await reload(run)
        write(file, kept + back.format("new", 1, 1))
        await reload(run)
        await reaches(run, "back", NodeStatus.FAILED)
        assert run.state.attempt[run.graph.node("back")] == 3  # the second, and its retry
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert replayed(run).attempt == run.state.attempt
    logs = [run.directory.log_path("back", AttemptNumber(number)) for number in (1, 2, 3)]
    assert [log.read_text("utf-8") for log in logs] == ["old\n", "new\n", "new\n"]


@pytest.mark.parametrize("more", ["", "allow_failure = true\n", 'timeout = "1h"\n'])
async def test_a_running_node_that_comes_back_is_told_as_that(file: Path, more: str) -> None:
    kept, long = '[tasks.kept]\nrun = "true"\n', f"[tasks.long]\n{GATED}\n{more}"
    run = begin(file, kept + long)
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        write(file, kept)
        await reload(run)
        assert run.state.leaving
        write(file, kept + long)
        preview = await run.read_graph_again()
        assert (preview.words(), preview.returning) == ("1 removed node comes back", ("long",))
        assert not preview.changes_nothing
        await run.reload(preview)
        assert (status(run, "long"), set(run.state.leaving)) == (NodeStatus.RUNNING, set())
        assert (await run.read_graph_again()).changes_nothing
        (file.parent / "go").touch()
        await until(lambda: run.settled)


async def test_a_node_that_comes_back_waits_in_the_record_too(file: Path) -> None:
    long = f"[tasks.long]\n{GATED}\n"
    run = begin(file, long + '[tasks.back]\nrun = "true"\n')
    async with driven(run):
        await reaches(run, "back", NodeStatus.COMPLETED)
        write(file, long)
        await reload(run)
        write(file, long + '[tasks.back]\nneeds = ["long"]\nrun = "true"\n')
        await reload(run)
        assert (status(run, "back"), run.state.attempt[run.graph.node("back")]) == (NodeStatus.WAITING, 1)
        assert bytes(replayed(run).status) == bytes(run.state.status)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        assert run.state.attempt[run.graph.node("back")] == 2


async def test_a_preview_is_refused_when_the_file_or_the_run_has_changed(file: Path) -> None:
    run = begin(file, '[tasks.a]\nrun = "true"\n')
    async with driven(run):
        write(file, '[tasks.a]\nrun = "true"\n[tasks.b]\nrun = "true"\n')
        preview = await run.read_graph_again()
        write(file, '[tasks.a]\nrun = "true"\n[tasks.c]\nrun = "true"\n')
        with pytest.raises(ReloadError, match="has changed"):
            await run.reload(preview)
        edited = b'version = 1\n[tasks.a]\nrun = "true"\n[tasks.d]\nrun = "true"\n'
        given = await run.read_graph_again({str(file): edited})
        await run.reload(given)
        assert run.graph.labels == ["a", "d"]
        with pytest.raises(ReloadError, match="another graph"):
            await run.reload(given)
        await reaches(run, "d", NodeStatus.COMPLETED)


async def test_two_reloads_are_replayed_and_resumed(file: Path) -> None:
    run = begin(file, f'[tasks.long]\n{GATED}\n[tasks.x]\nrun = "true"\n')
    async with driven(run):
        await reaches(run, "long", NodeStatus.RUNNING)
        write(file, f'[tasks.y]\nrun = "true"\n[tasks.x]\nrun = "true 2"\n[tasks.long]\n{GATED}\n')
        await reload(run)
        await reaches(run, "y", NodeStatus.COMPLETED)
        write(file, f'[tasks.z]\nrun = "false"\n[tasks.long]\n{GATED}\n[tasks.y]\nrun = "true"\n')
        await reload(run)
        await reaches(run, "z", NodeStatus.FAILED)
        (file.parent / "go").touch()
        await until(lambda: run.settled)
        state = replayed(run)
        assert bytes(state.status) == bytes(run.state.status)
        seen = read_run(run.directory, file)
        assert seen.graph.labels == ["z", "long", "y"]
        assert bytes(seen.state.status) == bytes(run.state.status)
    write(file, f'[tasks.z]\nrun = "true"\n[tasks.long]\n{GATED}\n[tasks.y]\nrun = "true"\n')
    again = resume_run(load(file, {}), LaunchOptions())
    async with driven(again):
        await until(lambda: again.settled)
        assert again.state.verdict() is Verdict.COMPLETED
        assert [again.state.cause_of(again.graph.node(name)) for name in ("long", "y")] == [Cause.RESUMED] * 2


KILLED = """
import anyio, os, signal, sys
from pathlib import Path
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs import reloading
from dagtui.runs.launch import LaunchOptions
from dagtui.store.files import replace_file

async def main(path, fresh, when):
    if when == "before the graph is on record":
        reloading.replace_file = replace_all_but_the_graph
    run = start_run(load(path, {}), LaunchOptions(jobs=4))
    async with anyio.create_task_group() as group:
        group.start_soon(run.drive)
        while not (path.parent / "pid").exists():
            await anyio.sleep(0.01)
        path.write_text(fresh, encoding="utf-8")
        await run.reload(await run.read_graph_again())
        (path.parent / "go").touch()
        leader = Path("/proc", (path.parent / "pid").read_text().strip())
        while leader.exists():  # the loop stands still, so that the end is not recorded
            pass
        kill()

def replace_all_but_the_graph(path, content):
    kill() if path.name == "graph.toml" else replace_file(path, content)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main, Path(sys.argv[1]), *sys.argv[2:])
"""
"""A session that is killed right after a reload, when an attempt has ended that began before it."""
ONE_PLACE = '[tasks.{}]\nrun = "{}"\n'


@pytest.mark.parametrize("changed", [False, True])
async def test_a_session_killed_after_a_reload_loses_no_success(file: Path, *, changed: bool) -> None:
    long = "echo $$ > .pid; mv .pid pid; until test -e go; do sleep 0.02; done"
    first = ONE_PLACE.format("first", "true")
    new = '[tasks.new]\nneeds = ["long"]\nrun = "true"\n'
    write(file, first + ONE_PLACE.format("long", long))
    fresh = f"version = 1\n{new}{first}{ONE_PLACE.format('long', long + '; true' if changed else long)}"
    killed = await anyio.run_process([sys.executable, "-c", KILLED, str(file), fresh, ""], check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert read_run(RunDirectory.open(runs_of(file) / "1"), file).graph.labels == ["new", "first", "long"]
    again = resume_run(load(file, {}), LaunchOptions())
    async with driven(again):
        await until(lambda: again.settled)
        long_node = again.graph.node("long")
        assert again.state.verdict() is Verdict.COMPLETED
        assert (again.state.attempt[long_node], again.state.cause_of(long_node)) == (1, Cause.RESUMED)
        assert bool(again.state.stale[long_node]) is changed
        assert not (again.path / "numbers.json").exists()


async def test_a_session_killed_within_a_reload_is_resumed_with_the_graph_of_before(file: Path) -> None:
    write(file, ONE_PLACE.format("first", "echo 1 >> ran") + ONE_PLACE.format("long", "echo $$ > pid; exec sleep 60"))
    fresh = f"version = 1\n{ONE_PLACE.format('new', 'true')}{ONE_PLACE.format('first', 'echo 2 >> ran')}"
    words = [sys.executable, "-c", KILLED, str(file), fresh, "before the graph is on record"]
    killed = await anyio.run_process(words, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert read_run(RunDirectory.open(runs_of(file) / "1"), file).graph.labels == ["first", "long"]
    again = resume_run(load(file, {}), LaunchOptions())
    async with driven(again):
        await until(lambda: again.settled)
        assert again.graph.labels == ["new", "first"]
        assert again.state.verdict() is Verdict.COMPLETED
    assert file.with_name("ran").read_text(encoding="utf-8") == "1\n2\n"
    leader = int(file.with_name("pid").read_text(encoding="utf-8"))
    with pytest.raises(ProcessLookupError):
        os.kill(leader, 0)


def runs_of(file: Path) -> Path:
    return file.parent / ".dagtui" / file.stem / "runs"
