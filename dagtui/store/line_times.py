"""When the bytes of a log were written: the file beside it that the log's writer keeps."""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RECORD = struct.Struct("<Qd")
"""Where in the log a chunk begins, and when it was written, in seconds since the epoch."""


class LineTimes:
    """A file of RECORDs in the order of their offsets, which may not exist yet and may grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def at(self, offset: int) -> float | None:
        """When the byte at that offset was written; None when nobody noted it. Raises OSError."""
        if not self._open():
            return None
        count = os.fstat(self._descriptor).st_size // RECORD.size
        number = bisect_right(range(count), offset, key=lambda record: self._record(record)[0])
        return self._record(number - 1)[1] if number else None

    def close(self) -> None:
        """Close the file; the next question opens it again."""
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
