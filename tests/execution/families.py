"""Nodes with descendants of every kind."""

from __future__ import annotations

import sys
from pathlib import Path

from execution.census import alive

from dagtui.graph.model import ArgumentList, Task

GRACE = 0.3
PROGRAM = Path(__file__).with_name("descendants.py")


def family(token: str, manner: str, *kinds: str) -> Task:
    """A node with descendants of these kinds, or of all; its leader stays, or leaves at once with status 7."""
    return Task("family", ArgumentList((sys.executable, "-I", "-S", str(PROGRAM), token, manner, *kinds)), grace=GRACE)


def without_leader(token: str) -> int:
    """How many processes idle that are no leader, nor on the way to be what they will be."""
    return sum("-c" in arguments(pid) for pid in alive(token))


def arguments(pid: int) -> list[str]:
    """The arguments of a process; none when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []
