"""A secret never reaches the terminal: all bytes that were sent to it are looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.terminal import PtyTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "hunter2-hunter3"
GRAPH = f"""
version = 1
name = "with {TOKEN}"
[run]
secrets = ["TOKEN", "IN_FILE"]
[env]
IN_FILE = "sesame-5521"
SHOWN = "header {TOKEN}"
[tasks.upload]
doc = "Uses {TOKEN}"
matrix = {{ key = ["{TOKEN}", "other"] }}
run = "echo got $TOKEN and sesame-5521; test {{{{ matrix.key }}}} = other"
[tasks.nowhere]
run = ["/nonexistent/{TOKEN}", "sesame-5521"]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[PtyTerminal]:
    path = tmp_path / "graph.toml"
    path.write_text(GRAPH, encoding="utf-8")
    command = [sys.executable, "-m", "dagtui", "--in-process", str(path)]
    with PtyTerminal(command, columns=160, rows=45, cwd=tmp_path, env={"LANG": "C.UTF-8", "TOKEN": TOKEN}) as terminal:
        yield terminal


def test_panes_previews_and_the_card_show_stars(terminal: PtyTerminal):
    terminal.wait_for_text("upload[key=***]")
    terminal.wait_for_text("could not start")
    terminal.wait_for_text("got *** and ***")
    terminal.send("2")
    terminal.wait_for_text("IN_FILE=***")
    terminal.wait_for_text("SHOWN=header ***")
    terminal.wait_for_text("Uses ***")
    terminal.send("3")
    terminal.wait_for_text("exit 1")
    terminal.send("A")
    terminal.wait_for_text("Retry all failed?")
    terminal.send("\x1b")
    terminal.wait_for(lambda: "Retry all failed?" not in terminal.text, "end of the question")
    terminal.send("e1")
    terminal.wait_for_text('"/nonexistent/***"')
    terminal.send("q")
    assert terminal.wait_for_end() == 1
    assert "with *** failed" in terminal.text
    for secret in (TOKEN, "sesame-5521"):
        assert secret.encode() not in terminal.raw
        assert secret[:8].encode() not in terminal.raw
