"""Finally tasks and conditions on the command line: a cancel, named nodes, a plan, secrets."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[params]
token = "swordfish"
[run]
secrets = ["token"]
[tasks.work]
run = "echo begun > begun; sleep 60"
[tasks.other]
if = "params.token == 'x'"
run = "echo other"
[tasks.clean]
finally = true
run = "echo {{ run.verdict }} {{ run.number }} {{ run.failed }} > cleaned"
"""


def test_an_interrupt_leaves_finally_tasks_to_run(tmp_path: Path):
    words = [*DAGTUI, "run", str(write(tmp_path, GRAPH))]
    run = subprocess.Popen(words, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    wait_for((tmp_path / "begun").exists)
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    assert (run.returncode, (tmp_path / "cleaned").read_text()) == (130, "cancelled 1\n"), output
    assert "clean  done" in output


def test_named_nodes_run_with_finally_tasks_and_the_plan_says_so(tmp_path: Path):
    path = write(tmp_path, GRAPH.replace("sleep 60", "exit 3"))
    done = call("run", path, "work", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "cleaned").read_text() == "failed 1 work\n"
    nodes = {node["node"]: node for node in json.loads(call("plan", path, "--json").stdout)["nodes"]}
    assert (nodes["clean"]["finally"], nodes["other"]["if"]) == (True, "params.token == 'x'")
    assert nodes["other"]["why"] == "params.token == 'x' is false (params.token is \"***\")"


def test_check_says_what_conditions_skip_without_secrets(tmp_path: Path):
    done = call("check", write(tmp_path, GRAPH))
    assert "would not run because of its condition: 1" in done.stdout
    assert "swordfish" not in done.stdout
