"""The tab Runs: one node in the last runs, read in its own time, and opened from there."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from support.golden_journals import GOLDEN, NAMES
from support.program import call, write
from support.waiting import until
from tui.app.runs import opened
from tui.widget_harness import texts

from dagtui.engine.status import NodeStatus
from dagtui.host.job_control import ProgramEnd
from dagtui.runs.following import FollowedRun
from dagtui.runs.node_runs import MOST, NodeRun, failures_in_words, node_run, share_of, usual_of
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.journal_scan import last_record
from dagtui.store.node_records import last_record_of
from dagtui.text.amounts import CellWidth, WallTime
from dagtui.text.look import IN_UNICODE
from dagtui.tui.node.run_rows import rows_of_runs
from dagtui.tui.terminal.watching import WatchApp

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("block", [64, 262_144])
def test_the_last_record_of_a_node_is_found_from_the_end(name: str, block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.store.node_records._BLOCK", block)
    path = GOLDEN / f"{name}.jsonl"
    labels = {line.split('"node":"')[1].split('"')[0] for line in path.read_text().splitlines() if '"node":"' in line}
    for label in [*labels, "not there"]:
        assert last_record_of(path, label) == last_record(path, label)


def test_a_damaged_record_is_passed_over(tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    text = (GOLDEN / "retry.jsonl").read_text()
    label = text.split('"node":"')[1].split('"')[0]
    path.write_text(text)
    before = last_record_of(path, label)
    assert before is not None
    path.write_text(text.replace(f'"seq":{before["seq"]},', f'"seq":{before["seq"]}0,'))
    after = last_record_of(path, label)
    assert after is not None
    assert after["seq"] < before["seq"]


def test_what_is_usual_comes_from_other_runs_that_completed():
    ok, failed = NodeStatus.COMPLETED, NodeStatus.FAILED
    found = [NodeRun(number, ok, 1, None, float(number)) for number in (1, 2, 3)]
    found += [NodeRun(4, failed, 2, None, 99.0, "exit 1"), NodeRun(5), NodeRun(6, why="torn", is_readable=False)]
    assert usual_of(found, 3) == 1.5
    assert share_of(found, found[2]) == 1.0
    assert share_of(found, found[4]) is None
    assert failures_in_words(found) == "failed in 1 of 4 runs"
    assert failures_in_words(found[:3]) == ""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph with three runs, of which the second failed."""
    folder = tmp_path_factory.mktemp("ran")
    path = write(folder, '[tasks.a]\nrun = "test ! -e bad"\n[tasks.b]\nrun = "true"\n')
    for is_bad in (False, True, False):
        (folder / "bad").touch() if is_bad else (folder / "bad").unlink(missing_ok=True)
        call("run", "graph.toml", "--fresh", cwd=folder)
    return path


async def test_the_tab_shows_what_became_of_the_node_and_enter_opens_a_run_there(
    ran: Path, monkeypatch: pytest.MonkeyPatch
):
    (damaged := ran.parent / ".dagtui/graph/runs/9").mkdir(mode=0o700)
    app = WatchApp(FollowedRun.open(runs(ran)[2], ran))
    called: list[list[str]] = []

    async def run(command: list[str], _defaults: object) -> ProgramEnd:
        called.append(command)
        return ProgramEnd("", 0)

    monkeypatch.setattr(app.place, "run", run)
    monkeypatch.setattr(app, "suspend", nullcontext)
    async with opened(app) as pilot:
        app.jump(app.view.graph.find("a"))
        await pilot.press("4", "tab")
        pane = app.main.side.runs
        await until(lambda: len(pane.rows) == 6)
        shown = [row.text for row in pane.rows]
        assert "failed in 1 of 3 runs" in shown[0]
        assert [line.split()[0] for line in shown[2:6]] == ["9", "3", "2", "1"]
        assert "can't be read: No such file" in shown[2]
        assert "this run" in shown[3]
        assert "✗" in shown[4]
        assert "exit 1" in shown[4]
        await pilot.press("j", "enter")
        await until(lambda: bool(called))
        assert called[0][4:] == ["attach", "--read-only", "--run", "2", "--node", "a", "--", str(ran)]
        app.jump(app.view.graph.find("b"))
        await until(lambda: len(pane.rows) == 6 and "✗" not in "".join(texts(pane)))
    shutil.rmtree(damaged)


@pytest.mark.parametrize("columns", [26, 43, 60, 119])
def test_words_stand_behind_the_figures_or_whole_below_them(columns: int):
    ok, failed = NodeStatus.COMPLETED, NodeStatus.FAILED
    found = [NodeRun(1, ok, 1, WallTime(1e9), 2.0), NodeRun(2, failed, 2, WallTime(1e9), 2.0, "exit 1")]
    rows = rows_of_runs(found, 2, 0, IN_UNICODE, CellWidth(columns))[2:]
    said = "this run, 2 attempts, exit 1"
    assert [one.text.split()[0] for one in rows if one.text[:4].strip()] == ["2", "1"]
    whole = rows[0].whole or rows[0].text
    assert whole.endswith(f"  {said}")
    assert len(rows) == (2 if columns == 119 else 3)
    if columns < 119:
        assert rows[1].text == f"     {said}"
        assert rows[1].jump == -1
    assert rows[-1].jump == 1


def test_times_that_say_nothing_are_left_out():
    found = [NodeRun(number, NodeStatus.COMPLETED, 1, None, seconds) for number, seconds in ((1, 0.04), (2, 0.1))]
    first, second = rows_of_runs(found, 3, 0, IN_UNICODE, CellWidth(80))[2:]
    assert "0.1 s" in first.text
    assert " s" not in second.text


def test_a_usual_time_that_rounds_to_nothing_is_said_in_words():
    found = [NodeRun(number, NodeStatus.COMPLETED, 1, None, 0.01) for number in (1, 2)]
    assert rows_of_runs(found, 3, 0, IN_UNICODE, CellWidth(80))[0].text.startswith("usually less than 0.1 s")


def test_no_more_runs_are_looked_at_than_are_shown():
    assert MOST == 20
    assert node_run(RunDirectory(Path("/nowhere/7")), "a").is_readable is False


async def test_a_run_is_watched_from_a_node_on(ran: Path):
    app = WatchApp(FollowedRun.open(runs(ran)[1], ran), "b")
    async with opened(app):
        assert app.main.node == app.view.graph.find("b")
    assert call("attach", "graph.toml", "--node", "a", cwd=ran.parent).returncode == 2
