"""Whether this process belongs to a node of a live run, which then can't be waited for or run once more from here."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.store.directory import RunDirectory


@dataclass(frozen=True, slots=True)
class Enclosing:
    """The live run, and the node of it, that this process belongs to."""

    run: RunDirectory
    node: str
    """Empty when it is not known: a run in between has a node of its own."""


def enclosing(held: Sequence[RunDirectory]) -> Enclosing | None:
    """Which of some live runs this process belongs to, however far below; None: to none. Raises StoreError.

    The processes above tell: whatever a node starts is below the process that has the run, and a shell that a person
    opens on the screen of a run is not. Where the system does not list processes, variables of the attempt tell.
    """
    if not held:
        return None
    above = {f"process {pid}": pid for pid in _ancestors()}
    for run in held:
        node = os.environ.get("DAGTUI_NODE", "") if os.environ.get("DAGTUI_RUN_ID") == run.run_id else ""
        pid = above.get(run.holder(), 0)
        if (pid and _has_open(pid, run)) or (node and sys.platform != "linux"):
            return Enclosing(run, node)
    return None


def _ancestors() -> Iterator[int]:
    """The processes above this one, as far as the system tells."""
    pid = os.getppid()
    while pid > 1:
        yield pid
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b") ")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return


def _has_open(pid: int, run: RunDirectory) -> bool:
    """Whether a process has the lock of a run open: in another container, other processes have the same numbers."""
    folder, lock = f"/proc/{pid}/fd", os.path.realpath(run.path / "lock")
    try:
        return any(os.readlink(f"{folder}/{name}") == lock for name in os.listdir(folder))
    except OSError:  # it closed something meanwhile, or may not be looked into
        return True
