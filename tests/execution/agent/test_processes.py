"""Processes of attempts far away: none is left, whoever is killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.far_side import FarWorker, recorded
from support.process_listing import alive, children, fresh_token, gone, state
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TREE = str(Path(__file__).parents[2] / "support" / "descendants.py")
KINDS = 8


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarWorker]:
    with FarWorker(tmp_path) as worker:
        yield worker


def start_tree(far: FarWorker, key: str, manner: str = "stay", **fields: object) -> str:
    """Start a node with descendants of all kinds, wait until they are there, and return the word that they bear."""
    word = fresh_token()
    far.start(key, sys.executable, "-I", "-S", TREE, word, manner, **fields)
    if manner == "stay":
        wait_for(lambda: len(alive(word)) >= KINDS)
    return word


def test_a_stop_a_timeout_and_an_end_leave_no_process(far: FarWorker):
    stopped = start_tree(far, "stopped")
    far.say(stop="stopped")
    assert far.end_of("stopped")["kind"] == "stopped"
    assert gone(stopped)
    late = start_tree(far, "late", timeout=1.0)
    assert far.end_of("late")["kind"] == "timeout"
    assert gone(late)
    left = start_tree(far, "left", "leave")
    end = far.end_of("left")
    assert (end["kind"], end["value"]) == ("exit", 7)
    assert end["left"] >= KINDS - 1
    assert gone(left)


def test_the_end_of_its_input_ends_everything(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        word = start_tree(far, "node")
    assert gone(word)
    assert recorded(tmp_path, "node")["kind"] == "outside"


def test_a_killed_guardian_leaves_no_process_and_its_attempts_are_lost(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        word = start_tree(far, "node")
        far.shell("done", "echo done")
        far.end_of("done")
        os.kill(far.guardian, signal.SIGKILL)
        assert far.process.wait(30) == 128 + signal.SIGKILL
        assert gone(word)
    assert recorded(tmp_path, "node")["kind"] == "lost"
    assert recorded(tmp_path, "done")["kind"] == "exit"
    with FarWorker(tmp_path) as again:
        assert [again.end_of(key)["kind"] for key in ("node", "done")] == ["lost", "exit"]
        again.shell("node", "echo again")
        again.end_of("node")
        assert not any(message.get("began") for message in again.said)


def test_the_next_guardian_ends_what_a_guardian_killed_with_its_parent_has_left(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        word = start_tree(far, "node")
        guardian = far.guardian
        os.kill(far.process.pid, signal.SIGSTOP)  # it must not do its work
        os.kill(guardian, signal.SIGKILL)
        os.kill(far.process.pid, signal.SIGKILL)
    assert not gone(word)
    assert not (far.spool / "ended" / "node").exists()
    with FarWorker(tmp_path) as again:
        assert again.end_of("node")["kind"] == "lost"
        assert gone(word)


def test_a_guardian_whose_parent_is_killed_ends_everything(tmp_path: Path):
    with FarWorker(tmp_path, orphans=60) as far:
        word = start_tree(far, "node")
        os.kill(far.process.pid, signal.SIGKILL)
        assert far.end_of("node")["kind"] == "outside"
    wait_for(lambda: gone(word))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_request_to_end_from_outside_is_told_from_ours(tmp_path: Path, number: int):
    with FarWorker(tmp_path, orphans=60) as far:
        far.shell("node", "sleep 60")
        far.shell("fenced", "sleep 60")
        for key in ("node", "fenced"):
            far.hear(lambda message: message.get("began") == key)  # noqa: B023
        (far.spool / "stops" / "fenced").touch()
        far.process.send_signal(number)
        assert [far.end_of(key)["kind"] for key in ("node", "fenced")] == ["outside", "stopped"]


def test_a_signal_to_all_processes_is_from_outside_even_if_the_attempt_dies_first(tmp_path: Path):
    with FarWorker(tmp_path, orphans=60) as far:
        far.start("node", "sleep", "60")
        far.hear(lambda message: message.get("began") == "node")
        [leader] = children(far.guardian)
        os.kill(far.guardian, signal.SIGSTOP)
        os.kill(leader, signal.SIGTERM)
        wait_for(lambda: state(leader) == "Z")
        os.kill(far.guardian, signal.SIGTERM)
        os.kill(far.guardian, signal.SIGCONT)
        assert far.end_of("node")["kind"] == "outside"


def test_an_attempt_that_dies_of_its_own_signal_died_of_a_signal(far: FarWorker):
    far.shell("node", "kill -TERM $$")
    end = far.end_of("node")
    assert (end["kind"], end["value"]) == ("signal", signal.SIGTERM)


def test_a_fence_file_stops_what_runs_and_withdraws_what_comes(far: FarWorker):
    far.shell("runs", "sleep 60", fence=0.1)
    far.hear(lambda message: message.get("began") == "runs")
    (far.spool / "stops" / "runs").write_text("0")
    (far.spool / "stops" / "comes").touch()
    far.shell("comes", "echo never", fence=0.1)
    assert [far.end_of(key)["kind"] for key in ("runs", "comes")] == ["stopped", "withdrawn"]
    assert far.end_of("runs")["value"] == signal.SIGKILL  # a grace of 0
