"""Counts processes, from outside: by a word among their arguments."""

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
"""Seconds for anything to happen, on a busy machine."""
_LOOKS = 8


def alive(word: str) -> list[int]:
    """The processes with that word among their arguments; zombies have none."""
    found = []
    for entry in reversed(os.listdir("/proc")):  # the newest first: who hops is gone before the others are looked at
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                arguments = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
                if word.encode() in arguments:
                    found.append(int(entry))
    return found


def gone(word: str) -> bool:
    """Whether nobody has that word among their arguments, however often one looks: who hops is easily overlooked."""
    return not any(alive(word) for _ in range(_LOOKS))


def state(pid: int) -> str:
    """The state of a process, one letter; X: there is none."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    return state(pid) not in "ZX"


def all_gone(pids: Iterable[int]) -> bool:
    """Whether none of these processes is alive."""
    return not any(is_alive(pid) for pid in pids)


def end(pid: int) -> None:
    """Kill one process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_all(word: str) -> None:
    """Kill whoever has that word among their arguments, until nobody has."""
    while not gone(word):
        for pid in alive(word):
            end(pid)


def children(pid: int) -> list[int]:
    """The children of a process; none when it has gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def named(name: str, parent: int) -> list[int]:
    """The children of a process that go by a name."""
    return [pid for pid in children(parent) if name_of(pid) == name]


def name_of(pid: int) -> str:
    """The name that a process goes by in process lists; empty when it has gone."""
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
        time.sleep(0.002)  # between two looks at processes of others
