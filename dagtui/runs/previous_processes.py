"""Record which processes clean up after a run, and wait for them before resuming it.

Supervisor and reaper outlive every process of every attempt. While one of them is alive, attempts of a killed run may
be alive too, so no new attempt may start.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.files import open_file, read_file
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NAME = "keepers"
"""The file in a run directory. Its name is older than the words here, and stays: other versions read it."""
PATIENCE = 60.0
"""Seconds to wait for the processes of an earlier session. The supervisor itself gives up earlier."""
_CHECK_SECONDS = 0.01
_LARGEST = 1_000_000


class PreviousProcesses:
    """Records the current reaper and supervisor in the run's directory."""

    def __init__(self, directory: Path, processes: Callable[[], tuple[int, int]]) -> None:
        """`processes` returns the pids of reaper and supervisor, 0 for one that does not exist."""
        self._path = directory / NAME
        self._processes = processes
        self._noted = (0, 0)

    def note(self, _events: Sequence[object]) -> None:
        """Record a reaper and supervisor that are not recorded yet."""
        processes = self._processes()
        if processes == self._noted:
            return
        new = [pid for pid in processes if pid and pid not in self._noted]
        self._noted = processes
        if not new:
            return
        lines = "".join(f"{pid} {_start_ticks(pid)}\n" for pid in new)
        try:
            with open(open_file(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
                file.write(lines.encode())
        except (OSError, StoreError):
            return  # no reason to stop this run; only a resumed run may then meet processes of a killed one


def left_behind(directory: Path) -> list[int]:
    """Return the pids of a run's reapers and supervisors that are still alive."""
    try:
        lines = read_file(directory / NAME, _LARGEST).decode("ascii", "replace").splitlines()
    except (OSError, StoreError):
        return []
    found = []
    for line in lines:
        pid, _, began = line.partition(" ")
        if pid.isdecimal() and 1 < int(pid) < 1 << 31 and began and _start_ticks(int(pid)) == began:
            found.append(int(pid))
    return found


def wait_for_processes(directory: Path) -> None:
    """Wait until no process of earlier sessions of a run is left. Raises StoreError if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while left := left_behind(directory):
        if time.monotonic() > deadline:
            raise StoreError(
                f"processes of the run in {label(directory, 1000)} are still being ended (by process {left[0]}); "
                "try again later"
            )
        time.sleep(_CHECK_SECONDS)  # they are not our children, so there is nothing to wait on


def _start_ticks(pid: int) -> str:
    """Return when a process started, in kernel ticks since boot, or an empty string if it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
