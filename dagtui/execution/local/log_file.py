"""The log file of one attempt, as the log process writes it. It is created at the first byte of output.

`<log>.times` beside a log holds records of `struct "<Qd"`: the offset at which a chunk begins and the wall time when it
was read, at least 0.1 s apart. A log that was printed within 0.1 s has no such file. Its mtime gives the time.

Output that can't be written, for example to a full disk, is dropped and counted. The log says so as soon as it can be
written again. A log keeps its first MOST bytes. The last TAIL bytes of the rest are appended when it ends.
"""

from __future__ import annotations

import errno
import os
import struct
import time
from typing import TYPE_CHECKING, cast

from dagtui.text.amounts import REMARK, left_behind

if TYPE_CHECKING:
    from dagtui.text.amounts import WallTime
    from dagtui.text.redaction import RedactedStream

MOST = 256 << 20
TAIL = 1 << 20
_RECORD = struct.Struct("<Qd")
_APART = 0.1  # seconds between two records of times
_TRY_AGAIN = 1.0  # seconds until a log that could not be opened is tried again
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_FULL = {errno.ENOSPC: "disk full", errno.EDQUOT: "disk quota used up", errno.EFBIG: "file size limit reached"}


class TimeRecords:
    """The record of when parts of a log were printed, in a file beside it. A log that was printed at once has none."""

    __slots__ = ("_last", "_path", "_pending", "_seen")

    def __init__(self, log_path: str) -> None:
        self._path = log_path + ".times"
        self._pending = bytearray()
        self._last = cast("WallTime", 0.0)
        self._seen = 0

    def resume(self) -> None:
        """Go on where an earlier process may have stopped before it wrote the first record."""
        self._seen = 1

    def note(self, offset: int, wall: WallTime) -> None:
        """Note that the bytes from an offset on were printed at a wall time."""
        if abs(wall - self._last) >= _APART:  # clocks may jump back
            self._last = wall
            self._pending += _RECORD.pack(offset, wall)
            self._seen += 1

    def write(self) -> bool:
        """Append pending records, if the log has more than one. Return whether any were written."""
        if not self._pending or self._seen < 2:
            return False
        try:
            fd = os.open(self._path, _APPEND, 0o600)
            try:
                os.write(fd, self._pending)
            finally:
                os.close(fd)
        except OSError:  # times are optional, and the log itself reports what is wrong with the disk
            pass
        self._pending.clear()
        return True


class LogWriter:
    """A log that is being written, and the output that did not fit."""

    def __init__(self, path: str, *, anew: bool = False) -> None:
        """Create a writer. If `anew`, an existing file is overwritten."""
        self._path = path
        self._flags = _APPEND | (os.O_TRUNC if anew else 0)
        self._fd = -1
        self._not_before = 0.0
        self.size = 0
        """Bytes in the file, including dagtui's own remarks."""
        self._line_open = False
        self._lost = 0
        self._lost_reported = 0
        self.reason = ""
        """Why bytes were lost."""
        self.left = 0
        """Number of processes that the attempt left behind, for the last line of the log."""
        self._skipped = 0
        self._tail = bytearray()
        self._times = TimeRecords(path)

    def write(self, data: bytes | memoryview, wall: WallTime) -> None:
        """Append output that was read at a wall time."""
        if self._skipped or self.size + len(data) > MOST:
            self._keep_tail(data)
            return
        if self._lost:
            self._remark_loss()
        if self._lost:
            self._lost += len(data)
            return
        self._times.note(self.size, wall)
        self._append(data)

    def write_times(self) -> bool:
        """Append pending time records, if the log has more than one. Return whether any were written."""
        return self._times.write()

    def pause(self) -> None:
        """Handle a pause in the output. A plain log holds nothing back."""

    def release(self) -> None:
        """Close the descriptor until the next write."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def close(self) -> int:
        """Append the tail and final remarks. Return the size of the log."""
        if self._skipped:
            left_out = self._skipped - len(self._tail[-TAIL:])
            self._append(self._remark(f"{left_out} bytes left out"))
            self._append(self._tail[-TAIL:])
        if self._lost:
            self._remark_loss()
        if self.left and not self._lost:
            self._append(self._remark(left_behind(self.left)))
            self._lost = 0  # a lost remark is not lost output
        self.write_times()
        self.release()
        return self.size

    @property
    def lost(self) -> int:
        """Number of bytes that could not be written. Bytes left out of a log that is too long don't count."""
        return self._lost_reported + self._lost

    def say_loss(self) -> bool:
        """Append what was lost to a closed log, if it can be written now. Return whether nothing is left to say."""
        if self._lost:
            self._remark_loss()
            self.release()
        return not self._lost

    def _keep_tail(self, data: bytes | memoryview) -> None:
        if not self._skipped:
            self._append(self._remark("the log is full; its last part follows when the attempt has ended"))
        self._skipped += len(data)
        self._tail += data[-TAIL:]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def _remark_loss(self) -> None:
        """Append how much was lost, if it can be written now."""
        lost, self._lost = self._lost, 0
        self._append(self._remark(f"{lost} bytes lost: {self.reason}"))
        if self._lost:  # not written yet; bytes of a torn remark are not output
            self._lost = lost
        else:
            self._lost_reported += lost

    def _remark(self, text: str) -> bytes:
        return f"{chr(10) if self._line_open else ''}{REMARK}{text}]\n".encode()

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        """Write all data, and count what can't be written as lost."""
        rest = memoryview(data)
        if self._fd < 0 and time.monotonic() < self._not_before:
            self._lost += len(rest)
            return
        try:
            if self._fd < 0:
                self._open()
            while rest:
                written = os.write(self._fd, rest)
                self.size += written
                self._line_open = rest[written - 1] != 10  # a newline
                rest = rest[written:]
        except OSError as error:
            self._lost += len(rest)
            self.reason = _FULL.get(error.errno or 0, os.strerror(error.errno or errno.EIO).lower())

    def _open(self) -> None:
        try:
            self._fd = self._make()
        except OSError:
            self._not_before = time.monotonic() + _TRY_AGAIN
            raise
        self._flags = _APPEND
        self.size = os.fstat(self._fd).st_size

    def _make(self) -> int:
        try:
            return os.open(self._path, self._flags, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            return os.open(self._path, self._flags, 0o600)


class RedactedLogWriter(LogWriter):
    """A log without secrets: they are removed before output is written, so that they never reach the disk.

    Sizes and times are those of the redacted output.

    Output that ends with the beginning of a secret is held back until more follows or the attempt ends (see
    `RedactedStream`).
    """

    def __init__(self, path: str, stream: RedactedStream, *, anew: bool = False) -> None:
        super().__init__(path, anew=anew)
        self._stream = stream

    def write(self, data: bytes | memoryview, wall: WallTime) -> None:
        """Redact and append output that was read at a wall time."""
        shown = self._stream.feed(data)
        if shown:
            super().write(shown, wall)

    def pause(self) -> None:
        """Write held back output of a few bytes: a pause indicates that it is not the beginning of a secret."""
        shown = self._stream.pause()
        if shown:
            super().write(shown, cast("WallTime", time.time()))

    def close(self) -> int:
        """Append held back output, the tail and final remarks. Return the size of the log."""
        shown = self._stream.end()
        if shown:
            super().write(shown, cast("WallTime", time.time()))
        return super().close()
