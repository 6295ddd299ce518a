"""The program that `[run] notify` names: whatever it or the session does, it is told once, and nothing is left."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from faults.test_left_behind import DAEMON
from support.process_listing import alive, gone
from support.program import call
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def events(folder: Path) -> list[str]:
    path = folder / "told"
    return sorted(json.loads(line)["event"] for line in path.read_text().splitlines()) if path.exists() else []


def test_a_resume_after_a_kill_tells_what_is_new_only(tmp_path: Path):
    tasks = '[tasks.a]\nrun = "test -e ok"\n[tasks.gate]\nask = "Go on?"\n'
    write_graph(tmp_path, f'[run]\nnotify = ["sh", "-c", "cat >> told"]\n{tasks}')
    with Headless(tmp_path) as run:
        wait_for(lambda: events(tmp_path) == ["failure", "gate"])
        run.signal(signal.SIGKILL)
        run.end()
    (tmp_path / "ok").touch()
    with Headless(tmp_path, "--resume") as run:
        wait_for(lambda: run.statuses.get("a") == "COMPLETED")
        sockets = {"DAGTUI_SOCKET_DIR": os.environ["DAGTUI_SOCKET_DIR"]}
        answer = ("answer", "graph.toml", "gate", "approve")
        wait_for(lambda: call(*answer, cwd=tmp_path, env=sockets).returncode == 0)
        assert run.end() == 0
    assert events(tmp_path) == ["end", "failure", "gate"]


@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_what_the_program_leaves_behind_is_ended(tmp_path: Path, token: str, ends: str):
    """A daemon with closed files, and a program that ignores TERM. The session is killed, or waits for a moment."""
    (tmp_path / "tell.sh").write_text(
        f"#!/bin/sh\n{sys.executable} -I -S -c '{DAEMON}' {token}\n"
        + ("" if ends == "by itself" else f"trap '' TERM\ntouch up\nsh -c 'sleep 600; :' {token}\n")
    )
    (tmp_path / "tell.sh").chmod(0o700)
    tail = '[tasks.b]\nrun = "sleep 600"\n' if ends == "killed" else ""
    write_graph(tmp_path, f'[run]\nnotify = ["./tell.sh"]\n[tasks.a]\nrun = "exit 3"\n{tail}')
    with Headless(tmp_path) as run:
        if ends == "killed":
            wait_for(lambda: (tmp_path / "up").exists() and alive(token))
            run.signal(signal.SIGKILL)
        run.end()
    wait_for(lambda: gone(token))


def test_a_signal_ends_the_wait_for_a_program_that_hangs(tmp_path: Path, token: str):
    write_graph(tmp_path, f'[run]\nnotify = ["sh", "-c", "sleep 600; :", "{token}"]\n[tasks.a]\nrun = "exit 3"\n')
    with Headless(tmp_path) as run:
        wait_for(lambda: any(event.get("what") == "ended" for event in run.journal()))
        wait_for(lambda: alive(token))
        run.signal(signal.SIGINT)
        assert run.end() == 1
        assert "notify took too long and was stopped" in run.printed
    assert gone(token)


def test_a_program_that_hangs_does_not_delay_nodes(tmp_path: Path, token: str):
    chain = "".join(f'[tasks.t{n}]\nneeds = ["t{n - 1}"]\nrun = "true"\n' for n in range(1, 20))
    hangs = f'[run]\nnotify = ["sh", "-c", "sleep 600; :", "{token}"]\n'
    write_graph(
        tmp_path,
        f'{hangs}[tasks.a]\nrun = "exit 3"\n[tasks.t0]\nneeds = ["a"]\ntrigger = "all_done"\nrun = "true"\n{chain}',
    )
    with Headless(tmp_path) as run:
        wait_for(lambda: run.statuses.get("t19") == "COMPLETED")
        wait_for(lambda: any(event.get("what") == "ended" for event in run.journal()))
        assert alive(token), "the end is on record although the program still hangs"
        run.signal(signal.SIGKILL)
    wait_for(lambda: gone(token))
