"""Undelivered ends: the supervisor or the reaper writes the ends of attempts that a dead app has not recorded.

The file is in the run's directory. Each line is a JSON object with a checksum, as in the journal. Nodes are their
numbers in the run's graph. The file has its full size from the start, so that the lines fit even on a full disk. Null
bytes follow the last line.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.execution.local.start_table import End

NAME = "undelivered.jsonl"
_ROOM = 1 << 16
"""Reserved bytes. A run with a full disk has only the ends of the attempts in flight to write."""
_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a planted FIFO must not block
_LARGEST = 16 << 20
_HIGHEST = 0xFFFF
"""The highest wait status."""
_FOREVER = float("inf")


def reserve(directory: str) -> None:
    """Create the file, empty and with reserved room. A full disk is ignored here, as it is reported elsewhere."""
    try:
        fd = os.open(os.path.join(directory, NAME), os.O_RDWR | os.O_CREAT | os.O_TRUNC | _SAFE, 0o600)
    except OSError:
        return
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, _ROOM)
        else:
            os.write(fd, bytes(_ROOM))
    except OSError:
        pass
    finally:
        os.close(fd)


def write(directory: str, ends: Sequence[End]) -> None:
    """Append ends. If that fails, for example because the directory was removed, these attempts run again."""
    if not ends or not directory:
        return
    try:
        fd = os.open(os.path.join(directory, NAME), os.O_RDWR | os.O_CREAT | _SAFE, 0o600)
    except OSError:
        return
    try:
        _append(fd, ends)
    except OSError:  # the disk is full, and more was written than reserved
        pass
    finally:
        os.close(fd)


def _append(fd: int, ends: Sequence[End]) -> None:
    from zlib import crc32

    at = len(os.pread(fd, _LARGEST, 0).rstrip(b"\0"))
    block = b"\n"  # ends a torn line
    for node, attempt, status, seconds in ends:
        head = b'{"node":%d,"attempt":%d,"status":%d,"seconds":%.3f' % (node, attempt, status, seconds)
        block += b'%b,"crc":"%08x"}\n' % (head, crc32(head))
    while block:
        written = os.pwrite(fd, block, at)
        at += written
        block = block[written:]


def read(directory: str) -> Iterator[End]:
    """Yield the ends in the file, oldest first. Torn and damaged lines are skipped."""
    import json
    from zlib import crc32

    try:
        fd = os.open(os.path.join(directory, NAME), os.O_RDONLY | _SAFE)
        with open(fd, "rb") as file:
            content = file.read(_LARGEST)
    except OSError:
        return
    for line in content.split(b"\n"):
        head, _, tail = line.strip(b"\0").rpartition(b',"crc":"')
        if not head or tail != b'%08x"}' % crc32(head):
            continue
        try:
            record = json.loads(head + b"}")
            status, seconds = int(record["status"]), float(record["seconds"])
            if 0 <= status <= _HIGHEST and 0 <= seconds < _FOREVER:
                yield cast("End", (int(record["node"]), int(record["attempt"]), status, seconds))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):  # a line of a later version
            continue


def discard(directory: str) -> None:
    """Remove the file if nothing was written to it."""
    if next(read(directory), None) is None:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.unlink(os.path.join(directory, NAME))
        except OSError:  # the file or the directory was removed
            pass
