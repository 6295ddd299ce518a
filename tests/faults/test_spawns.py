"""One spawn a node: the kernel counts."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from faults.namespaces import OWN_NUMBERS, has_own_numbers
from faults.program import HEADLESS, PROGRAM, write_graph

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 'before=$(cat /proc/sys/kernel/ns_last_pid); "$@" >&2; echo $(($(cat /proc/sys/kernel/ns_last_pid) - before))'


def started(folder: Path, nodes: int, command: str) -> int:
    """How many processes and threads a whole run starts."""
    folder.mkdir()
    write_graph(folder, "".join(f"[tasks.n{number}]\nrun = '{command}'\n" for number in range(nodes)))
    program = [sys.executable, *PROGRAM, *HEADLESS, str(folder / "graph.toml"), "-j2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    counted = ["sh", "-c", COUNT, "sh", *program]
    done = subprocess.run([*OWN_NUMBERS, *counted], env=environment, cwd=folder, capture_output=True, timeout=60)
    assert f"{nodes} done" in done.stderr.decode(), done.stderr
    return int(done.stdout)


@pytest.mark.skipif(not has_own_numbers(), reason="needs process namespaces")
@pytest.mark.parametrize("command", ["true", "echo words", "sleep 0.03; exit 0"], ids=["silent", "printing", "shell"])
def test_one_process_is_started_for_each_node(tmp_path: Path, command: str):
    own = command.count(";")  # what the shell itself starts: sleep
    few, many = started(tmp_path / "few", 10, command), started(tmp_path / "many", 40, command)
    # A thread or two more or less may be counted; a second process for a node would be thirty.
    assert 30 * (1 + own) - 3 <= many - few <= 30 * (1 + own) + 3
    assert few - 10 * (1 + own) <= 8, (
        "the program, the reaper, the supervisor, the log process, and the counting itself"
    )
