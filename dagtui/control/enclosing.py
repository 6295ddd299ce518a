"""Find the live run whose node this process belongs to. From inside, that run can't be waited for or run again."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.runs.previous_processes import ancestors, left_behind
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.store.directory import RunDirectory


@dataclass(frozen=True, slots=True)
class Enclosing:
    """The live run, and its node, that this process belongs to."""

    run: RunDirectory
    node: str
    """Empty if unknown, because a run in between has a node of its own."""

    @property
    def words(self) -> str:
        """Node and run for people."""
        run = f"run {self.run.number}"
        return f"{label(self.node)} of {run}" if self.node else run


def enclosing(held: Sequence[RunDirectory]) -> Enclosing | None:
    """Return which of some live runs this process belongs to, at any depth, or None. Raises StoreError.

    The ancestor processes decide. Everything a node starts is below the run's supervisor and reaper. A shell opened on
    the screen of a run is not, although it may be below the process that has the run. Where the system does not list
    processes, the environment variables of the attempt decide.
    """
    if not held:
        return None
    above = set(ancestors())
    for run in held:
        node = os.environ.get("DAGTUI_NODE", "") if os.environ.get("DAGTUI_RUN_ID") == run.run_id else ""
        if not above.isdisjoint(left_behind(run.path)) or (node and sys.platform != "linux"):
            return Enclosing(run, node)
    return None
