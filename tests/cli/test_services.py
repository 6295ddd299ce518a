"""Services with real processes: ready by port, command and log, and nothing of them is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

from support import program
from support.process_listing import alive, fresh_token, gone
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

KINDS = """version = 1
[run]
jobs = 1
[tasks.port]
run = "python3 -m http.server --bind 127.0.0.1 PORT"
service = { ready = "port 127.0.0.1:PORT" }
[tasks.command]
run = "sleep 0.2; touch there; exec sleep 300"
service = { ready = "run (sleep 200 TOKEN &) ; test -e there" }
[tasks.log]
run = "sleep 0.2; printf accepting; sleep 0.2; echo ' connections'; exec sleep 300"
service = { ready = "log accepting connections" }
[tasks.test]
needs = ["port", "command", "log"]
run = "test -e there && python3 -c 'import urllib.request as u; u.urlopen(\\"http://127.0.0.1:PORT\\")'"
"""


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def test_each_kind_of_readiness(tmp_path: Path) -> None:
    token, events = fresh_token(), tmp_path / "events"
    text = KINDS.replace("PORT", free_port()).replace("sleep 200 TOKEN", f"exec -a {token} sleep 200")
    text = text.replace("[tasks.command]", '[tasks.command]\nshell = ["bash", "-c"]')
    (tmp_path / "g.toml").write_text(text)
    done = program.call("run", tmp_path / "g.toml", "--events", events)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(line) for line in events.read_text().splitlines()]
    told = [(record["node"], record["status"]) for record in records if record["event"] == "node"]
    began = told.index(("test", "RUNNING"))
    for name in ("port", "command", "log"):
        assert told[:began].count((name, "RUNNING")) == 2, "it began, and was ready"
        assert told.index((name, "CANCELLING")) > told.index(("test", "COMPLETED"))
    assert gone(token), "a command that looked left a process"


def test_a_killed_run_leaves_nothing_of_a_command_that_looks(tmp_path: Path) -> None:
    token = fresh_token()
    (tmp_path / "g.toml").write_text(
        f"""version = 1
[tasks.db]
shell = ["bash", "-c"]
run = "exec sleep 300"
service = {{ ready = "run exec -a {token} sleep 300" }}
"""
    )
    words = [*program.DAGTUI, "run", str(tmp_path / "g.toml")]
    with subprocess.Popen(words, env=program.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        wait_for(lambda: alive(token))
        os.kill(run.pid, signal.SIGKILL)
    wait_for(lambda: gone(token))
