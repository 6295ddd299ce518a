"""The copy of a log that is written on another machine, in the place where logs of this machine are.

A copy is exact, byte for byte: secrets are redacted, and a log that is too long is cut, where it is written. Pieces
may arrive more than once. `<log>.times` is written beside it as for logs of this machine (see `local.log_file`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.execution.local.log_file import TimeRecords

if TYPE_CHECKING:
    from dagtui.text.amounts import ByteCount, WallTime

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class LogCopy:
    """A log that is being copied. Its methods are called in threads, by one at a time."""

    __slots__ = ("_path", "_times", "trouble", "written")

    def __init__(self, path: str) -> None:
        self._path = path
        self.written: ByteCount = 0
        """How much of the log is in the file."""
        self.trouble = ""
        """Why the last piece could not be written. Empty: it was."""
        self._times = TimeRecords(path)

    def resume(self) -> ByteCount:
        """Go on with what an earlier process has copied. Return its size."""
        try:
            self.written = os.stat(self._path, follow_symlinks=False).st_size
        except OSError:  # nothing was copied
            return 0
        self._times.resume()
        return self.written

    def write(self, at: ByteCount, content: bytes, wall: WallTime) -> bool:
        """Write a piece that was printed at a wall time. Return False if it can't be written, or leaves a gap."""
        new = content[self.written - at :] if at <= self.written else b""
        if not new:
            return at <= self.written
        try:
            fd = self._open()
            try:
                rest = memoryview(new)
                while rest:
                    done = os.pwrite(fd, rest, self.written + len(new) - len(rest))
                    rest = rest[done:]
            finally:
                os.close(fd)
        except OSError as error:
            self.trouble = (error.strerror or str(error)).lower()
            return False
        self.trouble = ""
        self._times.note(self.written, wall)
        self._times.write()
        self.written += len(new)
        return True

    def _open(self) -> int:
        try:
            return os.open(self._path, _FLAGS, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            return os.open(self._path, _FLAGS, 0o600)
