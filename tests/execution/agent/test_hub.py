"""The hub of a machine, and connections over which nothing is heard for some time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from support.far_side import spec
from support.waiting import SECONDS, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

HUB = str(Path(__file__).with_name("stalling_hub.py"))


@contextmanager
def joined(spool: Path) -> Iterator[tuple[subprocess.Popen[bytes], TextIO]]:
    """Start a hub, and join it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, HUB, str(spool)], stdout=subprocess.PIPE, env=environment) as hub:
        assert hub.stdout.readline()
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(SECONDS)
            link.connect(str(spool / "socket"))
            with link.makefile("rw") as lines:
                yield hub, lines
        hub.wait(SECONDS)


def say(lines: TextIO, **message: object) -> None:
    lines.write(json.dumps(message) + "\n")
    lines.flush()


def hear(lines: TextIO, name: str) -> dict[str, object]:
    return next(message for message in map(json.loads, lines) if name in message)


def test_what_was_said_while_the_hub_stood_still_is_heard_before_it_gives_up(tmp_path: Path):
    with joined(tmp_path / "spool") as (_, lines):
        say(lines, start=spec("node", "sleep", "60"), secrets={})
        hear(lines, "began")
        stall = tmp_path / "spool.stall"
        stall.touch()
        say(lines, ping=True)
        wait_for(lambda: not stall.exists())
        say(lines, ping=True)
        hear(lines, "pong")
        hear(lines, "pong")
        say(lines, stop="node")
        assert hear(lines, "ended")["kind"] == "stopped"


def test_a_connection_over_which_nothing_is_heard_keeps_no_hub(tmp_path: Path):
    with joined(tmp_path / "spool") as (hub, lines):
        hear(lines, "hello")
        assert hub.wait(SECONDS) == 0
    assert not (tmp_path / "spool").exists()
