"""Find processes from outside: by a word in their arguments, by their parents, by their environment."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.execution.local import ownership

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOOKS = 8


def fresh_token() -> str:
    """A word that no other test's processes have in their command lines, on this machine, at any time."""
    return f"token-{secrets.token_hex(8)}"


def alive(word: str) -> list[int]:
    """Return the processes with a word in their arguments. Zombies have no arguments."""
    return [pid for pid, _ in arguments_with(word)]


def arguments_with(word: str) -> list[tuple[int, list[str]]]:
    """Return the processes with a word in their arguments, and these, as both were at one moment."""
    found, sought, own = [], os.fsencode(word), str(os.getpid())
    for entry in reversed(os.listdir("/proc")):  # newest first, as hoppers are short-lived
        if entry.isdigit() and entry != own and sought in (content := _content(f"/proc/{entry}/cmdline")):
            arguments = content.decode(errors="replace").split("\0")[:-1]
            if word in arguments:
                found.append((int(entry), arguments))
    return found


def _content(path: str) -> bytes:
    """Return the content of a file of the kernel, or nothing if its process has ended. Made to be quick."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        content = piece = os.read(descriptor, 65536)
        while piece:
            piece = os.read(descriptor, 65536)
            content += piece
    except OSError:
        return b""
    else:
        return content
    finally:
        os.close(descriptor)


def reap_orphans() -> None:
    """Adopt no more orphans, as an executor that was opened in this process does, and forget those that have ended.

    Hundreds of zombies make every look at all processes so slow that hoppers are overlooked.
    """
    if sys.platform == "linux":
        ownership._prctl(ownership._PR_SET_CHILD_SUBREAPER, 0)
    with contextlib.suppress(ChildProcessError):
        while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            pass


def gone(word: str) -> bool:
    """Return whether no process has the word, in several looks, because a hopper is easily overlooked."""
    return not any(alive(word) for _ in range(_LOOKS))


def state(pid: int) -> str:
    """Return the state of a process, one letter. X: it does not exist."""
    fields = _content(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return fields[0].decode() if fields else "X"


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


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    found = [pid]
    for each in found:
        found += children(each)
    return found[1:]


def parent_of(pid: int) -> int:
    """Return the parent of a process, or 0 if it has ended."""
    fields = _content(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def named(name: str, parent: int) -> list[int]:
    """Return the children of a process with a name."""
    return [pid for pid in children(parent) if name_of(pid) == name]


def name_of(pid: int) -> str:
    """Return the name of a process in process lists, or an empty string if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def processes_with(token: str) -> list[int]:
    """The live processes whose command line contains a token, but this one and its parents."""
    own, sought = str(os.getpid()), token.encode()
    return [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and name != own and sought in _content(f"/proc/{name}/cmdline") and is_alive(int(name))
    ]


def catches(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler of its own for a signal."""
    return _has_signal(pid, "SigCgt", number)


def ignores(pid: int, number: signal.Signals) -> bool:
    """Return whether a process ignores a signal."""
    return _has_signal(pid, "SigIgn", number)


def is_pending(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has not yet taken a signal that was sent to it."""
    return _has_signal(pid, "ShdPnd", number)


def _has_signal(pid: int, field: str, number: signal.Signals) -> bool:
    """Return whether a signal is in a set of a process. The sets of one that has ended are empty."""
    try:
        words = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    found = re.search(rf"{field}:\s*(\w+)", words)
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)


def processes_told_of(folder: Path) -> dict[int, str]:
    """The command lines of the live processes, but this one, that have a folder, or what is in it, as a variable."""
    variable = re.compile(b"=" + re.escape(os.fsencode(folder)) + b"[/\\0]")
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        if variable.search(_content(f"/proc/{name}/environ")):
            words = _content(f"/proc/{name}/cmdline").split(b"\0")
            found[int(name)] = b" ".join(words).decode(errors="replace")
    return found


def end_processes_told_of(folder: Path) -> None:
    """Kill them, until there are none."""
    while found := processes_told_of(folder):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
