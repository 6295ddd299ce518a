"""Record which processes clean up after a run, and wait for them before resuming it.

Supervisor and reaper outlive every process of every attempt. While one of them is alive, attempts of a run that was
killed may be alive too: no attempt may begin beside them.
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

NAME = "reapers"
PATIENCE = 60.0
"""Seconds that what is left of a session may take to end; the supervisor itself gives up earlier."""
_LOOK_AGAIN = 0.01
_LARGEST = 1_000_000


class PreviousProcesses:
    """Notes in a run's directory which processes are reaper and supervisor now."""

    def __init__(self, directory: Path, processes: Callable[[], tuple[int, int]]) -> None:
        """`processes` tells reaper and supervisor; 0 while there is none."""
        self._path = directory / NAME
        self._processes = processes
        self._noted = (0, 0)

    def note(self, _events: Sequence[object]) -> None:
        """Note reaper and supervisor that are not on record yet."""
        processes = self._processes()
        if processes == self._noted:
            return
        new = [pid for pid in processes if pid and pid not in self._noted]
        self._noted = processes
        if not new:
            return
        lines = "".join(f"{pid} {_began(pid)}\n" for pid in new)
        try:
            with open(open_file(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
                file.write(lines.encode())
        except (OSError, StoreError):
            return  # without it, a resumed run may meet what a killed one left; it is no reason to stop this one


def left_behind(directory: Path) -> list[int]:
    """The reapers and supervisors of a run that are still at work."""
    try:
        lines = read_file(directory / NAME, _LARGEST).decode("ascii", "replace").splitlines()
    except (OSError, StoreError):
        return []
    found = []
    for line in lines:
        pid, _, began = line.partition(" ")
        if pid.isdecimal() and 1 < int(pid) < 1 << 31 and began and _began(int(pid)) == began:
            found.append(int(pid))
    return found


def wait_for_the_end(directory: Path) -> None:
    """Return when nothing is left of earlier sessions of a run; raises StoreError when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while left := left_behind(directory):
        if time.monotonic() > deadline:
            raise StoreError(
                f"processes of the run in {label(directory, 1000)} are still being ended (by process {left[0]}); "
                "try again later"
            )
        time.sleep(_LOOK_AGAIN)  # they are no children of ours, whose end could be waited for


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks since the machine was started; empty when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
