"""Process numbers that come round again: what is told of a process is never told of another one that has its number."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from faults.namespaces import OWN_NUMBERS, has_own_numbers
from faults.program import Headless, write_graph

PROGRAM = str(Path(__file__).parents[1] / "execution" / "reused_number.py")


@pytest.mark.skipif(not has_own_numbers(), reason="needs process namespaces")
def test_an_orphan_that_has_its_leaders_number_is_no_leader(tmp_path: Path):
    command = json.dumps([sys.executable, "-I", "-S", PROGRAM])
    write_graph(
        tmp_path,
        f"[tasks.reused]\nrun = {command}\ngrace = 0.2\n"
        '[tasks.after]\nneeds = ["reused"]\ntrigger = "all_done"\nrun = "echo after; sleep 0.8; echo done"\n',
    )
    with Headless(tmp_path, "-j2", prefix=OWN_NUMBERS) as run:
        assert run.end() == 1, run.printed
        assert run.log("reused") == b"reused\n[dagtui: ended 1 process that it left behind]\n"
        assert run.log("after") == b"after\ndone\n"
        assert run.last("exit") == {"reused": 7, "after": 0}, run.printed
        ends = [event["status"] for event in run.journal() if event["event"] == "node" and event["node"] == "reused"]
        assert ends.count("FAILED") == 1
        assert run.crashes == []
