"""A run that is stopped and continued (^Z and fg, a frozen machine): what ended meanwhile is what it is."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT = 2.0
GRAPH = """
[tasks.well]
run = "until [ -e go ]; do sleep 0.05; done; : > well"
timeout = 2
[tasks.child]
needs = ["well"]
run = "true"
[tasks.bad]
run = "until [ -e go ]; do sleep 0.05; done; : > bad; exit 3"
timeout = 2
retries = 1
retry = { delay = 0, exit_codes = ["timeout"] }
[tasks.long]
run = "sleep 600"
timeout = 2
"""


@pytest.mark.parametrize("who", ["the app", "all of its processes"])
def test_what_ended_while_the_run_stood_still_has_not_timed_out(tmp_path: Path, who: str):
    write_graph(tmp_path, GRAPH)
    with Headless(tmp_path, "-j9") as run:
        run.wait_for(well="RUNNING", bad="RUNNING", long="RUNNING")
        began = time.monotonic()
        stopped = [run.pid] if who == "the app" else [run.pid, run.reaper, run.supervisor]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        (tmp_path / "go").touch()
        wait_for(lambda: (tmp_path / "well").exists() and (tmp_path / "bad").exists())
        wait_for(lambda: time.monotonic() - began > TIMEOUT + 0.6)  # the alarms are well overdue
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        assert run.end() == 1, run.printed
        assert run.statuses == {"well": "COMPLETED", "child": "COMPLETED", "bad": "FAILED", "long": "FAILED"}
        assert run.last("why")["bad"] == "exit 3"
        assert run.last("why")["long"] == "timeout after 2 s"
        assert run.last("attempt")["bad"] == 1
