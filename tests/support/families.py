"""Nodes with descendants of all kinds."""

from __future__ import annotations

import sys
from pathlib import Path

from support.descendants import KINDS
from support.process_listing import arguments_with

from dagtui.graph.model import ArgumentList, Task

GRACE = 0.3
PROGRAM = Path(__file__).with_name("descendants.py")


def family_command(token: str, manner: str, *kinds: str) -> list[str]:
    """Return the arguments of a node with descendants of these kinds, or of all (see descendants.py)."""
    return [sys.executable, "-I", "-S", str(PROGRAM), token, manner, *kinds]


def family(token: str, manner: str, *kinds: str) -> Task:
    """Return a node with descendants of these kinds, or of all."""
    return Task("family", ArgumentList(tuple(family_command(token, manner, *kinds))), grace=GRACE)


def present(token: str) -> set[str]:
    """Return the kinds of descendants that are ready and idle. A hopper may be overlooked."""
    found: set[str] = set()
    for _, words in arguments_with(token):
        if "-c" in words:
            found.update(words[words.index(token) + 1 :])
    return found


class Gathering:
    """Tells whether descendants of all kinds were seen, each at some time, because a hopper is easily overlooked."""

    def __init__(self, token: str, *others: str) -> None:
        self._token = token
        self._missing = {*KINDS, *others}

    def __call__(self) -> bool:
        """Look again. Return whether all were seen."""
        self._missing -= present(self._token)
        return not self._missing
