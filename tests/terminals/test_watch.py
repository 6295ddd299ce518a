"""`dagtui attach --read-only` on a real terminal, over a run of another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    Watch = Callable[..., PtyTerminal]

GRAPH = """
version = 1
[tasks.first]
run = "read x < gate; echo came through"
[tasks.second]
needs = ["first"]
run = "exit 7"
"""


@pytest.fixture
def folder(tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(short_path / "sockets"))
    (tmp_path / "graph.toml").write_text(GRAPH)
    os.mkfifo(tmp_path / "gate")
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "dagtui", "run", "graph.toml"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: list(Path(os.environ["DAGTUI_SOCKET_DIR"]).glob("*.sock")), "the run has begun")
        yield process
        process.terminate()


@pytest.fixture
def watch(folder: Path, terminals: ExitStack) -> Watch:
    def start(*words: str) -> PtyTerminal:
        command = [sys.executable, "-m", "dagtui", "attach", "--read-only", *words]
        environment = {"LANG": "C.UTF-8", "DAGTUI_SOCKET_DIR": os.environ["DAGTUI_SOCKET_DIR"]}
        return terminals.enter_context(PtyTerminal(command, cwd=folder, env=environment))

    return start


def commands(folder: Path) -> list[object]:
    lines = (folder / ".dagtui" / "graph" / "latest" / "journal.jsonl").read_bytes().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "command"]


def test_a_live_run_is_watched_to_its_end(folder: Path, run: subprocess.Popen[bytes], watch: Watch) -> None:
    terminal = watch("graph.toml")
    terminal.wait_for_text("read-only")
    terminal.wait_for_text("running")
    for key in "xrRXAspm><b":
        terminal.send(key)
    (folder / "gate").write_text("go\n")
    terminal.wait_for_text("came through")
    terminal.wait_for_text("exit 7")
    assert run.wait(30) == 1
    terminal.send("q")
    assert terminal.wait_for_end() == 1
    assert "✗ second" in terminal.text
    assert terminal.is_restored
    assert terminal.foreign_codes() == []
    assert commands(folder) == []


@pytest.mark.parametrize("how", ["q", "TERM", "hang up", "kill"])
def test_leaving_never_touches_the_run(folder: Path, run: subprocess.Popen[bytes], watch: Watch, how: str) -> None:
    terminal = watch()
    terminal.wait_for_text("read-only")
    if how == "q":
        terminal.send("q")
        assert terminal.wait_for_end() == 0
        assert "graph run 1 continues" in terminal.text
    elif how == "hang up":
        terminal.hang_up()
        terminal.wait_for_end()
    else:
        terminal.signal(signal.SIGTERM if how == "TERM" else signal.SIGKILL)
        assert terminal.wait_for_end() in {128 + signal.SIGTERM, -signal.SIGKILL}
    assert run.poll() is None
    (folder / "gate").write_text("go\n")
    assert run.wait(30) == 1
    assert commands(folder) == []


def test_an_ended_run_is_shown_as_it_ended(folder: Path, run: subprocess.Popen[bytes], watch: Watch) -> None:
    (folder / "gate").write_text("go\n")
    run.wait(30)
    terminal = watch("graph.toml")
    terminal.wait_for_text("exit 7")
    terminal.send("q")
    assert terminal.wait_for_end() == 1


def test_without_a_terminal_it_says_what_to_use(folder: Path) -> None:
    words = [sys.executable, "-m", "dagtui", "attach", "--read-only", "graph.toml"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
