"""Find the live run whose node this process belongs to. From inside, that run can't be waited for or run again."""

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
    """The live run, and its node, that this process belongs to."""

    run: RunDirectory
    node: str
    """Empty if unknown, because a run in between has a node of its own."""


def enclosing(held: Sequence[RunDirectory]) -> Enclosing | None:
    """Return which of some live runs this process belongs to, at any depth, or None. Raises StoreError.

    The ancestor processes decide. Everything a node starts is below the process that has the run, while a shell opened
    on the screen of a run is not. Where the system does not list processes, the environment variables of the attempt
    decide.
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
    """Yield the ancestors of this process, as far as the system lists them."""
    pid = os.getppid()
    while pid > 1:
        yield pid
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b") ")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return


def _has_open(pid: int, run: RunDirectory) -> bool:
    """Return whether a process has a run's lock open. In another container, other processes have the same pids."""
    folder, lock = f"/proc/{pid}/fd", os.path.realpath(run.path / "lock")
    try:
        return any(os.readlink(f"{folder}/{name}") == lock for name in os.listdir(folder))
    except OSError:  # it closed a descriptor meanwhile, or may not be inspected
        return True
