"""Signals that were ignored when the program was called stay ignored: nohup, background jobs of scripts, `trap ''`."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, OnScreen, write_graph
from support.process_listing import catches, ignores
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from support.session_harness import SessionHarness
    from support.terminal import PtyTerminal

LONG = """
[tasks.long]
run = "until [ -e go ]; do sleep 0.02; done # {token}"
grace = 0.1
"""
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def trap(*numbers: signal.Signals) -> str:
    return f"trap '' {' '.join(number.name.removeprefix('SIG') for number in numbers)}"


def quits(terminal: PtyTerminal) -> int:
    """Leave a settled run; the exit status. The screen hears of the end a moment after the record."""
    while terminal.process.poll() is None:
        terminal.send("q")
        terminal.read(0.2)
    return terminal.wait_for_end()


@pytest.mark.parametrize("ignored", [(signal.SIGHUP,), (signal.SIGINT,), ENDING])
def test_a_run_without_a_screen_goes_on(tmp_path: Path, token: str, ignored: tuple[signal.Signals, ...]):
    write_graph(tmp_path, LONG, token=token)
    with Headless(tmp_path, limits=trap(*ignored)) as run:
        run.wait_for(long="RUNNING")
        # A run of some milliseconds has no event loop yet: then it is the early handlers that would take them.
        for number in ignored:
            run.signal(number)
        others = [number for number in ENDING if number not in ignored]
        wait_for(lambda: all(catches(run.pid, number) for number in others), "its handlers")
        assert [number for number in ENDING if ignores(run.pid, number)] == list(ignored)
        for number in ignored:
            run.signal(number)
        (tmp_path / "go").touch()
        assert run.end() == 0, run.printed
        assert run.statuses == {"long": "COMPLETED"}


def test_what_was_not_ignored_cancels_as_ever(tmp_path: Path, token: str):
    write_graph(tmp_path, LONG, token=token)
    with Headless(tmp_path, limits=trap(signal.SIGHUP)) as run:
        run.wait_for(long="RUNNING")
        run.signal(signal.SIGHUP)
        run.signal(signal.SIGTERM)
        assert run.end() == 128 + signal.SIGTERM


def test_the_screen_in_its_own_process_stays(tmp_path: Path, token: str):
    write_graph(tmp_path, LONG, token=token)
    with OnScreen(tmp_path, through=["sh", "-c", f'{trap(signal.SIGHUP, signal.SIGINT)}; exec "$@"', "sh"]) as run:
        run.wait_for_screen()
        for number in (signal.SIGHUP, signal.SIGINT):
            assert ignores(run.pid, number)
            run.signal(number)
        (tmp_path / "go").touch()
        run.wait_for(long="COMPLETED")
        assert quits(run.terminal) == 0


def test_a_session_and_its_client_stay(harness: SessionHarness):
    harness.write(LONG)
    ignored = (signal.SIGHUP, signal.SIGINT)
    call = ["sh", "-c", f'{trap(*ignored)}; exec "$@"', "sh"]
    terminal = harness.open(through=call)
    terminal.wait_for_text("long")
    session = harness.session()
    wait_for(lambda: catches(session, signal.SIGTERM), "handlers of the session")
    for pid in (session, terminal.process.pid):
        assert [number for number in ignored if ignores(pid, number)] == list(ignored)
    for number in ignored:
        terminal.signal(number)
    # It would have detached: the key does, and says so.
    terminal.send("d")
    assert terminal.wait_for_end() == 0
    assert [event["why"] for event in harness.journal() if event.get("what") == "detached"] == ["detached"]


def test_a_caller_that_ignores_the_end_of_its_children_changes_nothing(harness: SessionHarness, token: str):
    write_graph(
        harness.folder, '[tasks.a]\nrun = "true"\n[tasks.b]\nneeds = ["a"]\nrun = "sh -c true # {token}"', token=token
    )
    with Headless(harness.folder, limits=trap(signal.SIGCHLD)) as run:
        assert run.end() == 0, run.printed
    terminal = harness.open(through=["sh", "-c", f'{trap(signal.SIGCHLD)}; exec "$@"', "sh"])
    terminal.wait_for(lambda: harness.statuses() == {"a": "COMPLETED", "b": "COMPLETED"}, "end of the nodes")
    assert quits(terminal) == 0
