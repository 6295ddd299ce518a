"""A node that ends after the supervisor's death, and before the reaper's TERM, has ended by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagtui.execution.local import undelivered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a reaper inherits no processes")
ROOT = Path(__file__).parents[2]
SCRIPT = """
import os, sys, time
from dagtui.execution.local.reaper import Reaper
from dagtui.execution.local.start_table import StartTable

memory = os.memfd_create("table")
StartTable.allocate(memory)
table = StartTable(memory)
table.directory = sys.argv[1]
go, say_go = os.pipe()
nodes = []
for status in (0, 7, None):
    ready, say_ready = os.pipe()
    nodes.append(os.fork())
    if not nodes[-1]:
        os.setsid()
        os.close(say_go)
        os.write(say_ready, b"x")
        os.read(go, 1)
        if status is None:
            time.sleep(600)
        os._exit(status)
    os.read(ready, 1)
    table.lead(len(nodes), 1, nodes[-1], time.monotonic())

class Slow(Reaper):
    "A reaper in which nodes end after it has looked for ends, and before it sends TERM."
    def _has_ended(self):
        return True
    def _reap_supervisor(self):
        pass
    def _left(self):
        global say_go
        left = super()._left()
        if say_go:
            os.close(say_go)
            say_go = None
            for pid in nodes[:2]:
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return left

Slow(-1, -1, table, 0).keep()
print([(node, attempt, status) for node, attempt, status, _ in table.unrecorded()])
"""


def test_what_ends_by_itself_before_its_signal_keeps_its_result(tmp_path: Path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{[(1, 1, 0), (2, 1, 7 << 8)]}\n", done.stderr
    assert [end[:3] for end in undelivered.read(str(tmp_path))] == [(1, 1, 0), (2, 1, 7 << 8)]
