"""What a run leaves to the history of its graph when it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.runs import estimates, past_runs
from dagtui.runs.beginning import start_run
from dagtui.runs.usual import UsualTime, took_in, usual_of
from dagtui.store.history import History
from dagtui.store.paths import graph_folder
from dagtui.store.run_figures import FOLDER, NodeFigures, RunFigures, read_runs, write_run
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

GRAPH = """
version = 1
[tasks.flaky]
run = "test $DAGTUI_ATTEMPT = 2"
retries = 1
retry_delay = 0
[tasks.broken]
run = "sleep 0.02; exit 3"
needs = ["flaky"]
[tasks.blocked]
run = "true"
needs = ["broken"]
[tasks.well]
run = "true"
[tasks.outside]
run = "true"
default = false
"""


async def a_run(path: Path, *, retry: bool = False) -> None:
    session = start_run(load(path))
    await session.drive_until_settled()
    if retry:
        session.give(Command(CommandKind.RETRY, (1,)))
        await session.drive_until_settled()
        session.give(Command(CommandKind.MARK_DONE, (1,)))
        await session.drive_until_settled()
    await session.close()


def test_each_run_leaves_what_its_nodes_took(tmp_path: Path):
    path = tmp_path / "g.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)
    anyio.run(lambda: a_run(path, retry=True))
    first, second = read_runs(path)
    assert (first.number, first.verdict, second.number) == (1, "failed", 2)
    assert first.active > 0.02
    assert first.names.labels == ["flaky", "broken", "blocked", "well"], "what is outside the run is no part of it"
    assert counts(first, "flaky") == (NodeStatus.COMPLETED, 2, 1)
    well = first.node("well")
    assert well is not None
    assert counts(first, "well") == (NodeStatus.COMPLETED, 1, 0)
    assert well.usage is not None
    assert well.usage.cpu >= 0
    assert counts(first, "broken") == (NodeStatus.FAILED, 1, 1)
    assert first.node("blocked") == NodeFigures(NodeStatus.FAILED_PARENT)
    assert counts(second, "broken") == (NodeStatus.FAILED, 2, 2), "a person's mark is not a success"
    broken = second.node("broken")
    assert broken is not None
    assert broken.seconds >= 0.02
    assert broken.usage is not None


def test_estimates_are_taught_in_a_thread_after_what_was_recorded_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "g.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)
    found = []

    def pace(seconds: Sequence[float]) -> UsualTime:
        found.append((threading.current_thread() is threading.main_thread(), History.load(path).together.runs))
        return UsualTime(7.0, 0.0, len(seconds), None)

    monkeypatch.setattr(estimates, "pace_of", pace)
    anyio.run(a_run, path)
    assert found == [(False, 1)] * 2
    assert History.load(path).estimate("well", "") == 7.0


def test_the_next_run_takes_over_one_whose_session_was_killed(tmp_path: Path):
    path = tmp_path / "g.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)
    (left,) = (graph_folder(path) / FOLDER).iterdir()
    before = read_runs(path)[0]
    left.unlink()
    anyio.run(a_run, path)
    taken_over, second = read_runs(path)
    assert (taken_over.number, second.number) == (1, 2)
    assert taken_over.verdict == before.verdict
    assert {name: taken_over.node(name) for name in before.names.labels}.keys() == {
        "flaky",
        "broken",
        "blocked",
        "well",
    }
    assert [counts(taken_over, name) for name in before.names.labels] == [
        counts(before, name) for name in before.names.labels
    ]


def test_a_long_journal_is_left_to_the_statistics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The end of the next run begins to read it, beside the event loop."""
    path = tmp_path / "g.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)
    for left in (graph_folder(path) / FOLDER).iterdir():
        left.unlink()
    threads = []

    def noted(*run: object) -> None:
        threads.append(threading.current_thread())
        take_over_before(*run)

    take_over_before = past_runs.take_over_before
    monkeypatch.setattr(past_runs, "take_over_before", noted)
    monkeypatch.setattr(past_runs, "MOST_SECONDS", 0.0)
    anyio.run(a_run, path)
    assert [run.number for run in read_runs(path)] == [2]
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    assert [run.number for run in past_runs.past_runs(path)] == [1, 2]


def counts(run: RunFigures, name: str) -> tuple[NodeStatus, int, int] | None:
    found = run.node(name)
    return None if found is None else (found.outcome, found.attempts, found.failures)


def test_a_run_ends_all_the_same_where_nothing_can_be_left(tmp_path: Path):
    path = tmp_path / "g.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)
    folder = graph_folder(path) / FOLDER
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("in the way")
    anyio.run(a_run, path)
    assert read_runs(path) == []


def test_a_fault_of_ours_in_what_is_left_does_not_cost_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(_run: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("dagtui.runs.figures.figures_of", fail)
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH)
    anyio.run(a_run, path)


def test_what_is_expected_of_a_node_is_what_it_usually_takes(tmp_path: Path):
    """A single slow run counts neither in the plan nor in the details."""
    path = tmp_path / "g.toml"
    path.write_text('version = 1\n[tasks.a]\nrun = "true"\n')
    anyio.run(a_run, path)
    for number, seconds in enumerate([2.0, 2.0, 2.0, 2.0, 90.0], 2):
        took = [("a", NodeFigures(NodeStatus.COMPLETED, 1, 0, seconds))]
        write_run(path, RunFigures.of(number, WallTime(number), 90.0, "completed", took))
    anyio.run(a_run, path)
    history = History.load(path)
    usual = usual_of(took_in(read_runs(path), "a"))
    assert history.estimate("a", "") == usual.seconds == 2.0
    assert history.spread("a", 2.0).runs == usual.rests_on
