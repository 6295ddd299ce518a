"""What a call asks of the live runs of its graph: whether it is inside one of them, and whether they make room."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from dagtui.runs.previous_processes import ancestors, left_behind
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.store.directory import RunDirectory

_END_SECONDS = 10.0
"""Seconds that a settled run may take to close its journal."""


class Enclosing(NamedTuple):
    """The live run, and its node, that this process belongs to: it can't be waited for or run again from inside."""

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


def end_idle_runs(held: Sequence[RunDirectory]) -> list[int]:
    """Ask live runs to end, and wait for those that agree. Return their numbers.

    A run continues if it is not settled, has a screen, or can't be asked. Raises StoreError.
    """
    return [run.number for run in held if _ends(run.run_id)]


def _ends(run_id: str) -> bool:
    # Imported here: most calls ask this module only whether they are inside a run.
    from dagtui.control.client import PATIENCE, connect
    from dagtui.control.sockets import ControlError

    try:
        with connect(run_id) as client:
            client.send({"want": "end"})
            answer = client.receive(PATIENCE)
            if answer is None or answer.get("ending") is not True:
                return False
            client.receive(_END_SECONDS)  # its process closes the connection last
            return True
    except (ControlError, TimeoutError):
        return False
