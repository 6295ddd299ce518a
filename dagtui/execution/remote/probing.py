"""Trying an executor: what a kind finds out, step by step.

The module `probe` of each kind has

    async def probe(settings: ExecutorSettings, folder: Path) -> AsyncGenerator[Finding]

which yields what it finds, in an order in which each step needs the ones before. `folder` is an empty one of this
machine, which the other side sees, too, if a directory is shared. What it does there ends with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import NamedTuple

from dagtui.graph.executors import ExecutorSettings

TOKEN = "token"  # noqa: S105 - the name of a file
"""The name of a file by which one side finds out whether it sees a folder of the other."""


class Finding(NamedTuple):
    """What one step has found."""

    step: str
    """What was tried, in a few words."""
    is_good: bool
    text: str = ""
    """What was found: why it failed, or a detail. It may come from another machine."""
    hint: str = ""
    """What to do about it."""


Probe = Callable[[ExecutorSettings, Path], AsyncGenerator[Finding]]
