"""A node in a system call that does not even end for KILL: it is said, nobody waits for it, and it is not forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from execution.census import alive, all_gone, gone, state, wait_until
from faults.program import Headless, write_graph

from dagtui.store.journal import read_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPATIENT = (
    "import dagtui.engine.traversal, dagtui.execution.local\n"
    "dagtui.engine.traversal.UNKILLABLE_AFTER = 0.5\n"
    "dagtui.execution.local._BOUND = 1.0\n"
    "from dagtui.__main__ import main\n"
    "main()"
)


@pytest.fixture
def stuck_disk(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Who holds a file system that never answers, on `disk` in its own view."""
    (tmp_path / "disk").mkdir()
    program = str(Path(__file__).with_name("stuck_disk.py"))
    with subprocess.Popen([sys.executable, program, str(tmp_path / "disk")], stdout=subprocess.PIPE, text=True) as disk:
        try:
            assert disk.stdout is not None
            if disk.stdout.readline() != "ready\n":
                pytest.skip("needs /dev/fuse and user namespaces")
            yield disk
        finally:
            disk.kill()


def test_what_can_not_be_killed_is_said_and_holds_up_nobody(
    tmp_path: Path, token: str, stuck_disk: subprocess.Popen[str]
):
    file = f"/proc/{stuck_disk.pid}/root{tmp_path}/disk/file"
    code = f"import os; os.stat({file!r})"
    write_graph(
        tmp_path,
        f"[tasks.stuck]\nrun = {json.dumps([sys.executable, '-I', '-S', '-c', code, token])}\n"
        'timeout = 1\ngrace = 0.1\n[tasks.other]\nrun = "sleep 2; echo fine"\n'
        '[tasks.below]\nneeds = ["other"]\nrun = "echo below"\n',
    )
    with Headless(tmp_path, "-j2", program=["-c", IMPATIENT]) as run:
        keeper, guardian = run.keeper, run.guardian
        run.wait_for(stuck="CANCELLING")
        wait_until(lambda: run.statuses.get("below") == "COMPLETED")
        (victim,) = alive(token)
        assert state(victim) == "D"
        assert run.end() == 1
        notes = [event for event in run.journal() if event["event"] == "note"]
        assert [(note["node"], note["text"]) for note in notes] == [
            ("stuck", "can't be killed: it is still there 0.5 s after KILL")
        ]
        assert run.last("why")["stuck"] == "timeout after 1 s"
        assert "can't be killed" in run.printed
        assert run.log("below") == b"below\n"
        assert read_journal(run.directory / "journal.jsonl").problem is None
        assert state(victim) == "D", "nobody waited for it"
    stuck_disk.kill()
    wait_until(lambda: gone(token))
    wait_until(lambda: all_gone([keeper, guardian]))
