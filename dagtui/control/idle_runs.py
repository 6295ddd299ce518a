"""End settled runs without a screen when another run of their graph is about to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.store.directory import RunDirectory

_END_SECONDS = 10.0
"""Seconds that a settled run may take to close its journal."""


def end_idle_runs(held: Sequence[RunDirectory], folder: Path | None = None) -> list[int]:
    """Ask live runs to end, and wait for those that agree. Return their numbers.

    A run continues if it is not settled, has a screen, or can't be asked. Raises StoreError.
    """
    return [run.number for run in held if _ends(run.run_id, folder)]


def _ends(run_id: str, folder: Path | None) -> bool:
    # Imported here: seldom needed, while every run without a screen passes through this module.
    from dagtui.control.client import PATIENCE, connect
    from dagtui.control.sockets import ControlError

    try:
        with connect(run_id, folder) as client:
            client.send({"want": "end"})
            answer = client.receive(PATIENCE)
            if answer is None or answer.get("ending") is not True:
                return False
            client.receive(_END_SECONDS)  # its process closes the connection last
            return True
    except (ControlError, TimeoutError):
        return False
