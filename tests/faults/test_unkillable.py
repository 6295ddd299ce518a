"""A node in a system call that does not even end for KILL: it is said, nobody waits for it, and it is not forgotten."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from faults.program import Headless, write_graph
from support.journals import read_journal
from support.process_listing import alive, all_gone, end, gone, state
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

LAUNCH = str(Path(__file__).parents[1] / "support" / "launch_impatient.py")
# The app signals nothing: a victim that its supervisor gave up becomes its child, if it is slow, and is none to it.
IMPATIENT = (
    "import dagtui.engine.traversal, dagtui.execution.local.link\n"
    "import dagtui.execution.local.executor, dagtui.execution.local.ownership\n"
    "dagtui.execution.local.ownership._signal = lambda pid, number: None\n"
    "dagtui.engine.traversal.UNKILLABLE_AFTER = 0.5\n"
    "dagtui.execution.local.executor._BOUND = 1.0\n"
    f"dagtui.execution.local.link._LAUNCH = {LAUNCH!r}\n"
    "dagtui.execution.local.link._NEEDED += ('SPARED_BY_SIGNALS',)\n"
    "from dagtui.__main__ import main\n"
    "main()"
)
STUCK_DISK = str(Path(__file__).with_name("stuck_disk.py"))


@contextmanager
def stuck_disk(folder: Path) -> Iterator[str | None]:
    """A file on a file system that never answers; None where this user can't make one."""
    (folder / "disk").mkdir()
    command = [sys.executable, STUCK_DISK, str(folder / "disk")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as disk:
        try:
            assert disk.stdout is not None
            ready = disk.stdout.readline() == "ready\n"
            yield f"/proc/{disk.pid}/root{folder}/disk/file" if ready else None
        finally:
            disk.kill()


def test_what_waits_for_a_disk_that_never_answers(tmp_path: Path, token: str):
    with stuck_disk(tmp_path) as file:
        if file is not None:  # else the next test stands in
            code = f"import os; os.stat({file!r})"
            holds_up_nobody(tmp_path, token, code, in_kernel=True)
    wait_for(lambda: gone(token))


def test_what_no_signal_reaches(tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPARED_BY_SIGNALS", token)
    try:
        holds_up_nobody(tmp_path, token, "import time; time.sleep(600)", in_kernel=False)
    finally:
        for pid in alive(token):
            end(pid)


def holds_up_nobody(tmp_path: Path, token: str, code: str, *, in_kernel: bool) -> None:
    write_graph(
        tmp_path,
        f"[tasks.stuck]\nrun = {json.dumps([sys.executable, '-I', '-S', '-c', code, token])}\n"
        'timeout = 1\ngrace = 0.1\n[tasks.other]\nrun = "sleep 2; echo fine"\n'
        '[tasks.below]\nneeds = ["other"]\nrun = "echo below"\n',
    )
    with Headless(tmp_path, "-j2", program=["-c", IMPATIENT]) as run:
        reaper, supervisor = run.reaper, run.supervisor
        run.wait_for(stuck="CANCELLING")
        wait_for(lambda: run.statuses.get("below") == "COMPLETED")
        (victim,) = alive(token)
        assert not in_kernel or state(victim) == "D"
        assert run.end() == 1
        notes = [event for event in run.journal() if event["event"] == "note"]
        assert [(note["node"], note["text"]) for note in notes] == [
            ("stuck", "can't be killed: it is still there 0.5 s after KILL")
        ]
        assert run.last("why")["stuck"] == "timeout after 1 s"
        assert "can't be killed" in run.printed
        assert run.log("below") == b"below\n"
        assert read_journal(run.directory / "journal.jsonl").problem is None
        assert state(victim) not in "ZX", "nobody waited for it"
    if not in_kernel:
        end(victim)
        wait_for(lambda: all_gone([reaper, supervisor]))
