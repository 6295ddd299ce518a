"""A person in another window is told: on a real terminal, which reports its focus, with settings of a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.program import call
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

    Open = Callable[..., PtyTerminal]

GRAPH = """
[run]
{run}
[tasks.fails]
run = "until [ -e fail ]; do sleep 0.02; done; exit 3"
[tasks.ok]
run = "until [ -e ask ]; do sleep 0.02; done"
[tasks.gate]
needs = ["ok"]
ask = "Go on?"
"""
LOST = "\x1b[O"
FAILED = b"\x07\x1b]9;dagtui: \xe2\x9c\x97 graph: fails failed: exit 3\x07"
ASKED = b"\x07\x1b]9;dagtui: ? graph: gate asks: Go on?\x07"
ENDED = b"\x07\x1b]9;dagtui: \xe2\x9c\x97 graph: failed: 2 done, 1 failed\x07"


@pytest.fixture
def opened(harness: SessionHarness) -> Open:
    def start(*words: str, settings: str = "bell = true\nnotify = true\n", run: str = "") -> PtyTerminal:
        harness.write(GRAPH.format(run=run))
        (harness.folder / "config.toml").write_text(settings, encoding="utf-8")
        terminal = harness.open("graph.toml", "-j4", *words, env={"DAGTUI_CONFIG_DIR": str(harness.folder)})
        terminal.wait_for_text("q quit")
        return terminal

    return start


def await_codes(terminal: PtyTerminal, codes: bytes) -> None:
    terminal.wait_for(lambda: codes in terminal.raw, repr(codes))


def test_a_person_elsewhere_is_told_of_failure_question_and_end(opened: Open, harness: SessionHarness):
    """So is a program, also while the run is detached."""
    terminal = opened(run='notify = ["sh", "-c", "cat >> told"]')
    folder, sockets = harness.folder, {"DAGTUI_SOCKET_DIR": str(harness.sockets)}
    terminal.send(LOST)
    (folder / "fail").touch()
    await_codes(terminal, FAILED)
    (folder / "ask").touch()
    await_codes(terminal, ASKED)
    assert call("answer", "graph.toml", "gate", "approve", cwd=folder, env=sockets).returncode == 0
    await_codes(terminal, ENDED)
    assert terminal.raw.count(b"\x1b]9;dagtui") == 3
    wait_for(lambda: events_told(folder) == ["end", "failure", "gate"])
    terminal.send("d")
    terminal.wait_for_end()
    assert terminal.is_restored
    assert call("retry", "graph.toml", "fails", cwd=folder, env=sockets).returncode == 0
    wait_for(lambda: events_told(folder) == ["end", "end", "failure", "failure", "gate"])
    assert harness.told().count("notified") == 5


def events_told(folder: Path) -> list[str]:
    """What the program was told, sorted: calls may overtake each other."""
    path = folder / "told"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return sorted(str(json.loads(line)["event"]) for line in lines if line.endswith("\n"))


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
