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
    from collections.abc import Callable

DEADLINE = 30.0
"""Seconds for anything to happen, on a busy machine."""


def alive(word: str) -> list[int]:
    """The processes with that word among their arguments; zombies have none."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                arguments = Path("/proc", entry, "cmdline").read_bytes().split(b"\0")
                if word.encode() in arguments:
                    found.append(int(entry))
    return found


def state(pid: int) -> str:
    """The state of a process, one letter; X: there is none."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    return state(pid) not in "ZX"


def end(pid: int) -> None:
    """Kill one process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def named(name: str, parent: int) -> list[int]:
    """The children of a process that go by a name."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == name]


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
        time.sleep(0.002)
