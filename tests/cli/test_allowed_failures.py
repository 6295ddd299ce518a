"""Failures that were allowed are counted apart, in every list of counts."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from support.program import call, write

from dagtui.cli.ps import Listed
from dagtui.cli.resume_prompt import question
from dagtui.control.live import FoundRun, Screen
from dagtui.graph.loading import load
from dagtui.runs.launch import Resumption
from dagtui.runs.redaction import keep_secrets
from dagtui.runs.restore import replay
from dagtui.store.directory import runs
from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[tasks.fine]
run = "true"
[tasks.bad]
matrix = { n = [1, 2] }
run = "false"
[tasks.flaky]
run = "false"
allow_failure = true
"""
COUNTS = "1 done, 2 failed, 1 failed (allowed)"


def test_failures_that_were_allowed_are_counted_apart_everywhere(tmp_path: Path):
    write(tmp_path, GRAPH)
    ran = call("run", "graph.toml", cwd=tmp_path)
    assert f"failed: {COUNTS}" in ran.stdout
    for command in (["runs", "graph.toml"], ["status", "graph.toml", "--run", "1"]):
        assert COUNTS in call(*command, cwd=tmp_path).stdout
    for command in (["runs", "graph.toml", "--json"], ["status", "graph.toml", "--run", "1", "--json"]):
        found = json.loads(call(*command, cwd=tmp_path).stdout)
        told = found[0] if isinstance(found, list) else found
        assert (told["counts"]["FAILED"], told["failed_allowed"]) == (3, 1)
    graph = load(tmp_path / "graph.toml")
    (directory,) = runs(tmp_path / "graph.toml")
    last = replay(keep_secrets(graph, os.environ)[0], directory, JournalReader(directory.journal_path))
    assert "(1 of 4 done, 2 failed, 1 failed (allowed))." in question(last, Resumption(directory), time.time())


def test_waiting_for_a_node_that_was_allowed_to_fail_says_so(tmp_path: Path):
    write(tmp_path, GRAPH)
    call("run", "graph.toml", cwd=tmp_path)
    for nodes, told in (
        (["fine"], "completed"),
        (["fine", "flaky"], "completed: flaky failed (allowed)"),
        (["bad"], "failed: bad[n=1], bad[n=2]"),
        (["bad", "flaky"], "failed: bad[n=1], bad[n=2]; flaky failed (allowed)"),
    ):
        done = call("wait", "graph.toml", "--run", "1", *nodes, cwd=tmp_path)
        assert (done.stdout, done.returncode) == (f"{told}\n", int(told.startswith("failed")))
    answer = json.loads(call("wait", "graph.toml", "--run", "1", "--json", "bad", "flaky", cwd=tmp_path).stdout)
    assert (answer["bad"]["count"], answer["bad_allowed"]) == (3, {"count": 1, "nodes": ["flaky"]})


def test_only_its_own_failure_is_allowed_a_node(tmp_path: Path):
    """The verdict over some nodes follows the rule for that of a run."""
    write(tmp_path, '[tasks.bad]\nrun = "false"\n[tasks.after]\nneeds = ["bad"]\nrun = "true"\nallow_failure = true\n')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    done = call("wait", "graph.toml", "--run", "1", "after", cwd=tmp_path)
    assert (done.stdout.partition(":")[0], done.returncode) == ("failed", 1)


def test_the_list_of_live_runs_counts_them_apart():
    run = FoundRun("id", 1, None, None, 7, "reads", Screen.NONE)
    for allowed, words in ((0, "3"), (1, "2, 1 allowed"), (3, "3 allowed")):
        assert words in Listed(run, {"nodes": 4, "counts": {"FAILED": 3}, "failed_allowed": allowed}).cells()
