"""Processes that the kernel killed because memory ran out, as counted by the control group or the whole machine."""

from __future__ import annotations

import os
import time

_GROUPS = "/sys/fs/cgroup"
_OWN_GROUP = "/proc/self/cgroup"
_MACHINE = "/proc/vmstat"
_WORD = b"oom_kill"
_LOG = "/dev/kmsg"
_MOST = 1 << 16
_MOST_RECORDS = 100_000
_KILLED = rb"Killed process (\d+) .*?anon-rss:(\d+)kB, file-rss:(\d+)kB(?:, shmem-rss:(\d+)kB)?"
_TOGETHER = 2.0
"""Seconds within which processes that the kernel killed together are asked about."""


class MemoryKills:
    """Tells which processes the kernel has killed for lack of memory. It counts kills, and each answers one question.

    Source: "memory.events" in the kernel's documentation of control groups, version 2. Where it cannot be read, the
    count of the whole machine in /proc/vmstat stands in for it. Systems with neither give no answer.
    """

    def __init__(
        self, own_group: str = _OWN_GROUP, groups: str = _GROUPS, machine: str = _MACHINE, log: str = _LOG
    ) -> None:
        """Begin to count."""
        self._paths = [path for path in (_events_of(own_group, groups), machine) if path]
        self._log = log
        self._counted = self._count()
        self._left = 0
        """Kills that were counted, and that no process was told of yet."""
        self._since = 0.0
        """When the last of them was counted."""

    def killed_at(self, leader: int) -> int | None:
        """Return the bytes of memory at which a leader, or a process below it, was killed. 0: only that it was.

        None: it was killed by something else. Of a leader, the kernel's log has the bytes, where it can be read.
        """
        now = time.monotonic()
        before, self._counted = self._counted, self._count()
        if now - self._since > _TOGETHER:
            self._left = 0  # these were no processes of ours
        if self._counted > before:
            self._left += self._counted - before
            self._since = now
        if self._left <= 0:
            return None
        self._left -= 1
        return _logged(self._log, leader)

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


def _logged(path: str, leader: int) -> int:
    """Return the bytes that a process had when it was killed, by the kernel's log. 0: not known."""
    import re  # hardly any run needs it

    found = 0
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:  # most people may not read it
        return 0
    try:
        for _ in range(_MOST_RECORDS):
            record = os.read(fd, _MOST)
            for killed in re.finditer(_KILLED, record):
                if int(killed[1]) == leader:
                    found = sum(map(int, killed.groups(b"0")[1:])) << 10
            if not record:
                break
    except OSError:  # the end, or records that were overwritten meanwhile
        pass
    finally:
        os.close(fd)
    return found


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
