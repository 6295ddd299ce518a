"""Find processes from outside, by a word in their arguments."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEADLINE = 30.0
"""Maximum seconds to wait for anything, on a busy machine."""
_LOOKS = 8


def alive(word: str) -> list[int]:
    """Return the processes with a word in their arguments. Zombies have no arguments."""
    found = []
    for entry in reversed(os.listdir("/proc")):  # newest first, as hoppers are short-lived
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                arguments = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
                if word.encode() in arguments:
                    found.append(int(entry))
    return found


def gone(word: str) -> bool:
    """Return whether no process has the word, in several looks, because a hopper is easily overlooked."""
    return not any(alive(word) for _ in range(_LOOKS))


def state(pid: int) -> str:
    """Return the state of a process, one letter. X: it does not exist."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    return state(pid) not in "ZX"


def all_gone(pids: Iterable[int]) -> bool:
    """Return whether none of the processes is alive."""
    return not any(is_alive(pid) for pid in pids)


def end(pid: int) -> None:
    """Kill one process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_all(word: str) -> None:
    """Kill the processes with a word in their arguments until none is left."""
    while not gone(word):
        for pid in alive(word):
            end(pid)


def children(pid: int) -> list[int]:
    """Return the children of a process, or none if it has ended."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def named(name: str, parent: int) -> list[int]:
    """Return the children of a process with a name."""
    return [pid for pid in children(parent) if name_of(pid) == name]


def name_of(pid: int) -> str:
    """Return the name of a process in process lists, or an empty string if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


async def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition."""
    with anyio.fail_after(deadline):
        while not condition():  # noqa: ASYNC110 - the conditions are about other processes
            await anyio.sleep(0.002)


def wait_until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition, without an event loop."""
    last = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > last:
            raise TimeoutError
        time.sleep(0.002)  # the conditions are about other processes
