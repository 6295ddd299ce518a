"""Processes that the kernel killed because memory ran out, as counted by the control group or the whole machine."""

from __future__ import annotations

import os

_GROUPS = "/sys/fs/cgroup"
_OWN_GROUP = "/proc/self/cgroup"
_MACHINE = "/proc/vmstat"
_WORD = b"oom_kill"
_MOST = 1 << 16


class MemoryKills:
    """Tells whether the kernel has killed a process for lack of memory since the last question.

    Source: "memory.events" in the kernel's documentation of control groups, version 2. Where it cannot be read, the
    count of the whole machine in /proc/vmstat stands in for it. Systems with neither give no answer.
    """

    def __init__(self, own_group: str = _OWN_GROUP, groups: str = _GROUPS, machine: str = _MACHINE) -> None:
        """Begin to count."""
        self._paths = [path for path in (_events_of(own_group, groups), machine) if path]
        self._counted = self._count()

    def any_new(self) -> bool:
        """Return whether the count has grown since the last call, or since the beginning."""
        before, self._counted = self._counted, self._count()
        return self._counted > before

    def _count(self) -> int:
        for path in self._paths:
            for line in _read(path).splitlines():
                word, _, number = line.partition(b" ")
                if word == _WORD and number.strip().isdigit():
                    return int(number)
        return 0


def _events_of(own_group: str, groups: str) -> str:
    for line in _read(own_group).splitlines():
        number, _, rest = line.partition(b":")
        if number == b"0":  # version 2 has one hierarchy, with this number and no controllers
            return os.path.join(groups, os.fsdecode(rest.partition(b":")[2]).lstrip("/"), "memory.events")
    return ""


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(fd, _MOST)
    except OSError:
        return b""
    finally:
        os.close(fd)
