"""When the bytes of a log were written, from the file that the log's writer keeps beside it."""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RECORD = struct.Struct("<Qd")
"""The offset of a chunk in the log, and when it was written, in seconds since the epoch."""


class LineTimes:
    """A file of RECORDs in the order of their offsets. It need not exist yet and may grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def at(self, offset: int) -> float | None:
        """Return when the byte at an offset was written, or None if that was not recorded. Raises OSError."""
        if not self._open():
            return None
        count = os.fstat(self._descriptor).st_size // RECORD.size
        number = bisect_right(range(count), offset, key=lambda record: self._record(record)[0])
        return self._record(number - 1)[1] if number else None

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

    def _record(self, number: int) -> tuple[int, float]:
        offset, time = RECORD.unpack(os.pread(self._descriptor, RECORD.size, number * RECORD.size))
        return int(offset), float(time)
