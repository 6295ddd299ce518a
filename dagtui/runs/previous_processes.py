"""Record which processes clean up after a run, and wait for them before resuming it.

Supervisor and reaper outlive every process of every attempt. While one of them is alive, attempts of a killed run may
be alive too, so no new attempt may start. If they were all killed, the processes that they left are found by their tag
(ownership.py), and ended before the run is resumed.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from dagtui.execution.local import ownership
from dagtui.execution.local.tagged_processes import end_tagged
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file, read_file
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

NAME = "keepers"
"""The file in a run directory. Its name is older than the words here, and stays: other versions read it."""
PATIENCE = 60.0
"""Seconds to wait for the processes of an earlier session. The supervisor itself gives up earlier."""
_CHECK_SECONDS = 0.01
_TAG = "tag"
_LARGEST = 1_000_000


class PreviousProcesses:
    """Records the current reaper and supervisor in the run's directory."""

    def __init__(self, directory: Path, processes: Callable[[], tuple[int, int]], tag: Callable[[], int]) -> None:
        """`processes` returns the pids of reaper and supervisor, 0 for one that does not exist.

        `tag` returns the tag of the supervisor's attempts. It is known when the supervisor's pid is.
        """
        self._path = directory / NAME
        self._processes, self._tag = processes, tag
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
        if processes[1] in new and (tag := self._tag()):
            lines += f"{_TAG} {tag}\n"  # readers of older versions skip it, because it does not begin with a pid
        try:
            with open(open_file(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as file:
                file.write(lines.encode())
        except (OSError, StoreError):
            return  # no reason to stop this run; only a resumed run may then meet processes of a killed one


def left_behind(directory: Path) -> list[int]:
    """Return the pids of a run's reapers and supervisors that are still alive."""
    found = []
    for line in _lines(directory):
        pid, _, began = line.partition(" ")
        if pid.isdecimal() and 1 < int(pid) < 1 << 31 and began and _start_ticks(int(pid)) == began:
            found.append(int(pid))
    return found


def _lines(directory: Path) -> list[str]:
    try:
        return read_file(directory / NAME, _LARGEST).decode("ascii", "replace").splitlines()
    except (OSError, StoreError):
        return []


def ended_by(left: Sequence[int]) -> str:
    """Return the words for the process that is waited for: a stopped one first, as it waits itself."""
    stopped = next((pid for pid in left if ownership.status_fields(pid)[:1] == [b"T"]), 0)
    return f"by process {stopped}, which is stopped: kill -CONT {stopped}" if stopped else f"by process {left[0]}"


def survivors(directory: Path) -> list[int]:
    """Return the pids of processes of attempts that outlived the supervisors and reapers of a run (Linux only).

    The log process is one of them, and ends by itself. This process and its ancestors never are.
    """
    tags = _tags(directory)
    found = ownership.tagged(tags) if tags else []
    spared = _spared() if found else ()
    return [pid for pid in found if pid not in spared]


def _tags(directory: Path) -> set[int]:
    words = [line.partition(" ")[::2] for line in _lines(directory)]
    return {int(tag) for word, tag in words if word == _TAG and tag.isdecimal() and ownership.is_tag(int(tag))}


def _spared() -> set[int]:
    return {os.getpid(), *ancestors()}


def end_survivors(directory: Path) -> str:
    """End the processes that outlived the supervisors and reapers of a run. Return a note, empty if there were none.

    The caller must hold the run, and no supervisor or reaper may be alive.
    """
    ended, left = end_tagged(_tags(directory), _spared())
    if not ended:
        return ""
    note = f"ended {plural(len(ended), 'process', 'processes')} that an earlier session had left"
    return f"{note}; can't end process {left[0]}" if left else note


def ancestors() -> Iterator[int]:
    """Yield the ancestors of this process, as far as the system lists them."""
    pid = os.getppid()
    while pid > 1:
        yield pid
        fields = ownership.status_fields(pid)
        pid = int(fields[1]) if fields else 0


def wait_for_processes(directory: Path) -> None:
    """Wait until no process of earlier sessions of a run is left. Raises StoreError if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while left := left_behind(directory):
        if time.monotonic() > deadline:
            raise StoreError(
                f"processes of the run in {label(directory, 1000)} are still being ended ({ended_by(left)}); "
                "try again later"
            )
        time.sleep(_CHECK_SECONDS)  # they are not our children, so there is nothing to wait on


def _start_ticks(pid: int) -> str:
    """Return when a process started, in kernel ticks since boot, or an empty string if it has ended."""
    fields = ownership.status_fields(pid)
    return "" if fields[:1] in ([], [b"Z"], [b"X"]) else fields[19].decode("ascii")
