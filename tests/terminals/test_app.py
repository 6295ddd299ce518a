"""The whole program on a real terminal, with real processes: how it is left, lost, stopped, resized, attacked."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.journals import records_so_far, statuses_so_far
from support.process_listing import processes_with
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    Open = Callable[..., PtyTerminal]

STUBBORN = """
[tasks.stubborn]
run = "sh -c 'trap : TERM; echo here; while :; do sleep 0.1; done' {token}"
grace = 0.3
[tasks.other]
run = "sh -c 'sleep 600; :' {token}"
[tasks.after]
needs = ["stubborn", "other"]
run = "true"
"""
QUICK = """
[tasks.one]
run = "echo first words"
[tasks.two]
needs = ["one"]
run = "echo it broke; exit 7"
[tasks.three]
needs = ["two"]
run = "true"
"""


@pytest.fixture
def opened(tmp_path: Path, token: str, terminals: ExitStack) -> Open:
    def start(graph: str, *words: str, **options: object) -> PtyTerminal:
        path = tmp_path / "graph.toml"
        path.write_text("version = 1\n" + graph.replace("{token}", token), encoding="utf-8")
        program = options.pop("program", ["-m", "dagtui"])
        command = [sys.executable, *program, str(path), "--in-process", *words]
        return terminals.enter_context(PtyTerminal(command, cwd=tmp_path, env={"LANG": "C.UTF-8"}, **options))

    return start


def journal(tmp_path: Path) -> list[dict[str, object]]:
    """The events that are on record."""
    return records_so_far(tmp_path / ".dagtui" / "graph" / "latest" / "journal.jsonl")


def statuses(tmp_path: Path) -> dict[str, str]:
    return statuses_so_far(tmp_path / ".dagtui" / "graph" / "latest" / "journal.jsonl")


def test_leaving_a_settled_run_restores_the_terminal_and_prints_a_card(opened: Open) -> None:
    terminal = opened(QUICK)
    terminal.wait_for_text("failed")
    terminal.wait_for_text("by two")
    terminal.send("q")
    assert terminal.wait_for_end() == 1
    assert terminal.is_restored
    assert terminal.foreign_codes() == []
    assert "graph failed" in terminal.text
    assert "two  exit 7" in terminal.text
    assert "it broke" in terminal.text
    assert "to resume: dagtui" in terminal.text


def test_what_is_too_long_for_the_terminal_is_copied_to_a_file_and_that_is_said(opened: Open, tmp_path: Path) -> None:
    script = "".join(f"\tfalse {number}\n" for number in range(8_000)).strip("\n")
    terminal = opened(f"[tasks.two]\nrun = '''{script}'''\n")
    terminal.wait_for_text("exit 1")
    terminal.send("\t")
    terminal.wait_for_text("[1 Log]")
    terminal.send("2")
    terminal.wait_for_text("[2 Details]")
    terminal.send("Y")
    terminal.wait_for_text("too long for a terminal's clipboard: copied")
    copied = tmp_path / ".dagtui" / "graph" / "latest" / "copied.txt"
    assert f"\ncommand\n{script}\n" in copied.read_text()
    assert terminal.foreign_codes() == []


def test_leaving_in_mid_run_asks_first_and_stays_by_default(opened: Open, token: str) -> None:
    terminal = opened(STUBBORN)
    wait_for(lambda: len(processes_with(token)) == 2, "both nodes")
    terminal.send("q")
    terminal.wait_for_text("Leave?")
    terminal.send("\x1b")
    terminal.wait_for(lambda: "Leave while" not in terminal.text, "end of the question")
    assert terminal.process.poll() is None
    assert len(processes_with(token)) == 2


def test_cancelling_all_and_leaving_leaves_no_process_behind(opened: Open, token: str, tmp_path: Path) -> None:
    terminal = opened(STUBBORN)
    wait_for(lambda: len(processes_with(token)) == 2, "both nodes")
    terminal.send("q")
    terminal.wait_for_text("Leave?")
    wait_for(lambda: terminal.read(0.1) or True, "time to look")
    # Enter and its like are ignored for a moment after a question appears.
    while "still" not in terminal.text and terminal.process.poll() is None:
        terminal.send("c")
        terminal.read(0.2)
    assert terminal.wait_for_end() == 130
    assert processes_with(token) == []
    assert terminal.is_restored
    assert set(statuses(tmp_path).values()) == {"CANCELLED"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_restores_the_terminal(opened: Open, token: str, number: signal.Signals) -> None:
    terminal = opened(STUBBORN)
    wait_for(lambda: len(processes_with(token)) == 2, "both nodes")
    terminal.wait_for_text("stubborn")
    terminal.signal(number)
    assert terminal.wait_for_end() == 128 + number
    assert processes_with(token) == []
    assert terminal.is_restored


def test_a_closed_terminal_ends_the_run_and_it_is_on_record(opened: Open, token: str, tmp_path: Path) -> None:
    terminal = opened(STUBBORN)
    terminal.wait_for_text("stubborn")
    wait_for(lambda: len(processes_with(token)) == 2, "both nodes")
    terminal.hang_up()
    wait_for(lambda: terminal.process.poll() is not None, "end of the program")
    assert processes_with(token) == []
    assert set(statuses(tmp_path).values()) == {"CANCELLED"}
    assert journal(tmp_path)[-1]["what"] == "ended"


def test_kill_9_of_the_program_leaves_no_process_behind(opened: Open, token: str) -> None:
    terminal = opened(STUBBORN)
    wait_for(lambda: len(processes_with(token)) == 2, "both nodes")
    terminal.signal(signal.SIGKILL)
    wait_for(lambda: not processes_with(token), "end of all processes")


def test_a_stopped_terminal_does_not_stop_the_run(opened: Open, tmp_path: Path) -> None:
    body = 'run = "for i in 1 2 3 4 5; do echo $i; done; sleep 0.02"'
    needs = ["", *(f'needs = ["n{number}"]' for number in range(59))]
    chain = "".join(f"[tasks.n{number}]\n{body}\n{line}\n" for number, line in enumerate(needs))
    terminal = opened(chain, columns=200, rows=50)
    terminal.wait_for_text("n1")
    # From here on nobody reads the terminal: its buffer fills, and the run must not notice.
    wait_for(lambda: list(statuses(tmp_path).values()) == ["COMPLETED"] * 60, "end of the run")
    terminal.wait_for_text("completed")
    terminal.wait_for_text("✓ 60")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored


def test_the_screen_follows_the_size_of_the_terminal(opened: Open) -> None:
    terminal = opened(QUICK)
    terminal.wait_for_text("by two")
    for columns, rows in [(40, 12), (200, 50), (60, 20), (41, 13), (120, 40)]:
        terminal.resize(columns, rows)
    terminal.wait_for(lambda: "q quit" in terminal.text.split("\n")[39], "footer on the last line")
    terminal.wait_for(lambda: "graph" in terminal.text.split("\n")[0], "top bar on the first line")


def test_a_suspended_program_that_nobody_could_continue_comes_back_at_once(opened: Open, tmp_path: Path) -> None:
    terminal = opened('[tasks.one]\nrun = "while ! test -e go; do sleep 0.02; done"\n')
    terminal.wait_for_text("running")
    assert os.getsid(terminal.process.pid) == os.getpgid(terminal.process.pid), "its group is an orphan"
    terminal.send("\x1a")
    # What was typed for the shell in between is not for the screen.
    terminal.wait_for(lambda: terminal.raw.count(b"\x1b[?1049h") == 2, "the screen again")
    (tmp_path / "go").touch()
    terminal.wait_for_text("✓ 1")
    terminal.send("q")
    assert terminal.wait_for_end() == 0


ATTACKS = (
    r"\033]52;c;aGk=\007\033]0;title\007\033[?1049l\033[2J\033P+q\033\\"
    r"\033(0\233\302\233\r\033[c\033[6nVISIBLE\n"
)
"""Clipboard, title, screen, device strings, character sets, C1, questions: for printf."""


def test_what_a_task_prints_never_reaches_the_terminal_as_control_codes(opened: Open) -> None:
    graph = f"""[tasks."plain [/red] [@click=app.exit]"]\nrun = '''printf '{ATTACKS}'; exit 3'''\n"""
    terminal = opened(graph)
    terminal.wait_for_text("VISIBLE")
    terminal.wait_for_text("exit 3")
    terminal.send("3")
    terminal.wait_for_text("what you can do")
    terminal.send("q")
    assert terminal.wait_for_end() == 1
    assert "VISIBLE" in terminal.text
    assert terminal.foreign_codes() == []
    assert terminal.is_restored


def test_replies_of_the_terminal_are_no_keys(opened: Open, tmp_path: Path) -> None:
    terminal = opened('[tasks.one]\nrun = "sleep 600"\n')
    terminal.wait_for_text("running")
    terminal.send(
        "\x1b[?62;1;2;4c\x1b[>1;10;0c\x1b]10;rgb:ffff/ffff/ffff\x1b\\\x1bP>|x(1)\x1b\\\x1b[12;40R\x1b]52;c;eHhx\x07"
    )
    terminal.send("p")
    terminal.wait_for_text("paused")
    commands = [event["command"] for event in journal(tmp_path) if event["event"] == "command"]
    assert commands == ["pause"]
    assert "Leave" not in terminal.text


def test_a_run_in_process_may_begin_paused(opened: Open, tmp_path: Path) -> None:
    terminal = opened('[tasks.one]\nrun = "echo ran"\n', "--paused")
    terminal.wait_for_text("paused")
    assert not any(event.get("status") == "RUNNING" for event in journal(tmp_path))
    terminal.send("p")
    terminal.wait_for_text("completed")


def test_a_retry_and_a_cancelled_subtree_from_the_keyboard(opened: Open, tmp_path: Path) -> None:
    terminal = opened(
        '[tasks.one]\nrun = "test -e go"\n[tasks.two]\nneeds = ["one"]\nrun = "sleep 600"\n'
        '[tasks.three]\nneeds = ["two"]\nrun = "true"\n[tasks.free]\nrun = "sleep 1; touch freed"\n',
        "-j4",
    )
    terminal.wait_for_text("exit 1")
    (tmp_path / "go").touch()
    terminal.send("r")
    wait_for(lambda: statuses(tmp_path).get("two") == "RUNNING", "second node after the retry")
    terminal.send("jX")
    terminal.wait_for_text("Cancel subtree two?")
    while "Cancel subtree" in terminal.text:
        terminal.send("\r")
        terminal.read(0.2)
    wait_for(lambda: statuses(tmp_path).get("free") == "COMPLETED", "end of what is outside the subtree")
    wait_for(lambda: statuses(tmp_path).get("two") == "CANCELLED", "end of the cancelled node")
    assert statuses(tmp_path) == {"one": "COMPLETED", "two": "CANCELLED", "three": "CANCELLED", "free": "COMPLETED"}
    terminal.wait_for_text("■ 2")
    terminal.send("q")
    assert terminal.wait_for_end() == 130


CRASHING = """
import sys
from dagtui.tui.screens.main import MainScreen
def flush(screen, clock, *, changed):
    if clock > 0.5:
        raise RuntimeError("the screen is broken on purpose")
MainScreen.flush = flush
from dagtui.__main__ import main
main()
"""


def test_a_crash_of_the_screen_leaves_the_run_alive_and_is_on_record(opened: Open, tmp_path: Path) -> None:
    terminal = opened('[tasks.one]\nrun = "sleep 2; echo done > done"\n', program=["-c", CRASHING])
    terminal.wait_for_text("the run continues without it")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert (tmp_path / "done").exists()
    assert statuses(tmp_path) == {"one": "COMPLETED"}
    assert any("the screen failed" in str(event.get("text")) for event in journal(tmp_path))
