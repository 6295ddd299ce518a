"""Nodes with descendants of every kind."""

from __future__ import annotations

import sys
from pathlib import Path

from execution.descendants import KINDS
from execution.process_listing import alive

from dagtui.graph.model import ArgumentList, Task

GRACE = 0.3
PROGRAM = Path(__file__).with_name("descendants.py")


def family_command(token: str, manner: str, *kinds: str) -> list[str]:
    """The arguments of a node with descendants of these kinds, or of all; see descendants.py."""
    return [sys.executable, "-I", "-S", str(PROGRAM), token, manner, *kinds]


def family(token: str, manner: str, *kinds: str) -> Task:
    """A node with descendants of these kinds, or of all."""
    return Task("family", ArgumentList(tuple(family_command(token, manner, *kinds))), grace=GRACE)


def present(token: str) -> set[str]:
    """The kinds of descendants that idle; who is on the way to be what it will be does not count.

    One that hops may be overlooked.
    """
    found = set()
    for pid in alive(token):
        words = arguments(pid)
        if "-c" in words:
            found.update(words[words.index(token) + 1 : -1])
    return found


def arguments(pid: int) -> list[str]:
    """The arguments of a process, and an empty one; none when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


class Gathering:
    """Whether descendants of some kinds were all there, each at some time: one that hops is easily overlooked."""

    def __init__(self, token: str, *others: str) -> None:
        self._token = token
        self._missing = {*KINDS, *others}

    def __call__(self) -> bool:
        """Look again."""
        self._missing -= present(self._token)
        return not self._missing
