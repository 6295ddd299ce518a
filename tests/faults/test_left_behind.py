"""What a node leaves in the background is ended with it, and said: in its log, on record, in plain lines."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from support.process_listing import gone
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

DAEMON = (
    "import os, signal, sys\n"
    "if os.fork(): sys.exit()\n"
    "os.setsid()\n"
    "if os.fork(): os._exit(0)\n"
    "os.closerange(0, 64)\n"
    "while True: signal.pause()"
)
LEAVES = {
    "one that holds the output": ("while :; do sleep 1; done & echo left", 2),
    "one that has closed it": ("while :; do sleep 1; done > /dev/null 2>&1 & echo left", 2),
    "three": ("for i in 1 2 3; do sleep 600 & done; echo left", 3),
    "a daemon": (f"{sys.executable} -I -S -c '{DAEMON}' {{token}}; sleep 0.3; echo left", 1),
    "nothing": ("sleep 0.01 & wait; echo left", 0),
}


@pytest.mark.parametrize("status", [0, 7])
def test_what_is_left_behind_is_counted(tmp_path: Path, token: str, status: int):
    tasks = [
        f"[tasks.{json.dumps(name)}]\nrun = {json.dumps(script.replace('{token}', token) + f'; exit {status}')}\n"
        for name, (script, _) in LEAVES.items()
    ]
    write_graph(tmp_path, "".join(tasks))
    with Headless(tmp_path, "-j8") as run:
        assert run.end() == int(status > 0)
    assert gone(token)
    counted = run.last("left_behind")
    for name, (_, number) in LEAVES.items():
        log = run.log(name.replace(" ", "_")) or run.log(name)
        assert counted.get(name, 0) in ({1, 2} if number == 2 else {number}), name  # a shell is between two sleeps
        found = counted.get(name, 0)
        words = f"ended {found} {'process' if found == 1 else 'processes'} that it left behind"
        assert log.decode() == "left\n" + (f"[dagtui: {words}]\n" if number else "")
        assert (words in run.printed) == bool(number)


def test_a_node_that_is_cancelled_or_times_out_leaves_nothing_behind_to_tell_of(tmp_path: Path):
    write_graph(tmp_path, '[tasks.a]\nrun = "sleep 600 & sleep 600"\ntimeout = 0.2\n')
    with Headless(tmp_path) as run:
        assert run.end() == 1
    assert "left_behind" not in (run.directory / "journal.jsonl").read_text()
    assert run.log("a") == b""


@pytest.mark.parametrize("victim", ["app", "supervisor"])
def test_a_success_that_waits_for_what_it_left_behind_is_not_lost(tmp_path: Path, token: str, victim: str):
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\nwhile True: signal.pause()"
    script = f'({sys.executable} -I -S -c "$CODE" {token} > up) & until [ -s up ]; do sleep 0.02; done'
    write_graph(
        tmp_path,
        f"[tasks.a]\nrun = {json.dumps(script)}\ngrace = 2\nenv = {{ CODE = {json.dumps(deaf)} }}\n"
        '[tasks.b]\nneeds = ["a"]\nrun = "echo b"\n',
    )
    with Headless(tmp_path) as run:
        wait_for(lambda: any("that it left behind" in str(event.get("text")) for event in run.journal()))
        assert run.statuses["a"] == "RUNNING"
        if victim == "supervisor":
            os.kill(run.supervisor, signal.SIGKILL)
            assert run.end() == 0
        else:
            run.signal(signal.SIGKILL)
            run.end()
    wait_for(lambda: gone(token))
    if victim == "app":
        with Headless(tmp_path, "--resume") as run:
            assert run.end() == 0
    assert run.statuses == {"a": "COMPLETED", "b": "COMPLETED"}
    assert run.last("attempt") == {"a": 1, "b": 1}
