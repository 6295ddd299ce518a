"""`pkill -9 -f dagtui`, the reaper killed before or not: nothing of a run is left."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from support.process_listing import alive, children, gone, named
from support.waiting import wait_for

if TYPE_CHECKING:
    from faults.program import Run

NODES = 35
GRAPH = """[tasks.n]
run = ["sh", "-c", "while :; do sleep 1; done", "{token}"]
matrix = { i = {cells} }
grace = 0.5
"""


def words_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def family(run: Run) -> list[int]:
    """The process that holds a run, and all that are below it."""
    found = [run.pid]
    for pid in found:
        found += children(pid)
    return found


def kill_by_name(pids: list[int]) -> None:
    """What `pkill -9 -f dagtui` does, to these processes only."""
    for pid in pids:
        if b"dagtui" in words_of(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("killed_before", ["nobody", "reaper", "reaper and its successor"])
def test_what_is_killed_by_its_name_leaves_nothing(tmp_path: Path, token: str, killed_before: str):
    write_graph(tmp_path, GRAPH, token=token, cells=list(range(NODES)))
    with Headless(tmp_path, f"-j{NODES}") as run:
        wait_for(lambda: len(alive(token)) == NODES)
        reaper, supervisor = run.reaper, run.supervisor
        if killed_before != "nobody":
            os.kill(reaper, signal.SIGKILL)
            wait_for(lambda: named("run-reaper", supervisor))
            wait_for(lambda: "started another one" in str(run.journal()))
        if killed_before == "reaper and its successor":
            (successor,) = named("run-reaper", supervisor)
            os.kill(successor, signal.SIGKILL)
            wait_for(lambda: successor not in named("run-reaper", supervisor) and named("run-reaper", supervisor))
        kill_by_name(family(run))
        assert run.end() == -signal.SIGKILL
        wait_for(lambda: gone(token))


def test_session_and_supervisor_die_after_the_reaper_and_nothing_is_left(tmp_path: Path, token: str):
    write_graph(tmp_path, GRAPH, token=token, cells=list(range(NODES)))
    with Headless(tmp_path, f"-j{NODES}") as run:
        wait_for(lambda: len(alive(token)) == NODES)
        supervisor = run.supervisor
        os.kill(run.reaper, signal.SIGKILL)
        wait_for(lambda: named("run-reaper", supervisor))
        os.kill(supervisor, signal.SIGSTOP)
        os.kill(run.pid, signal.SIGKILL)
        os.kill(supervisor, signal.SIGKILL)
        wait_for(lambda: gone(token))


def test_helpers_have_neither_the_name_among_their_arguments_nor_secrets_in_their_environment(
    tmp_path: Path, token: str
):
    (tmp_path / "graph.toml").write_text(
        f'version = 1\n[run]\nsecrets = ["SECRET"]\n[tasks.n]\nrun = ["sh", "-c", "echo up; sleep 600", "{token}"]\n'
    )
    with Headless(tmp_path, env={"SECRET": "hunter2hunter2", "OTHER": "of no concern"}) as run:
        wait_for(lambda: alive(token))
        helpers = [run.reaper, run.supervisor, run.log_process]
        (node,) = alive(token)
        assert b"hunter2hunter2" in Path(f"/proc/{node}/environ").read_bytes()
        os.kill(helpers[0], signal.SIGKILL)
        wait_for(lambda: named("run-reaper", helpers[1]))
        helpers[0] = named("run-reaper", helpers[1])[0]
        for helper in helpers:
            environment = Path(f"/proc/{helper}/environ").read_bytes()
            assert environment.startswith(b"LANG=C.UTF-8\0")
            names = {entry.partition(b"=")[0] for entry in environment.split(b"\0")}
            assert names <= {b"", b"LANG", b"LC_ALL", b"LC_CTYPE", b"LD_LIBRARY_PATH", b"START"}
            assert b"dagtui" not in words_of(helper)
            assert b"hunter2" not in words_of(helper)
