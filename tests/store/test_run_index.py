"""What is kept of a run beside its journal: it says what the journal says, and only while that is so."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import pytest
from support.golden_journals import NAMES, place_golden

from dagtui.store.directory import RunDirectory
from dagtui.store.journal_scan import scan_journal
from dagtui.store.run_index import NAME, glimpse, read_summary, read_tasks, task_of
from dagtui.store.summary import RunOutcome, summarise

if TYPE_CHECKING:
    from pathlib import Path


def place(folder: Path, name: str, number: int = 1) -> RunDirectory:
    """A golden run."""
    place_golden(folder / str(number), name)
    return RunDirectory(folder / str(number))


@pytest.mark.parametrize("name", NAMES)
def test_the_index_says_what_the_journal_says(tmp_path: Path, name: str):
    run = place(tmp_path, name)
    first, is_all = glimpse(run)
    summary = summarise(run)
    assert not is_all
    assert first.began == summary.began
    assert read_summary(run) == summary
    tasks = read_tasks(run)
    assert glimpse(run) == (summary, True)
    nodes = scan_journal(run.journal_path).nodes
    counted = [count for task in tasks.tasks.values() for count in task.counts.values()]
    assert sum(counted) == sum(summary.counts.values())
    assert set(tasks.nodes) <= set(nodes)
    assert {task_of(label) for label in tasks.nodes} <= set(tasks.tasks)
    assert read_tasks(run) == tasks
    (run.path / NAME).unlink()
    assert read_tasks(run) == tasks


@pytest.mark.parametrize("name", NAMES)
def test_the_end_of_a_journal_tells_how_the_run_ended(tmp_path: Path, name: str):
    run = place(tmp_path, name)
    found, said = scan_journal(run.journal_path), summarise(run).outcome
    if found.verdict or not found.ended:
        assert glimpse(run)[0].outcome is said


def test_what_is_kept_is_forgotten_once_the_journal_grows(tmp_path: Path):
    run = place(tmp_path, "retry")
    before = read_summary(run)
    with run.journal_path.open("ab") as file:
        file.write(b"torn")
    assert glimpse(run)[0].outcome is RunOutcome.DAMAGED
    assert read_summary(run).outcome is RunOutcome.DAMAGED
    assert replace(read_summary(run), outcome=before.outcome, why=before.why) == before


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[1]\n", b"\xff\n", b'{"of":[1]', b"[" * 100_000])
def test_a_damaged_index_is_made_anew(tmp_path: Path, content: bytes):
    run = place(tmp_path, "demo")
    summary, tasks = read_summary(run), read_tasks(run)
    head, body = (run.path / NAME).read_bytes().splitlines(keepends=True)
    for written in (content, head + content, head.replace(b'"summary":{', b'"summary":{"x":') + body):
        (run.path / NAME).write_bytes(written)
        assert (read_summary(run), read_tasks(run)) == (summary, tasks)
    told = json.loads(head)
    for name in told["summary"]:
        for wrong in ([1, [2]], {"a": "b"}, {"a": inf}, "text", None, inf):
            changed = {**told, "summary": {**told["summary"], name: wrong}}
            (run.path / NAME).write_bytes(json.dumps(changed).encode() + b"\n" + body)
            read_summary(run)  # it is ours alone, so a wrong value is not found: it must not stop the list


def test_runs_that_can_not_be_read_say_why(tmp_path: Path):
    run = RunDirectory(tmp_path / "7")
    run.path.mkdir()
    assert read_summary(run).outcome is RunOutcome.UNREADABLE
    assert "journal" in read_summary(run).why
    run.journal_path.write_text("")
    assert read_summary(run).outcome is RunOutcome.DAMAGED
    later = place(tmp_path, "demo", 8)
    line = later.journal_path.read_bytes().splitlines()[0].replace(b'"version":1', b'"version":2')
    later.journal_path.write_bytes(line)
    assert read_summary(later).outcome in {RunOutcome.UNREADABLE, RunOutcome.DAMAGED}
    assert read_tasks(later).tasks == {}


@pytest.mark.parametrize(("name", "failure"), [("demo", "exit 1"), ("retry", None)])
def test_the_first_failure_is_told_with_its_reason(tmp_path: Path, name: str, failure: str | None):
    found = summarise(place(tmp_path, name)).failure
    assert (found and found[1]) == failure
