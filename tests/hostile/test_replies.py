"""Replies of a terminal that come in pieces, with pauses on both sides of the parser's time-out, to the whole program.

They come while it starts, into its dialogs and into its find line; nothing that destroys may come of them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hostile.allowed import Allowed
from support.terminal import PtyTerminal
from support.terminal_replies import REPLIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DANGEROUS = ["\x1b[24;80R", "\x1b]52;c;cmV0cnkgUiBjYW5jZWwgWCBxdWl0IHE=\x07", "\x1bP>|XTerm(390)\x1b\\"]
"""They have letters in them that retry, cancel and leave."""
UNDER, OVER = 0.03, 0.16
"""Seconds: the parser takes an escape for the Esc key after 0.1."""
GRAPH = """
version = 1
[tasks.one]
run = "sleep 600"
grace = 0.1
[tasks.two]
run = "exit 1"
"""


class Program:
    """The program on a terminal that answers in pieces."""

    def __init__(self, folder: Path) -> None:
        path = folder / "graph.toml"
        path.write_text(GRAPH, encoding="utf-8")
        self._journal = folder / ".dagtui" / "graph" / "latest" / "journal.jsonl"
        command = [sys.executable, "-m", "dagtui", "--in-process", str(path)]
        self.terminal = PtyTerminal(command, cwd=folder, env={"LANG": "C.UTF-8"})

    def pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.terminal.read(0.01)

    def send(self, reply: str, cuts: list[int], pause: float) -> None:
        for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True):
            self.terminal.send(reply[start:end])
            self.pause(pause)

    def commands(self) -> list[str]:
        lines = self._journal.read_bytes().splitlines() if self._journal.exists() else []
        return [event["command"] for event in map(json.loads, lines) if event["event"] == "command"]

    def check(self) -> None:
        """No command was given, and no dialog that was not asked for is there."""
        assert self.commands() == []
        assert self.terminal.process.poll() is None
        assert not any(words in self.terminal.text for words in ["Leave while", "Retry", "Rerun", "Cancel subtree"])


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    found = Program(tmp_path)
    yield found
    found.terminal.__exit__()


def cuts_of(reply: str) -> list[list[int]]:
    """Where to cut: once at each of the first places, and everywhere of them."""
    return [[1], [1, 2, 3], [len(reply) - 1]]


def test_while_it_starts(program: Program):
    for reply in DANGEROUS:  # some come before anything is read, some while modes are set
        program.send(reply, [1, 2], UNDER)
    for reply in DANGEROUS:
        program.send(reply, [1], OVER)
    program.terminal.wait_for_text("two")
    program.check()


def test_in_the_tree_the_find_line_and_a_dialog(program: Program):
    program.terminal.wait_for_text("exit 1")
    for reply in DANGEROUS:
        for cuts in cuts_of(reply):
            program.send(reply, cuts, OVER)
    program.check()
    program.terminal.send("/")
    program.terminal.wait_for_text("nodes /")
    program.send(DANGEROUS[1], [3, 20], OVER)
    assert "nodes / " in program.terminal.text
    program.check()
    program.terminal.send("\r")
    program.terminal.wait_for(lambda: "nodes /" not in program.terminal.text, "end of the find line")
    program.terminal.send("p")
    program.terminal.wait_for_text("paused")
    assert program.commands() == ["pause"]
    program.terminal.send("A")
    program.terminal.wait_for_text("Retry all")
    program.pause(0.4)  # else it would be deaf anyway
    for reply in DANGEROUS:
        program.send(reply, [3], OVER)
    assert "Retry all" in program.terminal.text
    assert program.commands() == ["pause"]


def test_what_is_typed_at_once_behind_the_key_that_finds_is_looked_for(program: Program):
    program.terminal.wait_for_text("exit 1")
    program.terminal.send("/xrsmAXq")
    program.terminal.wait_for_text("nodes /xrsmAXq")
    program.check()


@pytest.mark.torture
@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
@pytest.mark.parametrize("pause", [UNDER, OVER])
def test_every_reply_cut_everywhere(program: Program, reply: str, pause: float):
    program.terminal.wait_for_text("exit 1")
    for cut in range(1, len(reply)):
        program.send(reply, [cut], pause)
        program.check()
    program.send(reply, list(range(1, len(reply))), pause)
    program.check()
    allowed = Allowed()
    allowed.read(bytes(program.terminal.raw), "replies")
    assert allowed.foreign == []
