"""Attempts through the shipped agent, as a worker behind a pipe."""

from __future__ import annotations

import errno
import signal
from typing import TYPE_CHECKING

import pytest
from support.far_side import FarWorker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarWorker]:
    with FarWorker(tmp_path) as worker:
        yield worker


def test_ends_of_all_kinds(far: FarWorker):
    far.shell("ok", "echo out; echo err >&2")
    far.shell("bad", "exit 7")
    far.shell("killed", "kill -9 $$")
    far.start("missing", "no-such-program")
    far.start("nowhere", "true", cwd="/no/such/directory")
    far.start("nothing")
    far.shell("slow", "sleep 60", timeout=0.1)
    for key, kind, value in (("ok", "exit", 0), ("bad", "exit", 7), ("killed", "signal", 9), ("nothing", "exit", 0)):
        end = far.end_of(key)
        assert (end["kind"], end["value"]) == (kind, value)
    assert far.log_of("ok") == b"out\nerr\n"
    missing, nowhere, slow = map(far.end_of, ("missing", "nowhere", "slow"))
    assert (missing["kind"], missing["errno"], missing["what"]) == ("could not start", errno.ENOENT, "lookup")
    assert (nowhere["kind"], nowhere["errno"], nowhere["what"]) == ("could not start", errno.ENOENT, "cwd")
    assert (slow["kind"], slow["how"], slow["value"]) == ("timeout", "signal", signal.SIGTERM)


def test_a_start_is_idempotent_and_slots_make_a_queue(far: FarWorker):
    far.say(slots=1)
    for _ in range(2):
        far.shell("first", "echo ran; sleep 0.2")
        far.shell("second", "echo ran")
    assert far.end_of("second")["kind"] == "exit"
    assert [message["ended"] for message in far.said if "ended" in message] == ["first", "second"]
    assert far.log_of("first") == far.log_of("second") == b"ran\n"


def test_a_stop_ends_what_runs_and_withdraws_what_waits(far: FarWorker):
    far.say(slots=1)
    far.shell("runs", "sleep 60")
    far.shell("waits", "echo never")
    far.hear(lambda message: message.get("began") == "runs")
    for key in ("waits", "runs", "later"):
        far.say(stop=key)
    far.shell("later", "echo never")
    assert [far.end_of(key)["kind"] for key in ("runs", "waits", "later")] == ["stopped", "withdrawn", "withdrawn"]


def test_an_acknowledged_end_is_forgotten_and_never_begins_again(far: FarWorker):
    far.shell("node", "echo text; echo key=value > $DAGTUI_OUTPUT")
    assert far.end_of("node")["output"] == "key=value\n"
    far.say(ack="node")
    far.shell("node", "echo again")
    far.hear(lambda message: message.get("refused") == "node")
    assert [path.name for folder in ("ended", "logs", "values") for path in (far.spool / folder).iterdir()] == []
