"""The log of one attempt as a stream of bytes, from a position to its end and on as it grows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.files import open_file

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 262_144


class LogStream:
    """Reads a log that need not exist yet and may grow, in blocks of at most BLOCK bytes."""

    def __init__(self, path: Path, last_lines: int | None = None) -> None:
        """Start at the beginning, or `last_lines` before the end that the file has when it first exists."""
        self.path = path
        self._last_lines = last_lines
        self._descriptor = -1
        self._offset = 0

    @property
    def exists(self) -> bool:
        """Whether the file existed at the last read."""
        return self._descriptor >= 0

    def read(self) -> bytes:
        """Return the next bytes, empty if there are none yet. Raises StoreError."""
        try:
            if self._descriptor < 0 and not self._open():
                return b""
            data = os.pread(self._descriptor, BLOCK, self._offset)
        except OSError as error:
            raise StoreError.of("read the log", self.path, error) from error
        self._offset += len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _open(self) -> bool:
        try:
            self._descriptor = open_file(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        if self._last_lines is not None:
            self._offset = self._start_of_last(self._last_lines)
        return True

    def _start_of_last(self, lines: int) -> int:
        """Return where the last lines start. Searches backwards, so that the start of a huge file is never read."""
        size = os.fstat(self._descriptor).st_size
        if lines == 0:
            return size
        # The newline at the very end closes the last line, it does not start another.
        end = size - 1 if size and os.pread(self._descriptor, 1, size - 1) == b"\n" else size
        while end > 0:
            start = max(0, end - BLOCK)
            block = os.pread(self._descriptor, end - start, start)
            found = block.count(b"\n")
            if found >= lines:
                position = len(block)
                for _ in range(lines):
                    position = block.rfind(b"\n", 0, position)
                return start + position + 1
            lines -= found
            end = start
        return 0
