"""Leftovers: end what a dead guardian of this machine has left of its attempts, and record their ends as lost.

A guardian notes itself in `guardians/` of the spool, with the tag that all processes of its attempts bear. If it is
killed, its parent settles what it left (reaper.py). If both are killed, the next guardian of the same spool on the same
machine does. An attempt is recorded as lost only when none of its processes is left.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from dagtui.execution.local import ownership
from dagtui.execution.local.tagged_processes import end_tagged

if TYPE_CHECKING:
    from dagtui.execution.agent.spool import Spool

_START = 19  # position of a process's start time among the fields of its status
_LOST = "the guardian of it died on {host}, and its processes were ended"


def note(spool: Spool, tag: int) -> str:
    """Note this process as a guardian. Return the name of the note. Raises OSError."""
    name = f"{os.getpid()}-{_start_of(os.getpid())}-{_machine()}"
    spool.put("guardians", name, {"tag": tag}, lasting=False)
    return name


def forget(spool: Spool, name: str) -> None:
    """Remove the note of a guardian that leaves nothing."""
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.unlink(spool.file("guardians", name))
    except OSError:
        pass


def settle(spool: Spool) -> None:
    """End and record what dead guardians of this machine have left. Raises OSError."""
    here = "-" + _machine()
    for name in spool.keys("guardians"):
        if name.endswith(here) and not _is_alive(name):
            tag = (spool.read("guardians", name) or {}).get("tag")
            if _end_processes(cast("int", tag or 0)):
                _record_lost(spool, name)
                forget(spool, name)


def _record_lost(spool: Spool, name: str) -> None:
    ended = set(spool.keys("ended"))
    for key in spool.keys("claims"):
        if key not in ended and (spool.read("claims", key) or {}).get("guardian") == name:
            size = _size_of(spool.file("logs", key))
            text = _LOST.format(host=os.uname().nodename)
            record: dict[str, object] = {"kind": "lost", "value": 0, "seconds": 0.0, "size": size, "text": text}
            spool.put("ended", key, record, lasting=True)


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:  # it has printed nothing
        return 0


def _end_processes(tag: int) -> bool:
    """End all processes with a tag. Return False if some can't be killed, which the next guardian tries again."""
    return not end_tagged((tag,), between=_reap)[1] if tag else True


def _reap() -> None:
    """Reap processes that became children of this one."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _is_alive(name: str) -> bool:
    pid, start = name.split("-")[:2]
    return _start_of(int(pid)) == start


def _start_of(pid: int) -> str:
    fields = ownership.status_fields(pid)
    return fields[_START].decode() if len(fields) > _START and fields[0] not in (b"Z", b"X") else "0"


def _machine() -> str:
    """Return a name for this machine since it was started."""
    return f"{boot_id().replace('-', '')[:12]}-{os.uname().nodename}"


def boot_id() -> str:
    """Return the kernel's name for the time since this machine was started, or nothing."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""
