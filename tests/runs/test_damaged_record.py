"""What of a run's directory is removed, emptied or replaced: a run that can go on goes on, any other says why not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import anyio
import pytest

from dagtui.engine.status import Verdict
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.last_run import resumable, resumption
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.restore import resume_run
from dagtui.store.directory import RunDirectory
from dagtui.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.runs.live import LiveRun

GRAPH = """version = 1
[tasks.a]
run = "echo a | tee -a trace"
[tasks.b]
needs = ["a"]
run = "echo b >> trace; echo id $DAGTUI_RUN_ID; test -e ok"
"""


def run_to_the_end(begin: Callable[[], LiveRun]) -> LiveRun:
    async def drive() -> LiveRun:
        session = begin()
        await session.drive_until_settled()
        await session.close()
        return session

    return anyio.run(drive)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run in which `a` succeeded and `b` failed."""
    folder = tmp_path_factory.mktemp("failed")
    (folder / "graph.toml").write_text(GRAPH)
    run_to_the_end(lambda: start_run(load(folder / "graph.toml")))
    return folder


@pytest.fixture
def folder(failed: Path, tmp_path: Path) -> Path:
    """A copy of it, in which `b` would succeed."""
    found = tmp_path / "project"
    shutil.copytree(failed, found, symlinks=True)
    (found / "ok").touch()
    return found


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def empty(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        path.mkdir()
    else:
        path.write_bytes(b"")


def replace_by_folder(path: Path) -> None:
    remove(path)
    path.mkdir()


def replace_by_link(path: Path) -> None:
    remove(path)
    path.symlink_to("/nonexistent")


def replace_by_garbage(path: Path) -> None:
    remove(path)
    path.write_bytes(b"\0\xff garbage\n")


DAMAGES = (remove, empty, replace_by_folder, replace_by_link, replace_by_garbage)
GOES_ON = {
    "runs/1/lock": (remove, empty, replace_by_garbage),
    "runs/1/logs": DAMAGES[:3],
    "runs/1/keepers": DAMAGES,
    "latest": (remove, replace_by_folder, replace_by_link, replace_by_garbage),
    "history.json": DAMAGES,
}


def resume(folder: Path) -> LiveRun:
    return run_to_the_end(lambda: resume_run(load(folder / "graph.toml")))


@pytest.mark.parametrize(
    ("name", "damage"), [(name, damage) for name, damages in GOES_ON.items() for damage in damages]
)
def test_what_holds_no_success_does_not_keep_a_run_from_going_on(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = folder / ".dagtui/graph" / name
    damage(path)
    session = resume(folder)
    assert session.state.verdict() is Verdict.COMPLETED
    assert (folder / "trace").read_text() == "a\nb\nb\n"
    assert RunDirectory.open(folder / ".dagtui/graph/runs/1").run_id


@pytest.mark.parametrize("damage", [remove, empty, replace_by_garbage])
def test_a_lock_that_is_made_anew_names_the_run_for_its_nodes(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / ".dagtui/graph/runs/1/lock")
    session = resume(folder)
    directory = RunDirectory.open(folder / ".dagtui/graph/runs/1")
    log = directory.log_path("b", session.state.attempt[session.graph.node("b")])
    assert log.read_text() == f"id {directory.run_id}\n"
    assert "was recreated" in directory.journal_path.read_text()


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("journal.jsonl", remove, "journal.jsonl, is gone: what completed is unknown"),
        ("journal.jsonl", replace_by_folder, "journal.jsonl, is not a file"),
        ("journal.jsonl", replace_by_link, "journal.jsonl, is a symbolic link"),
        ("journal.jsonl", replace_by_garbage, "no line of it is intact"),
        ("graph.toml", remove, "its record of the graph, "),
        ("graph.toml", empty, "its record of the graph, "),
        ("graph.toml", replace_by_folder, "its record of the graph, "),
        ("graph.toml", replace_by_link, "its record of the graph, "),
        ("graph.toml", replace_by_garbage, "its record of the graph, "),
    ],
)
def test_a_run_whose_record_is_damaged_says_what_is_the_matter_and_how_to_go_on(
    folder: Path, name: str, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder / ".dagtui/graph/runs/1" / name)
    with pytest.raises(StoreError, match=r"--fresh") as caught:
        resume(folder)
    assert words in str(caught.value)
    assert (folder / "trace").read_text() == "a\nb\n"
    assert run_to_the_end(lambda: start_run(load(folder / "graph.toml"))).number == 2


def test_an_empty_journal_lets_everything_run_again_and_says_so(folder: Path) -> None:
    empty(folder / ".dagtui/graph/runs/1/journal.jsonl")
    session = resume(folder)
    assert session.state.verdict() is Verdict.COMPLETED
    assert (
        "its journal was empty: no success is recorded" in (folder / ".dagtui/graph/runs/1/journal.jsonl").read_text()
    )


@pytest.mark.parametrize("damage", [replace_by_folder, replace_by_link])
def test_what_stands_in_the_place_of_a_lock_is_to_be_moved_away(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / ".dagtui/graph/runs/1/lock")
    with pytest.raises(StoreError, match=r"is in its place; (move it away|remove it)"):
        resume(folder)


def test_a_run_whose_record_is_gone_leaves_the_one_before_it_in_reach(folder: Path) -> None:
    graph = load(folder / "graph.toml")
    run_to_the_end(lambda: start_run(graph))
    shutil.rmtree(folder / ".dagtui/graph/runs/2")
    (folder / ".dagtui/graph/runs/2/logs").mkdir(parents=True)
    found = resumption(folder / "graph.toml")
    assert found is not None
    assert found.directory.number == 1
    with pytest.raises(StoreError, match=r"nothing of its record is left .*; --resume 1 resumes the one before"):
        resumable(graph, 2)


def test_a_live_run_whose_lock_was_removed_is_not_resumed_beside_itself(folder: Path) -> None:
    (folder / "ok").unlink()
    graph = load(folder / "graph.toml")
    session = resume_run(graph, LaunchOptions(paused=True))
    try:
        for damage in (remove, replace_by_garbage):
            directory = folder / ".dagtui/graph/runs/1"
            damage(directory / "lock")
            with pytest.raises(StoreError, match="is live"):
                resume_run(graph)
            session.monitor.look()
            assert RunDirectory.open(directory).is_live()
            assert session.directory is not None
            assert RunDirectory.open(directory).run_id == session.directory.run_id
    finally:
        anyio.run(session.close)
