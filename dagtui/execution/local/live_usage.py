"""What attempts in flight use now, as /proc tells it: the trees of their processes. Only Linux tells."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from dagtui.engine.messages import Usage
from dagtui.execution.local import ownership

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dagtui.execution.local.attempt import Key
    from dagtui.execution.local.link import SupervisorLink

TELLS: Final = sys.platform == "linux"
"""Whether this system tells."""
_MOST_PROCESSES: Final = 1_000
"""The most processes of one attempt that are looked at."""
_MOST_KNOWN: Final = 1_000
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGESIZE")
_USER, _RESIDENT = 11, 21
"""The places of user time, which the times in the system and of ended children follow, and of the memory in use."""
_SESSION = 3
_PAGE_OF_TEXT: Final = 4_096


def measuring(
    link: SupervisorLink, leaders: dict[Key, int], attempts: Iterable[Key]
) -> Callable[[], Mapping[Key, Usage]]:
    """Return a function for a thread, which returns what attempts use now, as far as they are in flight.

    `leaders` are known leaders, to which those of `attempts` are added.
    """
    wanted = set(attempts)
    if len(leaders) > _MOST_KNOWN:
        leaders.clear()
    if unknown := wanted - leaders.keys():
        leaders |= link.start_table.leaders_of(unknown)
    known, supervisor = {key: leaders[key] for key in wanted if key in leaders}, link.supervisor
    return lambda: _measured(known, supervisor)


def _measured(leaders: Mapping[Key, int], supervisor: int) -> Mapping[Key, Usage]:
    orphans = _orphans(supervisor, set(leaders.values()))
    found = {}
    for key, leader in leaders.items():
        if _session_of(leader) == leader:  # else it has ended: the number is another's
            found[key] = _sum([leader, *orphans.get(ownership.mark_of(leader), ())])
    return found


def _orphans(supervisor: int, leaders: set[int]) -> Mapping[int, list[int]]:
    """Return the processes whose parents have ended, by the mark of their attempt.

    The log process and the reaper are no orphans: they are in the supervisor's session. Where no marks are left,
    processes have that of this one, and orphans are not told apart.
    """
    found: dict[int, list[int]] = {}
    if supervisor:
        own, ours = ownership.mark_of(os.getpid()), _session_of(supervisor)
        for pid in ownership.children(supervisor):
            if pid not in leaders and (mark := ownership.mark_of(pid)) != own and _session_of(pid) != ours:
                found.setdefault(mark, []).append(pid)
    return found


def _session_of(pid: int) -> int:
    fields = ownership.status_fields(pid)
    return int(fields[_SESSION]) if len(fields) > _SESSION else 0


def _sum(roots: list[int]) -> Usage:
    """Return what processes and all their descendants have used, and how much memory they have now."""
    ticks = pages = read = written = 0
    for pid in _tree(roots):
        fields = ownership.status_fields(pid)
        if len(fields) <= _RESIDENT:
            continue
        ticks += sum(map(int, fields[_USER : _USER + 4]))
        pages += int(fields[_RESIDENT])
        amounts = _disk(pid)
        read, written = read + amounts[0], written + amounts[1]
    return Usage(ticks / _TICKS, pages * _PAGE, read, written)


def _tree(roots: list[int]) -> Iterator[int]:
    pids = list(roots)
    for pid in pids:
        yield pid
        if len(pids) < _MOST_PROCESSES:
            pids += ownership.children(pid)


def _disk(pid: int) -> tuple[int, int]:
    """Return the bytes that a process and its ended children read from disks and wrote to them."""
    try:
        fd = os.open(f"/proc/{pid}/io", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # it has ended, or belongs to another user
        return 0, 0
    try:
        words = os.read(fd, _PAGE_OF_TEXT).split()
    except OSError:
        return 0, 0
    finally:
        os.close(fd)
    amounts = dict(zip(words[::2], words[1::2], strict=False))
    return int(amounts.get(b"read_bytes:", 0)), int(amounts.get(b"write_bytes:", 0))
