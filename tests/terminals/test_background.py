"""The terminal's background chooses light or dark, unless a person has chosen; the answer is never taken for keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.terminal import PtyTerminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from support.session_harness import SessionHarness

    Open = Callable[..., PtyTerminal]

GRAPH = """
version = 1
[tasks.one]
run = "echo first words"
"""
QUESTION = b"\x1b]11;?\x07"
LIGHT, DARK = "fbfbfa", "15181d"
ANSWER = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.fixture
def opened(tmp_path: Path, terminals: ExitStack) -> Open:
    def start(*words: str, **environment: str) -> PtyTerminal:
        (tmp_path / "graph.toml").write_text(GRAPH, encoding="utf-8")
        command = [sys.executable, "-m", "dagtui", "graph.toml", "--in-process", *words]
        env = {"LANG": "C.UTF-8", "COLORTERM": "truecolor", **environment}
        terminal = terminals.enter_context(PtyTerminal(command, cwd=tmp_path, env=env))
        terminal.wait_for_text("quit")
        terminal.wait_for_text("first words")
        return terminal

    return start


def ground(terminal: PtyTerminal) -> str:
    """The background of most cells that were painted."""
    grounds = [ground for _, _, ground in terminal.cells if ground != "default"]
    return max(set(grounds), key=grounds.count)


def test_auto_undoes_a_theme_of_the_settings_and_suits_the_answer(opened: Open, tmp_path: Path) -> None:
    """The screen is there before the answer."""
    (tmp_path / "config.toml").write_text('theme = "light"\n', encoding="utf-8")
    terminal = opened("--theme", "auto", DAGTUI_CONFIG_DIR=str(tmp_path))
    assert terminal.raw.count(QUESTION) == 1
    assert ground(terminal) == DARK
    for piece in (ANSWER[:9], ANSWER[9:]):
        terminal.send(piece)
        terminal.read(0.01)
    terminal.wait_for(lambda: ground(terminal) == LIGHT, "light colours")
    assert "first words" in terminal.text
    terminal.send("q")
    terminal.wait_for_end()
    assert terminal.foreign_codes() == []
    assert terminal.is_restored


def test_a_chosen_theme_asks_nothing_and_stays(opened: Open) -> None:
    terminal = opened("--theme", "dark")
    assert QUESTION not in terminal.raw
    terminal.send(f"{ANSWER}v")
    terminal.wait_for_text("[Map]")
    assert ground(terminal) == DARK


def test_each_terminal_that_attaches_brings_its_own_settings(harness: SessionHarness, tmp_path: Path) -> None:
    """The session has the environment of the first one."""
    harness.write('[tasks.one]\nrun = "echo first words; sleep 600; : {token}"\n')
    for name, text in (("first", 'theme = "light"\n'), ("second", "keys.screen.detach = 'B'\nview = 'map'\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text(text, encoding="utf-8")
    first = harness.open(env={"DAGTUI_CONFIG_DIR": str(tmp_path / "first")})
    first.wait_for_text("first words")
    assert (QUESTION in first.raw, ground(first)) == (False, LIGHT)
    first.send("d")
    assert first.wait_for_end() == 0
    second = harness.open(env={"DAGTUI_CONFIG_DIR": str(tmp_path / "second")})
    second.wait_for_text("B detach")
    second.wait_for(lambda: ground(second) == DARK, "dark colours")
    assert QUESTION in second.raw
    second.send("B")
    assert second.wait_for_end() == 0
    console = harness.open(env={"TERM": "linux"})  # it would print the question
    console.wait_for_text("first words")
    console.send("d")
    assert console.wait_for_end() == 0
    assert QUESTION not in console.raw
