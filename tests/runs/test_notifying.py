"""`[run] notify`: a program is told of the first failure, of gates and of the end, once each, beside the run."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import anyio
import pytest
from support.gates import answer
from support.program import write
from support.waiting import until

from dagtui import load
from dagtui.engine.status import NodeStatus
from dagtui.graph.errors import GraphError
from dagtui.runs import notifying
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.restore import resume_run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from dagtui.runs.live import LiveRun

TELL = 'notify = ["sh", "-c", "cat >> told"]\n'


def run_to_the_end(run: LiveRun, meanwhile: Callable[[LiveRun], Awaitable[None]] | None = None) -> LiveRun:
    async def live() -> None:
        async with anyio.create_task_group() as group:
            if meanwhile is not None:
                group.start_soon(meanwhile, run)
            await run.drive_until_settled()
        await run.close()

    anyio.run(live)
    return run


def started(folder: Path, text: str, **options: object) -> LiveRun:
    return start_run(load(write(folder, text)), LaunchOptions(**options))


def told(folder: Path) -> list[dict[str, object]]:
    path = folder / "told"
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []


def events(folder: Path) -> list[str]:
    """What was told, sorted: calls may overtake each other."""
    return sorted(str(facts["event"]) for facts in told(folder))


def test_the_first_failure_and_the_end_are_told_once(tmp_path: Path):
    tasks = '[tasks.a]\nrun = "exit 3"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n[tasks.c]\nrun = "exit 4"\n'
    run = run_to_the_end(started(tmp_path, f"[run]\njobs = 1\n{TELL}{tasks}"))
    first, last = sorted(told(tmp_path), key=lambda facts: facts["event"] == "end")
    assert (first["event"], first["node"], first["verdict"]) == ("failure", "a", "running")
    assert (last["event"], last["verdict"], last["settled"], last["failures"]) == ("end", "failed", True, 2)
    assert last["counts"] == {"FAILED": 2, "FAILED_PARENT": 1}
    assert [(failed["node"], failed["why"]) for failed in last["failed"]] == [("a", "exit 3"), ("c", "exit 4")]
    assert last["run"] == {
        "name": "graph",
        "number": 1,
        "id": run.directory.run_id,
        "graph": str(tmp_path / "graph.toml"),
        "path": str(run.path),
    }
    assert "node" not in last


def test_a_failure_that_is_allowed_is_not_told(tmp_path: Path):
    run_to_the_end(started(tmp_path, f'[run]\n{TELL}[tasks.a]\nrun = "exit 3"\nallow_failure = true\n'))
    assert events(tmp_path) == ["end"]


def test_a_gate_is_told_with_its_question(tmp_path: Path):
    async def answers(run: LiveRun) -> None:
        await until(lambda: "gate" in events(tmp_path))
        run.give(answer([0], "publish"))

    text = f'[run]\n{TELL}[tasks.ok]\nask = "Publish?"\nchoices = ["publish", "drop"]\n'
    run_to_the_end(started(tmp_path, text), answers)
    gate, end = told(tmp_path)
    assert (gate["node"], gate["question"], gate["choices"]) == ("ok", "Publish?", ["publish", "drop"])
    assert (end["event"], end["verdict"]) == ("end", "completed")


def test_a_failure_after_a_retry_is_told_again(tmp_path: Path):
    path = write(tmp_path, f'[run]\n{TELL}[tasks.a]\nrun = "exit 3"\n')
    run_to_the_end(start_run(load(path)))
    run_to_the_end(resume_run(load(path)))
    assert events(tmp_path) == ["end", "end", "failure", "failure"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('["sh", "-c", "echo no network >&2; exit 7"]', "notify failed: exit 7: no network"),
        ('["./missing"]', "notify failed: exit 127: "),
    ],
)
def test_a_program_that_fails_is_said(tmp_path: Path, command: str, said: str):
    run = run_to_the_end(started(tmp_path, f'[run]\nnotify = {command}\n[tasks.a]\nrun = "exit 3; sleep 1"\n'))
    assert [notice.text for notice in run.notices if notice.text.startswith(said)]
    assert run.state.verdict().value == "failed"


def test_a_program_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str):
    monkeypatch.setattr(notifying, "LIMIT", 0.1)
    text = f'[run]\nnotify = ["sh", "-c", "sleep 600", "{token}"]\n[tasks.a]\nrun = "exit 3"\n'
    run = run_to_the_end(started(tmp_path, text))
    assert [notice.text for notice in run.notices] == ["notify took too long and was stopped"]


def test_secrets_are_redacted_in_the_facts_and_in_what_is_printed(tmp_path: Path):
    text = (
        '[run]\nsecrets = ["TOKEN"]\nnotify = ["sh", "-c", "cat >> told; echo $TOKEN; exit 1"]\n'
        '[tasks.a]\nrun = "exit 3"\n[tasks.gate]\nask = "Use {{ env.TOKEN }}?"\n'
    )

    async def answers(run: LiveRun) -> None:
        await until(lambda: "gate" in events(tmp_path))
        run.give(answer([1], "reject"))

    environment = {**os.environ, "TOKEN": "hunter2-hunter2"}
    run = run_to_the_end(
        start_run(load(write(tmp_path, text), {}, environment), LaunchOptions(environment=environment)), answers
    )
    assert "hunter2" not in (tmp_path / "told").read_text()
    gate = next(facts for facts in told(tmp_path) if facts["event"] == "gate")
    assert gate["question"] == "Use ***?"
    recorded = [path for path in run.path.rglob("*") if path.is_file()]
    assert (run.path / "notify" / "1.log").read_bytes() == b"***\n"
    assert [path for path in recorded if b"hunter2" in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[]", "must start with a program"),
        ('"mail -s done"', "must be"),
        ('["mail -s done"]', "is a command line"),
        ('["mail", "{{ params.x }}"]', "can't have placeholders"),
        ("[1]", "must be"),
    ],
)
def test_what_is_not_a_program_is_refused(tmp_path: Path, value: str, message: str):
    with pytest.raises(GraphError, match=message):
        load(write(tmp_path, f'[run]\nnotify = {value}\n[tasks.a]\nrun = "true"\n'))


@pytest.mark.parametrize("fails", ["facts", "serve"])
def test_a_fault_of_ours_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str):
    def fail(*_: object) -> bytes:
        raise RuntimeError("a fault")

    if fails == "facts":
        monkeypatch.setattr(notifying, "facts", fail)
    else:
        monkeypatch.setattr(notifying.Notifier, "_take", fail)
        monkeypatch.setattr(notifying, "LAST_LIMIT", float("inf"))  # nothing more is known of a call, nor waited for
    tasks = '[tasks.a]\nrun = "exit 3"\n[tasks.b]\nrun = "sleep 0.5"\n'  # the program ends before b does
    run = run_to_the_end(started(tmp_path, f"[run]\n{TELL}{tasks}"))
    assert run.state.counts[NodeStatus.COMPLETED] == 1
    assert run.directory.is_live() is False
    assert [notice.text for notice in run.notices if notice.text == "notify failed: a fault"]
