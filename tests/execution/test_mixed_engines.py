"""One run on three machines: local preparation, work on Slurm, Dask and here, killed in the middle and resumed."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.journals import records_so_far
from support.traced_run import started, trace
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from support.dask_here import DaskHere

_MOST_SECONDS = 180.0
GRAPH = '''
version = 1
[executors.cluster]
kind = "slurm"
[executors.farm]
kind = "dask"
address = "{address}"
shared = true
[tasks.prepare]
run = "echo prepare >> trace; echo rows=3 > $DAGTUI_OUTPUT"
[tasks.work]
executor = "cluster"
needs = ["prepare"]
matrix = {{ n = [1, 2, 3, 4, 5, 6] }}
run = """echo work-{{{{ matrix.n }}}} >> trace; until test -e go; do sleep 0.1; done
echo rows {{{{ needs.prepare.outputs.rows }}}}"""
[tasks.fit]
executor = "farm"
needs = ["prepare"]
matrix = {{ n = [1, 2, 3, 4] }}
run = "echo fit-{{{{ matrix.n }}}} >> trace; until test -e go; do sleep 0.1; done; echo sum=7 > $DAGTUI_OUTPUT"
[tasks.later]
executor = "farm"
needs = ["fit", "work"]
run = "echo later >> trace"
[tasks.report]
needs = ["later"]
run = "echo report >> trace"
'''


@pytest.mark.usefixtures("cluster")
def test_a_killed_run_goes_on_everywhere_and_then_on_this_machine(tmp_path: Path, dask_cluster: DaskHere) -> None:
    (tmp_path / "graph.toml").write_text(GRAPH.format(address=dask_cluster.address))
    process = started(tmp_path)
    everywhere = {f"work-{n}" for n in range(1, 7)} | {f"fit-{n}" for n in range(1, 5)}
    wait_for(lambda: trace(tmp_path).keys() >= everywhere, "begin of all", seen=(tmp_path / "output").read_text)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "go").touch()
    process = started(tmp_path, "--resume")
    assert process.wait(_MOST_SECONDS) == 0, (tmp_path / "output").read_text()
    assert trace(tmp_path) == Counter({*everywhere, "prepare", "later", "report"})
    records = records_so_far(tmp_path / ".dagtui/graph/latest/journal.jsonl")
    places = {str(record["where"]) for record in records if record.get("where")}
    assert len(places) > 1
    assert {record.get("attempt") for record in records if record.get("status") == "COMPLETED"} == {1}

    os.unlink(tmp_path / "trace")
    assert started(tmp_path, "--fresh", "--executor", "local", "-j4").wait(_MOST_SECONDS) == 0
    assert trace(tmp_path) == Counter({*everywhere, "prepare", "later", "report"})
