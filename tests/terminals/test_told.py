"""A person in another window is told: on a real terminal, which reports its focus, with settings of a file."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.program import call
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from support.session_harness import SessionHarness

    Open = Callable[..., PtyTerminal]

WAIT = "until [ -e {} ]; do sleep 0.02; done"
GRAPH = f"""
version = 1
[tasks.fails]
run = "{WAIT.format("fail")}; exit 3"
[tasks.ok]
run = "{WAIT.format("ask")}"
[tasks.gate]
needs = ["ok"]
ask = "Go on?"
"""
LOST = "\x1b[O"
FAILED = b"\x07\x1b]9;dagtui: \xe2\x9c\x97 graph: fails failed: exit 3\x07"
ASKED = b"\x07\x1b]9;dagtui: ? graph: gate asks: Go on?\x07"
ENDED = b"\x07\x1b]9;dagtui: \xe2\x9c\x97 graph: failed: 2 done, 1 failed\x07"


@pytest.fixture
def opened(tmp_path: Path, terminals: ExitStack) -> Open:
    def start(*words: str, settings: str = "bell = true\nnotify = true\n") -> PtyTerminal:
        (tmp_path / "graph.toml").write_text(GRAPH, encoding="utf-8")
        (tmp_path / "config.toml").write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "dagtui", "graph.toml", "-j4", *words]
        env = {"LANG": "C.UTF-8", "DAGTUI_CONFIG_DIR": str(tmp_path)}
        terminal = terminals.enter_context(PtyTerminal(command, cwd=tmp_path, env=env))
        terminal.wait_for_text("q quit")
        return terminal

    return start


def await_codes(terminal: PtyTerminal, codes: bytes) -> None:
    terminal.wait_for(lambda: codes in terminal.raw, repr(codes))


def test_a_person_elsewhere_is_told_of_failure_question_and_end(opened: Open, tmp_path: Path):
    terminal = opened()
    terminal.send(LOST)
    (tmp_path / "fail").touch()
    await_codes(terminal, FAILED)
    (tmp_path / "ask").touch()
    await_codes(terminal, ASKED)
    sockets = {"DAGTUI_SOCKET_DIR": os.environ["DAGTUI_SOCKET_DIR"]}
    assert call("answer", "graph.toml", "gate", "approve", cwd=tmp_path, env=sockets).returncode == 0
    await_codes(terminal, ENDED)
    assert terminal.raw.count(b"\x1b]9;dagtui") == 3
    terminal.send("q")
    terminal.wait_for_end()
    assert terminal.is_restored


def test_a_person_who_looks_is_not_told(opened: Open, tmp_path: Path):
    terminal = opened("--in-process")
    (tmp_path / "fail").touch()
    terminal.wait_for_text("✗ 1")
    terminal.send(LOST)
    (tmp_path / "ask").touch()
    await_codes(terminal, ASKED)
    assert terminal.raw.count(b"\x1b]9;dagtui") == 1


def test_without_settings_nothing_is_said(opened: Open, tmp_path: Path):
    terminal = opened("--in-process", settings="")
    terminal.send(LOST)
    (tmp_path / "fail").touch()
    (tmp_path / "ask").touch()
    terminal.wait_for_text("asks")
    assert b"\x1b]9;dagtui" not in terminal.raw
    assert b"\x07\x07" not in terminal.raw


def test_a_program_is_told_while_the_run_is_detached(harness: SessionHarness):
    wait = WAIT.format("fail")
    harness.write(f'[run]\nnotify = ["sh", "-c", "cat >> told"]\n[tasks.a]\nrun = "{wait}; exit 3"\n')
    terminal = harness.open()
    terminal.wait_for_text("q quit")
    terminal.send("d")
    terminal.wait_for_end()
    (harness.folder / "fail").touch()
    told = harness.folder / "told"
    wait_for(lambda: told.exists() and told.read_text().count("\n") == 2)
    assert sorted(json.loads(line)["event"] for line in told.read_text().splitlines()) == ["end", "failure"]
    assert harness.told().count("notified") == 2
