"""`--executor`: where all tasks of a run go, and what a resume knows of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support import program

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
version = 1
[executors.cluster]
kind = "slurm"
jobs = 500
resources = { partition = "main" }
[defaults]
executor = "cluster"
[tasks.a]
run = "true"
resources = { cpus = 2, mem = "8G" }
retry = { lost = 3, grow = { mem = 2 } }
[tasks.b]
needs = ["a"]
executor = "local"
run = "test -e there"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "graph.toml").write_text(GRAPH)
    return tmp_path


def test_a_resume_goes_on_where_the_run_was_started(folder: Path):
    first = program.call("run", "graph.toml", "--executor", "local", cwd=folder)
    assert first.returncode == 1, first.stderr
    assert "! --executor local: ignored there, of resources: mem" in first.stdout
    assert re.search(r"to resume: dagtui graph\.toml --resume 1 --executor local$", first.stdout, re.MULTILINE)
    (folder / "there").touch()
    again = program.call("run", "graph.toml", "--resume", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert "1 completed node stays" in again.stdout


def test_what_a_call_says_of_an_executor(folder: Path):
    wrong = program.call("check", "graph.toml", "--executor", "clustr", cwd=folder)
    assert wrong.returncode == 2
    assert '--executor "clustr": there is no such executor\n  did you mean "cluster"?' in wrong.stderr
    right = program.call("check", "graph.toml", "--executor", "local", cwd=folder)
    assert right.stdout.splitlines()[0] == "--executor local: ignored there, of resources: mem"


def test_the_plan_says_where_nodes_run(folder: Path):
    shown = program.call("plan", "graph.toml", cwd=folder).stdout
    assert "on other machines: 1 node on cluster (slurm, 500 at a time)" in shown
    assert "[on cluster: 2 cpus, 8 GB, partition main]" in shown
    told = json.loads(program.call("plan", "graph.toml", "--json", cwd=folder).stdout)
    assert told["executors"] == {"cluster": {"kind": "slurm", "jobs": 500}}
    resources = {"partition": "main", "cpus": 2, "mem": 8 * 10**9}
    assert [(node["executor"], node["resources"]) for node in told["nodes"]] == [("cluster", resources), ("local", {})]
    here = program.call("plan", "graph.toml", "--executor", "local", cwd=folder).stdout
    assert "cluster" not in here
