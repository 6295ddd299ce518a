"""One at a time starts a graph."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.waiting import wait_for

from dagtui.host.launch import StartLock
from dagtui.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from contextlib import closing
from pathlib import Path
from dagtui.host.launch import StartLock
print("waits", flush=True)
with closing(StartLock(Path(sys.argv[1]))):
    print("has it", flush=True)
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return tmp_path / "graph.toml"


@pytest.fixture
def other(graph: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(graph)]
    with closing(StartLock(graph)) as lock, subprocess.Popen(command, stdout=-1, text=True, env=environment) as process:
        process.lock = lock
        assert process.stdout.readline() == "waits\n"
        yield process
        process.kill()


def waits_in_proc(pid: int, graph: Path) -> bool:
    inode = os.stat(graph.parent / ".dagtui/graph/start.lock").st_ino
    with open("/proc/locks", encoding="ascii") as file:
        return any("->" in line and f" {pid} " in line and f":{inode} " in line for line in file)


def test_a_second_one_waits_until_the_first_lets_go(graph: Path, other: subprocess.Popen[str]):
    wait_for(lambda: waits_in_proc(other.pid, graph), "the other waits")
    assert other.poll() is None
    other.lock.close()
    assert other.stdout.readline() == "has it\n"
    assert other.wait(20) == 0


def test_a_forked_process_has_it_too(graph: Path, other: subprocess.Popen[str]):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    other.lock.close()
    wait_for(lambda: waits_in_proc(other.pid, graph), "the other waits")
    os.close(writer)
    os.waitpid(child, 0)
    assert other.stdout.readline() == "has it\n"


def test_what_stands_in_the_way_is_said(graph: Path):
    (graph.parent / ".dagtui").write_text("in the way")
    with pytest.raises(StoreError, match="not a folder"):
        StartLock(graph)
