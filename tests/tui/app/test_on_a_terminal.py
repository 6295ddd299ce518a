"""The program on a real pseudo-terminal."""

from __future__ import annotations

import signal
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

PROGRAM = [sys.executable, "-m", "dagtui", "--in-process"]
GRAPH = """
version = 1

[tasks.hello]
run = "printf '\\\\033]0;title\\\\007hello from the node\\\\n'"

[tasks.slow]
run = ["sleep", "60"]
"""
QUIET_SECONDS = 2.5
"""Longer than any timer of the screen."""


@pytest.fixture
def opened(tmp_path: Path, terminals: ExitStack) -> Open:
    """Opens the program on a graph; it ends with the test."""

    def start(graph: str = GRAPH, **environment: str) -> PtyTerminal:
        path = tmp_path / "small.toml"
        path.write_text(graph)
        environment = {"LANG": "C.UTF-8", "SSH_CONNECTION": "", **environment}
        program = PtyTerminal([*PROGRAM, str(path)], columns=100, rows=20, env=environment)
        terminal = terminals.enter_context(program)
        terminal.wait_for_text("q quit")
        return terminal

    return start


def test_the_pager_gets_the_log_and_the_terminal_and_gives_it_back(opened: Open):
    terminal = opened(PAGER="less")
    terminal.wait_for_text("hello from the node")
    terminal.send("o")
    terminal.wait_for_text("(END)")
    assert "hello from the node" in terminal.text
    assert b"\x1b]0;" not in terminal.raw, "less is told to keep back what sets a window's title"
    while "~" not in terminal.text:  # less draws anew; what is typed before that is thrown away
        terminal.send("\x03")
        terminal.read(0.3)
    # A key that less throws away must be typed again; on the screen it only asks whether to leave.
    while "(END)" in terminal.text or "q quit" not in terminal.text:
        terminal.send("q")
        terminal.read(0.3)
    assert terminal.process.poll() is None, "^C was meant for the pager"


@pytest.mark.parametrize("pager", ["/nonexistent/pager", "cat 'unbalanced"])
def test_a_pager_that_cannot_be_started_is_told(opened: Open, pager: str):
    terminal = opened(PAGER=pager)
    terminal.wait_for_text("hello from the node")
    terminal.send("o")
    terminal.wait_for(lambda: "No such file" in terminal.text or "PAGER can't be used" in terminal.text, "a word")
    terminal.send("j")
    terminal.wait_for_text("q quit")


def test_a_signal_ends_the_run_and_restores_the_terminal(opened: Open):
    terminal = opened()
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert terminal.is_restored
    assert terminal.foreign_codes() == []


def test_leaving_prints_the_card_on_the_normal_screen(opened: Open):
    terminal = opened()
    terminal.send("q")
    terminal.wait_for_text("cancel all and leave")
    # The question is deaf for a moment: whoever means it presses again.
    terminal.wait_for(lambda: terminal.send("c") or "stopping" in terminal.text or terminal.process.poll(), "the end")
    assert terminal.wait_for_end() == 130
    after = bytes(terminal.raw).rpartition(b"\x1b[?1049l")[2]
    assert b"small cancelled" in after
    assert b"dagtui" in after
    assert terminal.is_restored


def test_a_settled_run_sends_nothing_and_is_left_at_once(opened: Open):
    terminal = opened(GRAPH.partition("[tasks.slow]")[0])
    terminal.wait_for_text("completed")
    heard = [len(terminal.raw), time.monotonic()]

    def quiet() -> bool:
        if len(terminal.raw) != heard[0]:
            heard[:] = [len(terminal.raw), time.monotonic()]
        return time.monotonic() - heard[1] > QUIET_SECONDS

    terminal.wait_for(quiet, "silence")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
