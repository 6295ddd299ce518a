"""Runs that are settled and that nobody looks at end when another one of their graph is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.store.directory import RunDirectory

_END_SECONDS = 10.0
"""How long a settled run may take to close its record."""


def end_idle_runs(held: Sequence[RunDirectory], folder: Path | None = None) -> list[int]:
    """Ask live runs to end, and wait for those that do; returns their numbers.

    A run that is not settled, or that is on a screen, goes on, and so does one that can't be asked. Raises StoreError.
    """
    return [run.number for run in held if _ends(run.run_id, folder)]


def _ends(run_id: str, folder: Path | None) -> bool:
    # Seldom needed, and every run without a screen passes here.
    from dagtui.control.client import PATIENCE, connect
    from dagtui.control.sockets import ControlError

    try:
        with connect(run_id, folder) as client:
            client.send({"want": "end"})
            answer = client.receive(PATIENCE)
            if answer is None or answer.get("ending") is not True:
                return False
            client.receive(_END_SECONDS)  # its process hangs up when it has let go of everything
            return True
    except (ControlError, TimeoutError):
        return False
