"""When the bytes of a log were written: the file that the log process keeps beside it."""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from typing import TYPE_CHECKING

from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from pathlib import Path

RECORD = struct.Struct("<Qd")
"""The offset of a chunk in the log, and when it was written, in seconds since the epoch."""
_ENDLESS = 1 << 63
"""A size in bytes that no log has."""


class LineTimes:
    """When bytes of a log were written: RECORDs in the order of their offsets, in a file beside the log.

    The file need not exist yet and may grow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def at(self, offset: int) -> WallTime | None:
        """Return when the byte at an offset was written, or None if that was not recorded. Raises OSError."""
        if not self._open():
            return None
        count = os.fstat(self._descriptor).st_size // RECORD.size
        number = bisect_right(range(count), offset, key=lambda record: self._record(record)[0])
        return self._record(number - 1)[1] if number else None

    def size_at(self, time: WallTime) -> int | None:
        """Return how many bytes were written until a time. None if no times were recorded. Raises OSError."""
        count = os.fstat(self._descriptor).st_size // RECORD.size if self._open() else 0
        if not count:
            return None
        number = bisect_right(range(count), time, key=lambda record: self._record(record)[1])
        return self._record(number)[0] if number < count else _ENDLESS

    def close(self) -> None:
        """Close the file. The next question opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _open(self) -> bool:
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                return False
        return True

    def _record(self, number: int) -> tuple[int, WallTime]:
        offset, time = RECORD.unpack(os.pread(self._descriptor, RECORD.size, number * RECORD.size))
        return int(offset), WallTime(time)


def size_until(log: Path, status: os.stat_result, until: WallTime) -> int:
    """Return how many bytes of a log with a status were written until a time. Raises OSError.

    Of a log that was printed in one go, no times are recorded: all of it is as old as the file.
    """
    times = LineTimes(log.with_name(log.name + ".times"))
    try:
        written = times.size_at(until)
    finally:
        times.close()
    if written is None:
        return status.st_size if WallTime(status.st_mtime) <= until else 0
    return min(written, status.st_size)
