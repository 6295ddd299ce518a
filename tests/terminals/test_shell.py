"""A shell in a node's place: started from the screen, on its terminal, while the run goes on."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.process_listing import processes_with
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

GRAPH = """
[run]
secrets = ["API_TOKEN"]
[env]
WHO = "everybody"
[tasks.first]
run = "while ! test -e go; do sleep 0.02; done; true {token}"
[tasks.second]
needs = ["first"]
run = "sleep 600 # {token}"
grace = 0.1
[tasks.cell]
needs = ["second"]
run = "true"
cwd = "in {{ matrix.colour }}"
env = { COLOUR = "{{ matrix.colour }}", PASSWORD = "{{ env.API_TOKEN }}" }
matrix = { colour = ["red"] }
[tasks.lost]
needs = ["second"]
run = "true"
cwd = "nowhere"
"""
MODES = [(), ("--in-process",)]
PROMPT = "prompt> "


@pytest.fixture
def harness(harness: SessionHarness, tmp_path: Path) -> SessionHarness:
    harness.write(GRAPH)
    (tmp_path / "in red").mkdir()
    # Without what this machine's bash would read: the prompt is known, and nothing else is printed.
    (tmp_path / "shell").write_text('#!/bin/sh\nexec bash --norc --noprofile -i "$@"\n')
    (tmp_path / "shell").chmod(0o755)
    return harness


def opened(harness: SessionHarness, *words: str, **more: str) -> PtyTerminal:
    environment = {"SHELL": str(harness.folder / "shell"), "PS1": PROMPT, "API_TOKEN": "correct horse", **more}
    terminal = harness.open(*(words or ("graph.toml",)), env=environment)
    terminal.wait_for_text("lost")
    return terminal


def select(terminal: PtyTerminal, name: str) -> None:
    terminal.send("g")
    terminal.wait_for(lambda: terminal.has_cursor_on("first"), "cursor at the top")
    for _ in range(terminal.text[: terminal.text.index(name)].count("\n") - 3):
        terminal.send("j")
    terminal.wait_for(lambda: terminal.has_cursor_on(name), "cursor on the node")


def shell_on(terminal: PtyTerminal, name: str) -> None:
    select(terminal, name)
    terminal.send("!")
    terminal.wait_for_text(PROMPT)


def ask(terminal: PtyTerminal, line: str, expected: str) -> None:
    """Type a line, and wait for what it prints, which the line itself must not contain."""
    assert expected not in line
    terminal.send(f"{line}\n")
    terminal.wait_for_text(expected)


def is_shown(terminal: PtyTerminal) -> bool:
    """Whether the screen is there again, and knows the terminal's size."""
    return "q quit" in terminal.text.rstrip("\n").split("\n")[-1]


@pytest.mark.parametrize("mode", MODES)
def test_a_shell_finds_what_the_next_attempt_would_and_the_run_goes_on(
    harness: SessionHarness, mode: tuple[str, ...]
) -> None:
    terminal = opened(harness, *mode, "graph.toml")
    select(terminal, "cell")
    terminal.send("!")
    terminal.wait_for_text("dagtui: the environment of attempt 1 of cell[colour=red]")
    terminal.wait_for_text(PROMPT)
    ask(terminal, "echo [$COLOUR] [$WHO] [$PASSWORD]", "[red] [everybody] [correct horse]")
    ask(terminal, "echo [$DAGTUI_NODE] [$DAGTUI_ATTEMPT]", "[cell[colour=red]] [1]")
    ask(terminal, "echo [${PWD##*/}] [$PYTHONUNBUFFERED]", "[in red] [1]")
    ask(terminal, "test -e $DAGTUI_RUN_DIR/journal.jsonl && echo the r''un", "the run")
    (harness.folder / "go").touch()
    wait_for(lambda: harness.statuses().get("second") == "RUNNING", "the run going on")
    terminal.resize(90, 25)
    terminal.send("exit\n")
    terminal.wait_for(
        lambda: is_shown(terminal) and terminal.has_cursor_on("cell"), "the screen as it was, in its new size"
    )
    assert "correct horse" not in (harness.run_directory / "journal.jsonl").read_text()
    assert "correct horse" not in terminal.text
    terminal.send("q")
    terminal.wait_for_text("cancel all")
    terminal.wait_for(lambda: terminal.send("c") or terminal.process.poll() is not None, "the end")
    assert terminal.is_restored


def test_a_shell_of_another_terminal_knows_that_terminal_and_the_environment_of_the_start(
    harness: SessionHarness,
) -> None:
    first = opened(harness, WHEN="at the start", TMUX="long gone", TERM="xterm-256color")
    first.send("d")
    assert first.wait_for_end() == 0
    second = opened(harness, "attach", WHEN="later", TERM="vt100", PS1="second> ")
    shell_on(second, "first")
    ask(second, "echo [$TERM] [$TMUX] [$WHEN]", "[vt100] [] [at the start]")


def test_a_variable_of_the_task_itself_counts_more_than_the_terminals(harness: SessionHarness) -> None:
    harness.write('[tasks.first]\nrun = "true"\nenv = { TERM = "dumb" }\n[tasks.lost]\nrun = "true"\n')
    terminal = opened(harness)
    shell_on(terminal, "first")
    ask(terminal, "echo [$TERM]", "[dumb]")


@pytest.mark.parametrize("mode", MODES)
def test_why_there_is_no_shell_is_said(harness: SessionHarness, mode: tuple[str, ...]) -> None:
    terminal = opened(harness, *mode, "graph.toml", SHELL="/nonexistent/shell")
    select(terminal, "lost")
    terminal.send("!")
    terminal.wait_for_text(f"the working directory of lost does not exist: {harness.folder}"[:80])
    select(terminal, "first")
    terminal.send("!")
    terminal.wait_for_text("/nonexistent/shell: No such file or directory")
    terminal.wait_for(lambda: terminal.has_cursor_on("first"), "the screen")


def test_an_environment_that_can_not_be_told_is_said(harness: SessionHarness) -> None:
    long = "x" * 120_000
    env = "".join(f'V{number} = "{long}"\n' for number in range(9))
    harness.write(f'[tasks.first]\nrun = "true"\n[tasks.first.env]\n{env}[tasks.lost]\nrun = "true"\n')
    terminal = opened(harness)
    terminal.send("!")
    terminal.wait_for_text("its environment can't be sent")
    terminal.wait_for(lambda: terminal.has_cursor_on("first"), "the screen")


def test_one_who_only_watches_gets_none_and_is_told_why(harness: SessionHarness) -> None:
    opened(harness)
    watcher = opened(harness, "attach", "--read-only", "graph.toml")
    watcher.send("!")
    watcher.wait_for_text("only watches the run, and does not know its environment")


@pytest.mark.parametrize("mode", MODES)
def test_a_shell_that_is_killed_leaves_the_terminal_as_it_was(harness: SessionHarness, mode: tuple[str, ...]) -> None:
    terminal = opened(harness, *mode, "graph.toml")
    shell_on(terminal, "first")
    ask(terminal, "stty -echo; kill -9 $$", "q quit")
    terminal.resize(90, 25)
    terminal.wait_for(lambda: is_shown(terminal) and terminal.has_cursor_on("first"), "the screen in its new size")
    terminal.send("q")
    terminal.wait_for_text("cancel all")
    terminal.wait_for(lambda: terminal.send("c") or terminal.process.poll() is not None, "the end")
    assert terminal.is_restored


def test_a_shell_that_stops_itself_stops_the_job_and_goes_on_with_it(harness: SessionHarness) -> None:
    outer = harness.start(["bash", "--norc", "--noprofile", "-i"], env={"PS1": "outer> ", "SHELL": "/bin/bash"})
    outer.wait_for_text("outer>")
    outer.send(
        f"export API_TOKEN='correct horse' SHELL={harness.folder}/shell\n{sys.executable} -m dagtui graph.toml\n"
    )
    outer.wait_for_text("lost")
    outer.send("!")
    outer.wait_for_text("exit or ^D brings the screen back")
    ask(outer, "echo $DAGTUI_N''ODE", "first")
    outer.send("suspend\n")
    outer.wait_for_text("Stopped")
    ask(outer, "echo [$DAGTUI_NODE] out''side", "[] outside")
    outer.send("fg\n")
    ask(outer, "echo [$DAGTUI_NODE] in''side", "[first] inside")
    outer.send("exit\n")
    outer.wait_for(lambda: outer.has_cursor_on("first"), "the screen")


@pytest.mark.parametrize("how", ["closed", "HUP", "TERM", "KILL"])
@pytest.mark.parametrize("shell", ["bash --norc --noprofile", "dash"], ids=["bash", "dash"])
def test_whatever_happens_to_the_client_the_run_goes_on_and_nothing_of_the_shell(
    harness: SessionHarness, shell: str, how: str
) -> None:
    (harness.folder / "shell").write_text(f"#!/bin/sh\nexec {shell} -i\n")
    terminal = opened(harness)
    shell_on(terminal, "first")
    # A job of its own, which the shell has put into the foreground.
    ask(terminal, f"sh -c 'echo it wa\"\"its; sleep 600' {harness.token}-job", "it waits")
    assert processes_with(f"{harness.token}-job")
    if how == "closed":
        terminal.hang_up()
    else:
        terminal.signal(signal.Signals[f"SIG{how}"])
    terminal.wait_for_end()
    wait_for(lambda: harness.told()[-1] == "detached", "note of the loss")
    wait_for(lambda: not processes_with(f"{harness.token}-job"), "end of the shell's job")
    assert harness.statuses()["first"] == "RUNNING"
    assert harness.told()[-1] == "detached"


def test_a_job_of_the_shell_that_does_not_mind_a_hang_up_does_not_keep_the_terminal(harness: SessionHarness) -> None:
    (harness.folder / "shell").write_text("#!/bin/sh\nexec dash -i\n")
    terminal = opened(harness)
    shell_on(terminal, "first")
    ask(
        terminal,
        f'sh -c \'trap "" HUP; stty -echo; echo it wa""its; while :; do sleep 0.1; done\' {harness.token}-job',
        "it waits",
    )
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored


def test_kill_9_of_the_session_leaves_the_shell_alone_and_is_told_afterwards(harness: SessionHarness) -> None:
    terminal = opened(harness)
    shell_on(terminal, "first")
    os.kill(harness.session(), signal.SIGKILL)
    wait_for(lambda: not harness.pids(), "end of all processes")
    ask(terminal, "echo $DAGTUI_N''ODE", "first")
    terminal.send("exit\n")
    assert terminal.wait_for_end() == 1
    assert b"died; the processes of its run were ended" in terminal.raw
    assert terminal.is_restored


def test_another_terminal_may_attach_while_a_shell_is_open(harness: SessionHarness) -> None:
    first = opened(harness)
    shell_on(first, "first")
    opened(harness, "attach")
    ask(first, "echo still h''ere", "still here")
    first.send("exit\n")
    assert first.wait_for_end() == 0
    assert first.settings() == first.settings_before
    assert "attached elsewhere" in first.farewell
    assert first.raw.count(b"\x1b[?1049h") == 1, "the screen did not come back in between"


@pytest.mark.parametrize("key", ["!", "\x1a"])
def test_a_program_that_is_not_begun_when_the_screen_is_left_is_forgotten(harness: SessionHarness, key: str) -> None:
    terminal = opened(harness)
    terminal.send(f"{key}d")
    # Whichever comes first: what was not begun is no warning of the interpreter, which would be all that is on record.
    terminal.wait_for(lambda: PROMPT in terminal.text or terminal.process.poll() is not None, "a shell or the end")
    if terminal.process.poll() is None:
        terminal.send("exit\n")
        terminal.wait_for(lambda: is_shown(terminal), "the screen")
        terminal.send("d")
    assert terminal.wait_for_end() == 0
    os.kill(harness.session(), signal.SIGTERM)
    session = harness.session()
    harness.wait_for_end_of(session)
    assert not (harness.run_directory / "session.err").exists()


TELLS_ITS_LOCALE = '#!/bin/sh\necho "$0: LC_CTYPE is ${LC_CTYPE-not set}, LANG is $LANG"\nread answer\n'


@pytest.mark.parametrize("mode", MODES)
def test_in_the_locale_c_the_screen_is_ascii_and_programs_get_that_locale(
    harness: SessionHarness, mode: tuple[str, ...]
) -> None:
    harness.write('[tasks.one]\nrun = "echo words of a log"\n')
    for name in ("my-shell", "my-pager"):
        (harness.folder / name).write_text(TELLS_ITS_LOCALE)
        (harness.folder / name).chmod(0o755)
    programs = {"SHELL": str(harness.folder / "my-shell"), "PAGER": str(harness.folder / "my-pager")}
    terminal = harness.open(*mode, "graph.toml", env={"LANG": "C", **programs}, columns=160)
    terminal.wait_for_text("words of a log")
    assert terminal.text.isascii()
    terminal.send("!")
    terminal.wait_for_text("my-shell: LC_CTYPE is not set, LANG is C")
    terminal.send("\n")
    terminal.wait_for(lambda: is_shown(terminal), "screen after the shell")
    terminal.send("\to")
    terminal.wait_for_text("my-pager: LC_CTYPE is not set, LANG is C")
    terminal.send("\n")
    terminal.wait_for(lambda: is_shown(terminal), "screen after the pager")
