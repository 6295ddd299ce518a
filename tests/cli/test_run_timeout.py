"""`[run] timeout`: what a run says when its time has run out, and what a resume makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.program import call, write

if TYPE_CHECKING:
    from pathlib import Path

BODY = """
[run]
timeout = {timeout}
[tasks.first]
run = "true"
[tasks.long]
run = "until [ -e go ]; do sleep 0.02; done"
grace = 1
[tasks.later]
needs = ["long"]
run = "true"
"""
WHY = "the run took longer than its timeout of 1.0 s"


def test_the_run_fails_and_a_resume_gets_the_time_again(tmp_path: Path):
    write(tmp_path, BODY.format(timeout=1))
    done = call("run", "graph.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "cancel all (timeout)" in done.stdout
    assert "✗ graph failed" in done.stdout
    assert WHY in done.stdout.split("✗ graph failed")[1]
    journal = (tmp_path / ".dagtui/graph/runs/1/journal.jsonl").read_text()
    records = [json.loads(line) for line in journal.splitlines()]
    (command,) = (record for record in records if record["event"] == "command")
    assert (command["command"], command["by"]) == ("cancel all", "timeout")
    nodes = {record["node"]: record for record in records if record["event"] == "node"}
    assert (nodes["long"]["status"], nodes["later"]["status"]) == ("CANCELLED", "CANCELLED")
    assert nodes["later"]["why"] == nodes["long"]["why"] == WHY
    assert (records[-1]["why"], records[-1]["verdict"]) == (WHY, "failed")
    assert f"({WHY})" in call("runs", "graph.toml", cwd=tmp_path).stdout
    status = json.loads(call("status", "--run", "1", "--json", "graph.toml", cwd=tmp_path).stdout)
    assert status["timed_out"] is True
    (tmp_path / "go").touch()
    again = call("run", "--resume", "graph.toml", cwd=tmp_path)
    assert again.returncode == 0, again.stdout
    assert "3 done" in again.stdout


def test_finally_tasks_still_run(tmp_path: Path):
    last = '[tasks.last]\nfinally = true\nrun = "sleep 0.3; echo {{ run.verdict }} > last"\n'
    write(tmp_path, BODY.format(timeout=0.2) + last)
    done = call("run", "graph.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "last").read_text() == "failed\n"


def test_a_plan_says_that_the_time_will_not_suffice(tmp_path: Path):
    write(tmp_path, BODY.format(timeout='"1h"').replace("until [ -e go ]; do sleep 0.02; done", "sleep 0.2"))
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert "timeout" not in call("plan", "graph.toml", cwd=tmp_path).stdout.splitlines()[1]
    write(tmp_path, BODY.format(timeout=0.1).replace("until [ -e go ]; do sleep 0.02; done", "sleep 0.2"))
    assert "longer than the timeout of the run, 0.1 s" in call("plan", "graph.toml", cwd=tmp_path).stdout
    assert json.loads(call("plan", "--json", "graph.toml", cwd=tmp_path).stdout)["run_timeout"] == 0.1
