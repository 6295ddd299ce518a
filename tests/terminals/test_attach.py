"""A run outlives its terminal: detached, lost, and brought back to other terminals."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.terminal import ROOT
from support.waiting import wait_for

from dagtui.control.client import connect

if TYPE_CHECKING:
    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

LONG = """
[tasks.long]
run = "sh -c 'trap : TERM; echo here; while :; do sleep 0.1; done' {token}"
grace = 0.3
[tasks.quick]
run = "true"
[tasks.third]
run = "echo one; echo two"
[tasks.after]
needs = ["long"]
run = "true"
"""
BROKEN = """
[tasks.one]
run = "echo it broke; exit 7"
"""


def is_up(harness: SessionHarness, terminal: PtyTerminal) -> None:
    """Wait until the screen is there and the long node runs."""
    terminal.wait_for_text("quick")
    wait_for(harness.stubborn_pids, "process of the long node")


# Detaching


def test_the_list_of_runs_tells_whether_one_is_on_a_screen(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    listing = [sys.executable, "-m", "dagtui", "runs", "graph.toml"]
    environment = {**os.environ, **harness.environment()}

    def listed() -> str:
        return subprocess.run(listing, cwd=harness.folder, env=environment, capture_output=True, text=True).stdout

    assert f"live (attached, process {harness.session()})" in listed()
    terminal.send("d")
    terminal.wait_for_end()
    assert f"live (detached, process {harness.session()})" in listed()


def test_detaching_leaves_the_run_alone_and_says_how_to_come_back(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    terminal.wait_for_text("d detach  q quit")
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert terminal.foreign_codes() == []
    assert "detached; the run continues: dagtui attach graph.toml brings it back" in terminal.farewell
    assert harness.statuses()["long"] == "RUNNING"
    assert harness.pids()
    assert harness.told() == ["started", "attached", "detached"]


def test_of_several_live_runs_a_person_picks_one(harness: SessionHarness) -> None:
    paths = [harness.folder / "graph.toml", harness.folder / "another one.toml"]
    harness.write(LONG)
    paths[1].write_text(paths[0].read_text())
    for path in paths:
        terminal = harness.open(str(path))
        terminal.wait_for_text("quick")
        terminal.send("d")
        assert terminal.wait_for_end() == 0
    terminal = harness.open("attach", columns=200)
    terminal.wait_for_text("q quit")
    assert "Attach to which run?" in terminal.text
    lines = [line for line in terminal.text.splitlines() if "/graph.toml" in line or "/another one.toml" in line]
    shown = [line.split()[:2] for line in lines]
    assert shown == [["another", "one"], ["▶", "graph"]], "the newest first, the cursor on this folder's graph.toml"
    terminal.send("\r")
    is_up(harness, terminal)
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert f"dagtui attach {paths[0]} brings it back" in terminal.farewell
    assert "Attach to which run?" not in terminal.text
    # Another way in, and out of it.
    terminal = harness.open("attach", "--read-only")
    terminal.wait_for_text("q quit")
    assert "Watch which run?" in terminal.text
    terminal.send("\x1b")
    assert terminal.wait_for_end() == 0
    assert terminal.settings() == terminal.settings_before
    # Where nobody can pick one they are listed.
    listed = subprocess.run(
        [sys.executable, "-m", "dagtui", "attach"],
        cwd=harness.folder,
        env={**os.environ, **harness.environment(PYTHONPATH=str(ROOT))},
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 2
    assert f"\n  dagtui attach {paths[0]} " in listed.stderr
    assert f"\n  dagtui attach '{paths[1]}' " in listed.stderr


@pytest.mark.parametrize("how", ["closed", "HUP", "TERM", "KILL"])
def test_whatever_happens_to_the_client_the_run_goes_on(harness: SessionHarness, how: str) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    if how == "closed":
        terminal.hang_up()
    else:
        terminal.signal(signal.Signals[f"SIG{how}"])
    status = terminal.wait_for_end()
    wait_for(lambda: harness.told()[-1] == "detached", "note of the loss")
    assert harness.statuses()["long"] == "RUNNING"
    assert harness.pids()
    if how != "closed":
        wait_for(lambda: terminal.read() or terminal.is_restored, "restored terminal")
        assert status == (-signal.SIGKILL if how == "KILL" else 0)
        assert terminal.is_restored
    again = harness.open("attach")
    is_up(harness, again)
    again.send("d")
    assert again.wait_for_end() == 0
    assert harness.told() == ["started", "attached", "detached", "attached", "detached"]


def test_another_terminal_goes_on_where_the_first_one_was(harness: SessionHarness) -> None:
    harness.write(LONG)
    first = harness.open(columns=120, rows=40)
    is_up(harness, first)
    first.wait_for_text("after")
    first.send("vv")
    first.wait_for_text("[Nodes]")
    first.send("h")
    first.wait_for(lambda: "after" not in first.text, "fold")
    first.send("jj")
    first.wait_for(lambda: first.has_cursor_on("third"), "cursor")
    first.send("3")
    first.wait_for_text("[3 Why]")
    assert b"38;2;" in first.raw
    first.send("d")
    assert first.wait_for_end() == 0
    second = harness.open("attach", "graph.toml", columns=90, rows=20, env={"TERM": "vt100", "COLORTERM": ""})
    second.wait_for_text("[3 Why]")
    second.wait_for(lambda: second.has_cursor_on("third"), "cursor where it was")
    assert "after" not in second.text
    second.send("d")
    assert second.wait_for_end() == 0
    assert b"38;2;" not in second.raw, "this terminal knows no 24-bit colours"
    assert second.foreign_codes() == []


def test_without_colours_and_in_ascii_where_the_client_says_so(harness: SessionHarness) -> None:
    harness.write(LONG)
    first = harness.open()
    is_up(harness, first)
    second = harness.start(
        ["env", "NO_COLOR=1", "LANG=C", "LC_ALL=C", "PYTHONUTF8=0", sys.executable, "-m", "dagtui", "graph.toml"]
    )
    second.wait_for_text("quick")
    assert second.text.isascii()
    colours = {number for code in re.findall(rb"38;2;([0-9;]+?)(?:;48|m)", second.raw) for number in [code]}
    assert all(len(set(code.split(b";"))) == 1 for code in colours), "only shades of grey"
    assert first.wait_for_end() == 0


def test_the_newest_terminal_has_the_screen_and_the_older_one_is_told(harness: SessionHarness) -> None:
    harness.write(LONG)
    first = harness.open()
    is_up(harness, first)
    second = harness.open()
    second.wait_for_text("quick")
    assert first.wait_for_end() == 0
    assert first.is_restored
    assert "attached elsewhere: pts/" in first.farewell
    assert f"process {second.process.pid}" in first.farewell
    third = harness.open()
    third.wait_for_text("quick")
    assert second.wait_for_end() == 0
    assert harness.runs() == ["1"]
    assert harness.told() == ["started", *["attached", "detached"] * 2, "attached"]


def test_of_several_that_race_one_starts_and_the_others_attach(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminals = [harness.open() for _ in range(3)]
    wait_for(lambda: sum(t.process.poll() is not None for t in terminals) == 2, "end of the older two")
    # They may have come and gone before the first node starts.
    wait_for(harness.stubborn_pids, "process of the long node")
    assert harness.runs() == ["1"]
    assert len(harness.pids()) == 1
    for terminal in terminals:
        if terminal.process.poll() is not None:
            assert terminal.wait_for_end() == 0
            assert "attached elsewhere" in terminal.farewell


COUNTING = """
import gc, os, signal
def count(*_):
    from dagtui.tui.app import DagtuiApp
    gc.collect()
    found = sum(isinstance(one, DagtuiApp) for one in gc.get_objects())
    with open("apps.new", "w") as file:
        file.write(str(found))
    os.rename("apps.new", "apps")
signal.signal(signal.SIGUSR2, count)
from dagtui.__main__ import main
main()
"""


def test_many_attaches_leave_nothing_behind(harness: SessionHarness) -> None:
    harness.write(LONG)
    is_up(harness, harness.open(program=("-c", COUNTING)))
    session, counted = harness.session(), harness.folder / "apps"

    def attach(*, lost: bool = False) -> None:
        terminal = harness.open("attach")
        terminal.wait_for_text("quick")
        terminal.send("jk\x1b[106u\x1b[A/q\x1b?")
        terminal.wait_for_text("Keys and signs")
        terminal.send("\x1b")
        terminal.wait_for(lambda: "Keys and signs" not in terminal.text, "end of the help")
        if lost:
            terminal.hang_up()
        else:
            terminal.send("d")
        assert terminal.wait_for_end() == 0

    def files() -> list[str]:
        links = []
        for name in os.listdir(f"/proc/{session}/fd"):
            with contextlib.suppress(OSError):  # closed since it was listed
                links.append(os.readlink(f"/proc/{session}/fd/{name}"))
        return links

    def has_let_go() -> bool:
        return apps() == 0 and not any(link.startswith("/dev/pts/") for link in files())

    def apps() -> int:
        counted.unlink(missing_ok=True)
        os.kill(session, signal.SIGUSR2)
        wait_for(counted.exists, "number of apps")
        return int(counted.read_text())

    attach()
    wait_for(has_let_go, "end of the first app, and of its terminal", seen=files)
    before = len(files())  # the client's connection may be among them, as its end is heard of later
    for number in range(4):
        attach(lost=number % 2 == 0)
    wait_for(lambda: len(files()) <= before, "closed descriptors", seen=files)
    wait_for(has_let_go, "end of all apps", seen=files)


def test_printed_commands_work_in_the_folder_of_the_terminal_they_are_printed_on(harness: SessionHarness) -> None:
    harness.folder = harness.folder / "a folder"
    harness.folder.mkdir()
    harness.write(LONG)
    whole = f"'{harness.folder}/graph.toml'".encode()
    home = harness.open()
    is_up(harness, home)
    away = harness.open("attach", through=("env", "-C", "/usr"))
    away.wait_for_text("quick")
    assert home.wait_for_end() == 0
    assert b"dagtui attach graph.toml brings it back here" in home.raw
    away.send("d")
    assert away.wait_for_end() == 0
    assert b"dagtui attach %b brings it back" % whole in away.raw
    away = harness.open("attach", through=("env", "-C", "/usr"))
    away.wait_for_text("quick")
    home = harness.open("attach")
    home.wait_for_text("quick")
    assert away.wait_for_end() == 0
    assert b"dagtui attach %b brings it back here" % whole in away.raw
    away = harness.open("attach", through=("env", "-C", "/usr"))
    away.wait_for_text("quick")
    os.kill(harness.session(), signal.SIGKILL)
    assert away.wait_for_end() == 1
    assert b"to continue: dagtui %b --resume 1" % whole in away.raw


# Leaving


def test_leaving_in_mid_run_detaches_by_default(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    terminal.send("q")
    terminal.wait_for_text("● detach")
    while not terminal.is_restored:  # Enter is ignored for a moment after a question appears
        terminal.send("\r")
        terminal.read(0.1)
    assert terminal.wait_for_end() == 0
    assert "detached" in terminal.text
    assert harness.pids()


def test_cancelling_all_ends_the_session_and_everything_of_it(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    session = harness.session()
    terminal.send("q")
    terminal.wait_for_text("● detach")
    while "stopping" not in terminal.text and terminal.process.poll() is None:
        terminal.send("c")
        terminal.read(0.1)
    assert terminal.wait_for_end() == 130
    assert terminal.is_restored
    assert "graph cancelled" in terminal.text
    harness.wait_for_end_of(session)
    assert harness.pids() == []
    assert list(harness.sockets.iterdir()) == []
    assert harness.told()[-1] == "ended"
    assert not (harness.run_directory / "session.err").exists()


def test_leaving_a_settled_run_prints_its_card_and_ends_the_session(harness: SessionHarness) -> None:
    harness.write(BROKEN)
    terminal = harness.open()
    terminal.wait_for_text("exit 7")
    session = harness.session()
    terminal.send("q")
    assert terminal.wait_for_end() == 1
    assert terminal.is_restored
    assert "graph failed" in terminal.text
    assert "it broke" in terminal.text
    harness.wait_for_end_of(session)
    assert list(harness.sockets.iterdir()) == []


IMPATIENT = """
import dagtui.host.daemon as host
host.UNWATCHED_SECONDS = 0.4
from dagtui.__main__ import main
main()
"""


def test_a_settled_run_that_nobody_watches_ends_by_itself(harness: SessionHarness) -> None:
    harness.write(BROKEN)
    terminal = harness.open(program=("-c", IMPATIENT))
    terminal.wait_for_text("exit 7")
    session = harness.session()
    terminal.read(1.0)
    assert harness.is_alive(session), "it is watched"
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert "the run is settled" in terminal.text
    harness.wait_for_end_of(session)
    assert list(harness.sockets.iterdir()) == []
    assert harness.told()[-1] == "ended"


# The session's own end


def test_kill_9_of_the_session_ends_its_processes_and_the_client_restores_the_terminal(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    os.kill(harness.session(), signal.SIGKILL)
    assert terminal.wait_for_end() == 1
    assert terminal.is_restored
    assert b"\x18" in terminal.raw, "what was cut short inside a control code must not swallow the next one"
    # Not on the screen: this terminal leaves its cursor where the last frame was cut.
    assert b"died; the processes of its run were ended" in terminal.raw
    wait_for(lambda: not harness.pids(), "end of all processes")


def test_after_kill_9_of_the_session_the_client_says_that_what_runs_elsewhere_goes_on(harness: SessionHarness) -> None:
    harness.write(
        f'{LONG}[executors.far]\nkind = "ssh"\nhost = "nowhere.invalid"\n[tasks.far]\nrun = "true"\nexecutor = "far"\n'
    )
    terminal = harness.open()
    is_up(harness, terminal)
    os.kill(harness.session(), signal.SIGKILL)
    assert terminal.wait_for_end() == 1
    assert b"on this machine were ended, those elsewhere go on" in terminal.raw
    wait_for(lambda: not harness.pids(), "end of all processes")


def test_kill_9_of_the_session_of_a_terminal_that_takes_nothing_does_not_keep_the_client(
    harness: SessionHarness,
) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    terminal.fill()
    terminal.resize(120, 50)  # which has a frame sent, that waits
    os.kill(harness.session(), signal.SIGKILL)
    wait_for(lambda: terminal.process.poll() is not None, "end of the client")
    assert terminal.settings() == terminal.settings_before


def test_after_the_loss_of_a_session_the_same_command_offers_to_resume(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    wait_for(lambda: harness.statuses()["third"] == "COMPLETED", "a success")
    os.kill(harness.session(), signal.SIGKILL)
    assert terminal.wait_for_end() == 1
    again = harness.open()
    again.wait_for(lambda: "[r]esume" in again.text, "offer")
    assert b"\x1b[?1049h" not in again.raw, "in plain text, before there is a screen"
    again.send("r\n")
    again.wait_for_text("running")
    assert harness.runs() == ["1"]
    wait_for(harness.stubborn_pids, "process of the long node")
    assert harness.told()[-1] == "attached"


def test_term_to_the_session_cancels_all_and_ends_it(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    session = harness.session()
    os.kill(session, signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert terminal.is_restored
    assert "graph cancelled" in terminal.text
    harness.wait_for_end_of(session)
    assert harness.pids() == []
    assert set(harness.statuses().values()) == {"CANCELLED", "COMPLETED"}
    assert list(harness.sockets.iterdir()) == []


def test_a_session_without_terminal_does_not_mind_a_hang_up_and_ends_on_term(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    session = harness.session()
    words = Path(f"/proc/{session}/stat").read_text().rpartition(")")[2].split()
    assert words[4] == "0", "it has no controlling terminal"
    assert words[3] != str(session), "it can't get one either: it leads no session"
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    os.kill(session, signal.SIGHUP)
    again = harness.open("attach")
    again.wait_for_text("quick")
    again.send("d")
    again.wait_for_end()
    os.kill(session, signal.SIGTERM)
    harness.wait_for_end_of(session)
    assert harness.pids() == []


CRASHING = """
from dagtui.tui.screens.main import MainScreen
def flush(screen, clock, *, changed):
    if clock > 0.5:
        raise RuntimeError("the screen is broken on purpose")
MainScreen.flush = flush
from dagtui.__main__ import main
main()
"""


def test_a_crash_of_the_screen_leaves_the_run_alive_and_says_where_the_reason_is(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open(program=("-c", CRASHING))
    terminal.wait_for_text("the screen failed; the run continues")
    assert terminal.wait_for_end() == 1
    assert terminal.is_restored
    wait_for(harness.pids, "process of the long node")
    reason = harness.run_directory / "session.err"
    assert reason.stat().st_mode & 0o777 == 0o600
    assert "broken on purpose" in reason.read_text()
    assert any("the screen failed" in str(event.get("text")) for event in harness.journal())


def test_what_keeps_a_run_from_beginning_is_said(harness: SessionHarness) -> None:
    harness.write('[run]\nsecrets = ["NOT_THERE"]\n[tasks.one]\nrun = "true"\n')
    harness.write(BROKEN)
    (harness.folder / ".dagtui").write_text("in the way")
    terminal = harness.open()
    assert terminal.wait_for_end() == 2
    assert "dagtui: " in terminal.text


def test_a_resume_that_nothing_is_left_to_run_in_by_default_is_said(harness: SessionHarness) -> None:
    harness.write('[run]\ndefault = ["one"]\n[tasks.one]\nrun = "true"\n[tasks.two]\nrun = "true"\n')
    assert harness.open("run", "graph.toml").wait_for_end() == 0
    harness.write('[tasks.one]\nrun = "true"\ndefault = false\n[tasks.two]\nrun = "true"\ndefault = false\n')
    terminal = harness.open("graph.toml", "--resume")
    assert terminal.wait_for_end() == 2
    assert "nothing runs by default" in terminal.text
    assert "died" not in terminal.text


# What needs a controlling terminal


def test_suspending_gives_the_shell_its_terminal_and_the_run_goes_on(harness: SessionHarness) -> None:
    harness.write(
        '[tasks.one]\nrun = "while ! test -e go; do sleep 0.02; done; true {token}"\n'
        '[tasks.two]\nneeds = ["one"]\nrun = "echo done"\n'
    )
    shell = harness.start(["bash", "--norc", "--noprofile", "-i"], env={"PS1": "prompt> "})
    shell.wait_for_text("prompt>")
    shell.send(f"{sys.executable} -m dagtui graph.toml\n")
    shell.wait_for_text("running")
    shell.send("\x1a")
    shell.wait_for(lambda: "Stopped" in shell.text, "shell's word")
    (harness.folder / "go").touch()
    wait_for(lambda: harness.statuses().get("two") == "COMPLETED", "end of the run meanwhile")
    shell.send("echo $((6*7))\n")
    shell.wait_for_text("42")
    shell.send("fg\n")
    shell.wait_for_text("✓ 2")
    shell.send("q")
    shell.wait_for_text("graph completed")
    shell.send("echo $((50+5))\n")
    shell.wait_for_text("55")


def test_a_client_in_the_background_waits_for_the_foreground_and_the_run_does_not(harness: SessionHarness) -> None:
    harness.write('[tasks.one]\nrun = "echo there"\n')
    shell = harness.start(["bash", "--norc", "--noprofile", "-i"], env={"PS1": "prompt> "})
    shell.wait_for_text("prompt>")
    shell.send(f"{sys.executable} -m dagtui graph.toml &\n")
    wait_for(lambda: harness.statuses().get("one") == "COMPLETED", "end of the run")
    shell.send("\n")
    shell.wait_for_text("Stopped")
    assert "attached" not in harness.told()
    shell.send("fg\n")
    shell.wait_for_text("✓ 1")
    shell.send("q")
    shell.wait_for_text("graph completed")


PAGER = """
import os, sys
with open("/dev/tty") as terminal:
    print("PAGING", open(sys.argv[1]).read().split(), os.environ.get("LESS"), os.environ.get("MARK"), flush=True)
    terminal.readline()
"""


def test_the_pager_runs_in_the_client(harness: SessionHarness) -> None:
    harness.write('[tasks.one]\nrun = "echo words of a log"\n')
    (harness.folder / "pager.py").write_text(PAGER)
    harness.open().wait_for_text("words of a log")
    terminal = harness.open("attach", env={"PAGER": f"{sys.executable} pager.py", "MARK": "of-this-client"})
    terminal.wait_for_text("words of a log")
    terminal.send("\t")
    terminal.send("o")
    terminal.wait_for_text("PAGING ['words', 'of', 'a', 'log'] -R of-this-client")
    assert terminal.settings() == terminal.settings_before
    terminal.resize(90, 25)
    terminal.send("\n")
    terminal.wait_for(lambda: "q quit" in terminal.text.split("\n")[24], "screen of the new size")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored


def test_another_terminal_may_attach_while_a_pager_is_open(harness: SessionHarness) -> None:
    harness.write('[tasks.one]\nrun = "echo words of a log"\n')
    (harness.folder / "pager.py").write_text(PAGER)
    first = harness.open(env={"PAGER": f"{sys.executable} pager.py"})
    first.wait_for_text("words of a log")
    first.send("\to")
    first.wait_for_text("PAGING")
    second = harness.open("attach")
    second.wait_for_text("words of a log")
    first.send("\n")
    assert first.wait_for_end() == 0
    assert first.settings() == first.settings_before
    assert "attached elsewhere" in first.farewell


def test_the_screen_follows_the_size_of_the_lent_terminal(harness: SessionHarness) -> None:
    harness.write(BROKEN)
    terminal = harness.open()
    terminal.wait_for_text("exit 7")
    for columns, rows in [(40, 12), (200, 50), (60, 20), (120, 40)]:
        terminal.resize(columns, rows)
        terminal.wait_for(lambda rows=rows: "q quit" in terminal.text.split("\n")[rows - 1], "footer at the end")


def test_a_stopped_terminal_stops_neither_run_nor_session(harness: SessionHarness) -> None:
    body = 'run = "for i in 1 2 3 4 5; do echo $i; done; sleep 0.02"'
    needs = ["", *(f'needs = ["n{number}"]' for number in range(59))]
    harness.write("".join(f"[tasks.n{number}]\n{body}\n{line}\n" for number, line in enumerate(needs)))
    terminal = harness.open(columns=200, rows=50)
    terminal.wait_for_text("n1")
    # From here on nobody reads the terminal: its buffer fills.
    wait_for(lambda: list(harness.statuses().values()) == ["COMPLETED"] * 60, "end of the run")
    terminal.wait_for_text("✓ 60")
    terminal.send("q")
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored


# What is looked at when


def test_the_environment_of_attempts_is_that_of_the_start(harness: SessionHarness) -> None:
    harness.write(
        '[tasks.wait]\nrun = "while ! test -e go; do sleep 0.02; done"\n'
        '[tasks.tell]\nneeds = ["wait"]\nrun = "echo <$TERM $MARK $COLORTERM> >told"\n'.replace("<", "'<'").replace(
            "> >", "'>' >"
        )
    )
    harness.open(env={"MARK": "first"}).wait_for_text("wait")
    second = harness.open(env={"MARK": "second", "TERM": "vt100", "COLORTERM": ""})
    second.wait_for_text("wait")
    (harness.folder / "go").touch()
    wait_for(lambda: harness.statuses().get("tell") == "COMPLETED", "end of the run")
    assert (harness.folder / "told").read_text() == "<xterm-256color first truecolor>\n"


def test_options_of_a_new_run_are_refused_while_one_is_live(harness: SessionHarness) -> None:
    harness.write(LONG)
    is_up(harness, harness.open())
    other = harness.open("graph.toml", "-j", "3")
    assert other.wait_for_end() == 2
    assert "run 1 of" in other.text
    assert "only a new run takes -j" in " ".join(other.text.split())


FUTURE = """
import dagtui.control.server as control
control.PROTOCOL = 99
from dagtui.__main__ import main
main()
"""


def test_a_session_of_another_version_is_told_apart(harness: SessionHarness) -> None:
    harness.write(LONG)
    is_up(harness, harness.open(program=("-c", FUTURE)))
    other = harness.open()
    assert other.wait_for_end() == 2
    words = " ".join(other.text.split())
    assert "can't be attached" in words
    assert f"kill -TERM {harness.session()} cancels it" in words
    assert harness.runs() == ["1"]


def test_a_run_on_another_terminal_without_session_is_named_and_not_started_twice(harness: SessionHarness) -> None:
    harness.write(LONG)
    first = harness.open("run", "graph.toml")
    wait_for(harness.stubborn_pids, "process of the long node")
    wait_for(lambda: list(harness.sockets.glob("*.sock")), "its socket")
    other = harness.open()
    assert other.wait_for_end() == 2
    words = " ".join(other.text.split())
    assert "is live (process" in words
    assert "belongs to the terminal it was started on" in words
    assert first.process.poll() is None
    assert harness.runs() == ["1"]


def test_a_request_that_lends_no_terminal_is_refused_and_harms_nobody(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    run_id = (harness.run_directory / "lock").read_text().split("\n")[0]
    with open(os.devnull) as nothing:
        for request, files in [({}, ()), ({"environment": {}}, (nothing.fileno(), nothing.fileno()))]:
            with connect(run_id) as client:
                client.send({"want": "attach", **request}, files)
                answer = client.receive(20)
                assert "send the descriptors of a terminal" in str(answer["error"])
    terminal.send("j")
    terminal.wait_for(lambda: terminal.has_cursor_on("after"), "screen that still obeys")


@pytest.mark.parametrize("folder", ["/proc/nowhere", "too long"])
def test_where_there_can_be_no_socket_the_run_ends_with_its_terminal(harness: SessionHarness, folder: str) -> None:
    harness.write(LONG)
    if folder == "too long":
        folder = str(harness.sockets / ("x" * (90 - len(str(harness.sockets)))))
    terminal = harness.open(env={"DAGTUI_SOCKET_DIR": folder})
    is_up(harness, terminal)
    assert b"the run will end with this terminal" in terminal.raw
    terminal.wait_for_text("the run will end with this terminal")  # on the screen again, with the reason
    terminal.send("j")
    terminal.wait_for(lambda: "ends with this" in terminal.text.splitlines()[1], "notice after the message")
    terminal.send("d")
    terminal.wait_for_text("can't detach")
    terminal.send("j")
    terminal.resize(60, 20)
    terminal.wait_for(lambda: "ends with" in terminal.text.splitlines()[1], "notice where there is little room")
    terminal.hang_up()
    wait_for(lambda: not harness.pids(), "end of the run")


@pytest.mark.parametrize("words", [["graph.toml"], ["attach", "graph.toml"], ["attach", "--read-only", "graph.toml"]])
def test_a_terminal_that_only_prints_lines_gets_lines(harness: SessionHarness, words: list[str]) -> None:
    harness.write(BROKEN)
    terminal = harness.open(*words, env={"TERM": "dumb"})
    assert terminal.wait_for_end() == (2 if "attach" in words else 1)
    assert "TERM is dumb" in terminal.text
    assert b"\x1b" not in terminal.raw
    assert ("exit 7" in terminal.text) == ("attach" not in words)


def test_attach_says_when_there_is_nothing(harness: SessionHarness) -> None:
    harness.write(BROKEN)
    nothing = harness.open("attach")
    assert nothing.wait_for_end() == 2
    assert "no run is live" in nothing.text
    named = harness.open("attach", "graph.toml")
    assert named.wait_for_end() == 2
    assert "graph.toml has no live run" in named.text
    piped = subprocess.run(
        [sys.executable, "-m", "dagtui", "attach"], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert piped.returncode == 2
    assert "needs a terminal" in piped.stderr


def test_a_session_that_does_not_answer_does_not_keep_the_terminal(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    session = harness.session()
    os.kill(session, signal.SIGSTOP)
    terminal.signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 0
    assert terminal.is_restored
    assert "does not answer" in terminal.text
    os.kill(session, signal.SIGCONT)
    again = harness.open("attach")
    is_up(harness, again)


def test_whoever_attaches_to_a_run_that_is_ending_waits_for_its_end(harness: SessionHarness) -> None:
    harness.write(LONG.replace("0.3", "600"))
    first = harness.open()
    is_up(harness, first)
    os.kill(harness.session(), signal.SIGTERM)
    first.wait_for(lambda: first.is_restored, "terminal given back")
    connections = harness.connections()
    second = harness.open("attach", "graph.toml")
    wait_for(lambda: harness.connections() > connections, "connection")
    for pid in harness.pids():
        os.kill(pid, signal.SIGKILL)
    assert second.wait_for_end() == 2
    assert "has just ended" in second.text
    assert first.wait_for_end() == 128 + signal.SIGTERM
    assert harness.told().count("attached") == 1


def test_ctrl_c_while_everything_is_stopping_kills_what_is_left(harness: SessionHarness) -> None:
    harness.write("""[tasks.long]\nrun = "sh -c 'trap : TERM; while :; do sleep 0.1; done' {token}"\ngrace = 600\n""")
    terminal = harness.open()
    terminal.wait_for_text("long")
    wait_for(harness.stubborn_pids, "the node")
    os.kill(harness.session(), signal.SIGTERM)
    terminal.wait_for(lambda: terminal.is_restored, "terminal given back")
    terminal.send("\x03")
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert harness.pids() == []


def test_int_to_the_client_asks_as_the_key_does(harness: SessionHarness) -> None:
    harness.write(LONG)
    terminal = harness.open()
    is_up(harness, terminal)
    terminal.signal(signal.SIGINT)
    terminal.wait_for_text("Leave?")
    terminal.send("\x1b")
    terminal.wait_for(lambda: "Leave while" not in terminal.text, "end of the question")
    assert terminal.process.poll() is None
