"""What a dialog over the screen, and a new size, cost a terminal that is large and slow."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.terminal import PtyTerminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    Open = Callable[..., PtyTerminal]

COLUMNS, ROWS = 200, 50
BYTES_A_SECOND = 50_000
SETTLED = """
[tasks.one]
run = "echo first words"
[tasks.two]
needs = ["one"]
run = "exit 7"
[tasks.three]
needs = ["two"]
run = "true"
"""
LIVE = """
[tasks.idle]
run = "sleep 600"
[tasks.next]
needs = ["idle"]
run = "true"
"""
OF_A_SETTLED_RUN = [("?", "Keys and signs"), (":", "Command or node"), ("A", "Retry"), ("/", "nodes /")]
OF_A_LIVE_RUN = [("X", "Cancel"), ("q", "Leave")]
SIZES = [(160, 45), (79, 24), (200, 50), (120, 30), (180, 40)]
QUIET_SECONDS = 0.7
"""Longer than a cursor is there or not when it blinks; a repaint of everything takes half as long."""
LIVE_BYTES = 600
"""A clock, a row, and what the right side says, in half a second: the whole screen has forty times as many."""


@pytest.fixture
def opened(tmp_path: Path, terminals: ExitStack) -> Open:
    def start(graph: str) -> PtyTerminal:
        path = tmp_path / "graph.toml"
        path.write_text("version = 1\n" + graph, encoding="utf-8")
        command = [sys.executable, "-m", "dagtui", str(path), "--in-process"]
        terminal = PtyTerminal(command, cwd=tmp_path, env={"LANG": "C.UTF-8"}, columns=COLUMNS, rows=ROWS)
        terminal.rate = BYTES_A_SECOND
        return terminals.enter_context(terminal)

    return start


def sent_in(terminal: PtyTerminal, seconds: float) -> int:
    """How many bytes are sent within so many seconds."""
    before, end = len(terminal.raw), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        terminal.read(left)
    return len(terminal.raw) - before


def test_nothing_is_sent_to_a_slow_terminal_once_a_dialog_is_painted(opened: Open) -> None:
    terminal = opened(SETTLED)
    terminal.wait_for_text("Finished")
    for key, words in OF_A_SETTLED_RUN:
        terminal.send(key)
        terminal.wait_for_text(words)
        terminal.wait_for(lambda: terminal.is_quiet(QUIET_SECONDS), f"end of painting below {key}")
        terminal.send("\x1b")


def test_a_dialog_over_a_live_run_costs_what_changes(opened: Open) -> None:
    terminal = opened(LIVE)
    terminal.wait_for_text("running for")
    for key, words in OF_A_LIVE_RUN:
        terminal.send(key)
        terminal.wait_for_text(words)
        terminal.wait_for(lambda: sent_in(terminal, 0.5) < LIVE_BYTES, f"end of painting below {key}")
        terminal.send("\x1b")


def frames_of_a_size(terminal: PtyTerminal, columns: int, rows: int) -> int:
    """How many whole frames a new size costs."""
    before, last_row = len(terminal.raw), b"\x1b[%d;1H" % rows
    terminal.resize(columns, rows)
    terminal.wait_for(lambda: terminal.raw.count(last_row, before) and terminal.is_quiet(0.4), "new frame")
    return terminal.raw.count(last_row, before)


def test_a_new_size_costs_one_frame(opened: Open) -> None:
    terminal = opened(SETTLED)
    terminal.rate = 0
    terminal.wait_for_text("Finished")
    for (key, words), (columns, rows) in zip([("", "Finished"), *OF_A_SETTLED_RUN], SIZES, strict=True):
        terminal.send(key)
        terminal.wait_for(lambda words=words: words in terminal.text and terminal.is_quiet(0.2), f"{words!r}, painted")
        assert frames_of_a_size(terminal, columns, rows) == 1, (key, "whole frames")
        terminal.send("\x1b")


def test_escape_and_the_key_behind_it_are_both_heard(opened: Open) -> None:
    """As fast typists, macros and slow links send them: at once."""
    terminal = opened(SETTLED)
    terminal.rate = 0
    terminal.wait_for_text("Finished")
    for (keys, words), key in zip([*OF_A_SETTLED_RUN, ("/ab", "nodes /ab")], "23123", strict=False):
        terminal.send(keys)
        terminal.wait_for_text(words)
        terminal.send(f"\x1b{key}")
        terminal.wait_for(lambda words=words: words not in terminal.text, f"end of {words!r}")
        terminal.wait_for_text(f"[{key} ")  # that tab
