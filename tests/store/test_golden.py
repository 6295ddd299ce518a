"""Journals as people have them on their disks: they replay to the same state for ever."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from store.record_golden import STORIES, final_state
from support.golden_journals import GOLDEN, NAMES, decoded, encoded, golden, replayed
from support.journals import read_journal

from dagtui.store.directory import RunDirectory
from dagtui.store.errors import JournalError
from dagtui.store.journal import JournalFollower
from dagtui.store.journal_scan import last_record, scan_journal
from dagtui.store.summary import RunOutcome, summarise

if TYPE_CHECKING:
    from pathlib import Path

STANDINGS = {"completed": RunOutcome.COMPLETED, "failed": RunOutcome.FAILED, "cancelled": RunOutcome.CANCELLED}


def expected(name: str) -> dict[str, object]:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def test_every_story_was_recorded():
    assert sorted([*STORIES, "lost"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_journal_replays_to_the_state_that_its_run_left(name: str):
    reading = read_journal(GOLDEN / f"{name}.jsonl")
    assert reading.problem is None
    assert final_state(replayed(name, reading.records)) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_journal_is_skimmed_to_the_same(name: str):
    found = scan_journal(GOLDEN / f"{name}.jsonl")
    nodes = expected(name)["nodes"]
    assert isinstance(nodes, dict)
    assert {label: record.status for label, record in found.nodes.items()} == {
        label: node["status"] for label, node in nodes.items() if label in found.nodes
    }
    assert all(node["status"] == "WAITING" for label, node in nodes.items() if label not in found.nodes)
    assert {label: record.attempt for label, record in found.nodes.items()} == {
        label: node["attempt"] for label, node in nodes.items() if label in found.nodes
    }
    assert found.problem is None
    assert found.ended is (name != "lost")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("why", ["", "left settled"])
def test_a_golden_run_is_summarised_by_its_verdict(name: str, why: str, tmp_path: Path):
    with closing(RunDirectory.create(tmp_path / "g.toml", (GOLDEN / f"{name}.toml").read_text())) as run:
        records = decoded(golden(name))
        if why and records[-1].get("what") == "ended":  # as the screen leaves a run: the verdict is in no word
            records[-1]["why"] = why
        run.journal_path.write_bytes(encoded(records))
        assert summarise(run).outcome is RunOutcome.LIVE
    summary = summarise(run)
    assert summary.outcome is STANDINGS.get(str(expected(name)["verdict"]), RunOutcome.LOST)
    assert sum(summary.counts.values()) == len(scan_journal(run.journal_path).nodes)
    assert summary.seconds is not None
    assert summary.seconds > 0


@pytest.mark.parametrize(
    ("verdict", "standing"),
    [
        ("completed", RunOutcome.COMPLETED),
        ("failed", RunOutcome.FAILED),
        ("cancelled", RunOutcome.CANCELLED),
        ("running", RunOutcome.CANCELLED),
        ("danced", RunOutcome.FAILED),
        (3, RunOutcome.FAILED),
    ],
)
def test_the_verdict_that_a_run_told_is_taken_and_its_graph_not_read(
    verdict: object, standing: RunOutcome, tmp_path: Path
):
    records = decoded(golden("allowed-failure"))
    records[-1] |= {"why": "left settled", "verdict": verdict}
    with closing(RunDirectory.create(tmp_path / "g.toml", "")) as run:
        run.journal_path.write_bytes(encoded(records))
    # Without its graph nobody knows that the failure was allowed.
    run.graph_path.unlink()
    assert summarise(run).outcome is standing


@pytest.mark.parametrize(
    ("later", "standing"),
    [("jobs", RunOutcome.CANCELLED), ("retry", RunOutcome.FAILED), ("cancel all", RunOutcome.CANCELLED)],
)
def test_of_a_run_without_a_verdict_a_cancel_of_all_counts_until_something_is_tried_again(
    later: str, standing: RunOutcome, tmp_path: Path
):
    *records, end = decoded(golden("failed-then-cancelled"))
    records.append({"time": 1.5, "event": "command", "number": 99, "command": later, "nodes": [], "at": 9.0})
    end["why"] = "left settled"
    end.pop("verdict", None)
    with closing(RunDirectory.create(tmp_path / "g.toml", "")) as run:
        run.journal_path.write_bytes(encoded([*records, end]))
    assert summarise(run).outcome is standing


@pytest.mark.parametrize(("allowed", "standing"), [("a", RunOutcome.COMPLETED), ("b", RunOutcome.FAILED)])
def test_of_a_run_without_a_verdict_the_failure_of_a_cell_is_allowed_by_its_task(
    allowed: str, standing: RunOutcome, tmp_path: Path
):
    *records, end = decoded(golden("allowed-failure"))
    for record in records:
        if "node" in record:
            record["node"] = "a[x=1]"
    end["why"] = "left settled"
    end.pop("verdict", None)
    with closing(RunDirectory.create(tmp_path / "g.toml", f"[tasks.{allowed}]\nallow_failure = true\n")) as run:
        run.journal_path.write_bytes(encoded([*records, end]))
    assert summarise(run).outcome is standing


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_and_kinds_are_ignored(name: str, tmp_path: Path):
    pick = random.Random(11)
    records: list[dict[str, object]] = []
    for record in decoded(golden(name)):
        records.append({"flavour": "new", **record, "more": {"nested": [1, None]}})
        if pick.random() < 0.3:
            records.append({"time": 1.5, "event": "weather", "node": "first", "status": "SUNNY", "at": 0.0})
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encoded(records))
    reading = read_journal(path)
    assert reading.problem is None
    assert final_state(replayed(name, reading.records)) == expected(name)
    plain, changed = scan_journal(GOLDEN / f"{name}.jsonl"), scan_journal(path)
    assert (changed.nodes, changed.ended, changed.why) == (plain.nodes, plain.ended, plain.why)


@pytest.mark.parametrize("name", NAMES)
def test_commands_of_later_versions_leave_a_run_as_it_was_but_for_the_numbers(name: str, tmp_path: Path):
    records: list[dict[str, object]] = []
    for record in decoded(golden(name)):
        records.append(record)
        if record["event"] == "command":
            records[-1:] = [{**record, "command": "dance", "number": int(str(record["number"])) - 1}, record]
    highest = max([int(str(record.get("number", 0))) for record in records]) + 1
    records.append({"time": 9.5, "event": "command", "number": highest, "command": "sing", "nodes": [], "at": 9.5})
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encoded(records))
    reading = read_journal(path)
    assert reading.problem is None
    state = replayed(name, reading.records)
    assert final_state(state) == expected(name)
    assert state.command_number == highest


def test_a_later_version_is_refused_kindly_and_left_alone(tmp_path: Path):
    records = decoded(golden("demo"))
    records[0]["version"] = 2
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content := encoded(records))
    for read in (read_journal, scan_journal, lambda path: last_record(path, "first")):
        with pytest.raises(JournalError, match=r"written by a later version of dagtui \(format 2\)"):
            read(path)
    assert path.read_bytes() == content
    run = RunDirectory.create(tmp_path / "g.toml", "")
    run.journal_path.write_bytes(content)
    run.close()
    summary = summarise(run)
    assert summary.outcome is RunOutcome.UNREADABLE
    assert "later version of dagtui" in summary.why


def test_a_follower_sees_what_a_reader_sees():
    for name in NAMES:
        follower = JournalFollower(GOLDEN / f"{name}.jsonl")
        assert follower.poll() == read_journal(GOLDEN / f"{name}.jsonl").records
        follower.close()


def test_a_wall_clock_that_was_set_back_changes_nothing_but_times(tmp_path: Path):
    records = decoded(golden("retry"))
    for record in records[len(records) // 2 :]:
        record["time"] -= 3600.0  # type: ignore[operator]
    run = RunDirectory.create(tmp_path / "g.toml", "")
    run.journal_path.write_bytes(encoded(records))
    run.close()
    summary = summarise(run)
    assert summary.outcome is RunOutcome.COMPLETED
    assert summary.seconds == pytest.approx(scan_journal(GOLDEN / "retry.jsonl").active(float(str(records[-1]["at"]))))
    assert final_state(replayed("retry", records)) == expected("retry")
