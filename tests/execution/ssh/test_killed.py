"""dagtui is killed while its nodes run over ssh, and the run is resumed: each node ran once, and each log is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.waiting import wait_for

if TYPE_CHECKING:
    from support.ssh_server import SshServer

ROOT = Path(__file__).parents[3]
NODES = 40
GRAPH = """
version = 1

[executors.box]
kind = "ssh"
host = "far"
jobs = {nodes}
options = ["-F", "{config}"]
directory = "{folder}"

[tasks.n]
executor = "box"
run = "echo {{{{ matrix.i }}}} >> trace; for i in 1 2 3 4 5 6; do echo $i; sleep 0.25; done"
matrix = {{ i = [{cells}] }}

[tasks.after]
needs = ["n"]
run = "echo {nodes} done"
"""


def call(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "dagtui", "run", "graph.toml", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ran(folder: Path) -> list[int]:
    trace = folder / "trace"
    return sorted(map(int, trace.read_text().split())) if trace.exists() else []


def test_a_killed_run_is_taken_up_where_it_is(tmp_path: Path, server: SshServer):
    cells = ", ".join(map(str, range(NODES)))
    graph = GRAPH.format(nodes=NODES, config=server.client_config("far"), folder=tmp_path, cells=cells)
    (tmp_path / "graph.toml").write_text(graph)
    first = call(tmp_path)
    wait_for(lambda: len(ran(tmp_path)) >= 4)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = call(tmp_path, "--resume")
    said = second.communicate(timeout=200)[0].decode()
    assert second.returncode == 0, said
    assert ran(tmp_path) == list(range(NODES))
    logs = list(tmp_path.glob(".dagtui/graph/runs/1/logs/*/n*.log"))
    assert [path.read_text().split() for path in logs] == [list("123456")] * NODES, said
