"""Finding real processes, and waiting for conditions."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def fresh_token() -> str:
    """A word that no other test's processes have in their command lines, on this machine, at any time."""
    return f"token-{secrets.token_hex(8)}"


def processes_with(token: str) -> list[int]:
    """The live processes whose command line contains a token, but this one and its parents."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{name}/stat", "rb") as file:
                dead = file.read().rpartition(b")")[2].split()[0] in {b"Z", b"X"}
        except OSError:
            continue
        if token.encode() in words and not dead:
            found.append(int(name))
    return found


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal; one that has ended has none."""
    try:
        words = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    caught = re.search(r"SigCgt:\s*(\w+)", words)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def processes_told_of(folder: Path) -> dict[int, str]:
    """The command lines of the live processes, but this one, that have a folder, or what is in it, as a variable."""
    variable = re.compile(b"=" + re.escape(os.fsencode(folder)) + b"[/\\0]")
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            if variable.search(Path(f"/proc/{name}/environ").read_bytes()):
                words = Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
                found[int(name)] = b" ".join(words).decode(errors="replace")
    return found


def end_processes_told_of(folder: Path) -> None:
    """Kill them, until there are none."""
    while found := processes_told_of(folder):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Wait for a condition; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        pause.wait(0.01)
