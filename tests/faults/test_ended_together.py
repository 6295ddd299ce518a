"""A signal to all processes of a run at once, as service managers send it: nothing begins after it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from support.process_listing import children
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[defaults]
retries = 5
retry_delay = 0
[tasks.long]
matrix = { i = [1, 2, 3, 4] }
run = "echo $DAGTUI_NODE $DAGTUI_ATTEMPT >> trace; sleep 600"
[tasks.next]
matrix = { i = [1, 2, 3, 4, 5, 6, 7, 8] }
run = "echo $DAGTUI_NODE $DAGTUI_ATTEMPT >> trace"
"""


def family(pid: int) -> list[int]:
    """A process and all below it, parents first."""
    found = [pid]
    for process in found:
        found += children(process)
    return found


@pytest.mark.parametrize(
    ("number", "last"),
    [
        (signal.SIGTERM, "the app"),
        (signal.SIGTERM, "the tasks"),
        (signal.SIGTERM, "the app and the supervisor"),
        (signal.SIGINT, "the app"),
    ],
)
def test_nothing_begins_after_a_signal_to_all_processes(tmp_path: Path, number: signal.Signals, last: str):
    write_graph(tmp_path, GRAPH)
    trace = tmp_path / "trace"
    with Headless(tmp_path, "-j4") as run:
        wait_for(lambda: trace.exists() and trace.read_text().count("\n") == 4)
        everybody, own = family(run.pid), [run.supervisor, run.reaper]
        tasks = [pid for pid in everybody if pid not in {run.pid, *own}]
        orders = {
            "the app": [*own, *tasks, run.pid],
            "the tasks": [run.pid, *own, *tasks],
            "the app and the supervisor": [*tasks, *own, run.pid],
        }
        for pid in orders[last]:
            if pid == run.pid:
                time.sleep(0.5)  # the app is a busy process: what the supervisor says may come before its signal
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        assert run.end() == (143 if number is signal.SIGTERM else 130), run.printed
        assert sorted(trace.read_text().split("\n"))[1:] == [f"long[i={i}] 1" for i in (1, 2, 3, 4)]
        assert run.crashes == []


def test_a_task_that_ends_itself_by_a_signal_holds_the_run_up_for_a_moment_only(tmp_path: Path):
    write_graph(tmp_path, '[tasks.a]\nmatrix = { i = [1, 2, 3] }\nrun = "kill -TERM $$"\n[tasks.b]\nrun = "true"\n')
    with Headless(tmp_path, "-j1") as run:
        assert run.end() == 1, run.printed
        assert run.statuses == {"a[i=1]": "FAILED", "a[i=2]": "FAILED", "a[i=3]": "FAILED", "b": "COMPLETED"}


def test_a_signal_to_the_supervisor_alone_ends_nothing(tmp_path: Path):
    write_graph(tmp_path, '[tasks.a]\nrun = "until [ -e go ]; do sleep 0.05; done"\n[tasks.b]\nrun = "true"\n')
    with Headless(tmp_path, "-j1") as run:
        run.wait_for(a="RUNNING")
        os.kill(run.supervisor, signal.SIGTERM)
        (tmp_path / "go").touch()
        assert run.end() == 0, run.printed
