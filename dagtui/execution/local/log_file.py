"""One attempt's log as the log process writes it: made at its first byte, never in anybody's way.

Beside a log lies `<log>.times`: records of `struct "<Qd"`, the offset at which a chunk begins and the wall time when it
was read, 0.1 s apart or more. A log that was printed within 0.1 s has none: its own time of change tells.

What can't be written (disk full, say) is dropped and counted, and the log says so as soon as it can be written again. A
log keeps its first MOST bytes; of what comes after, the last TAIL bytes are appended when it ends.
"""

from __future__ import annotations

import errno
import os
import struct
import time

from dagtui.text.remarks import REMARK, left_behind

MOST = 256 << 20
TAIL = 1 << 20
_RECORD = struct.Struct("<Qd")
_APART = 0.1  # seconds between two records of times
_TRY_AGAIN = 1.0  # seconds until a log that could not be opened is tried again
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_FULL = {errno.ENOSPC: "disk full", errno.EDQUOT: "disk quota used up", errno.EFBIG: "file size limit reached"}


class LogWriter:
    """A log that is being written, and what has found no room in it."""

    __slots__ = (
        "_fd",
        "_flags",
        "_last_record",
        "_line_open",
        "_lost",
        "_lost_and_said",
        "_most",
        "_not_before",
        "_path",
        "_records",
        "_seen",
        "_skipped",
        "_tail",
        "left",
        "reason",
        "size",
    )

    def __init__(self, path: str, *, anew: bool = False, most: int = MOST) -> None:
        """`anew`: what is there already goes."""
        self._path = path
        self._flags = _APPEND | (os.O_TRUNC if anew else 0)
        self._most = most
        self._fd = -1
        self._not_before = 0.0
        self.size = 0
        """Bytes in the file, our own remarks included."""
        self._line_open = False
        self._lost = 0
        self._lost_and_said = 0
        self.reason = ""
        """Why bytes were lost."""
        self.left = 0
        """Processes that the attempt left behind, for the last line of the log."""
        self._skipped = 0
        self._tail = bytearray()
        self._records = bytearray()
        self._last_record = 0.0
        self._seen = 0

    def write(self, data: bytes | memoryview, wall: float) -> None:
        """Append what was read at a wall time."""
        if self._skipped or self.size + len(data) > self._most:
            self._keep_tail(data)
            return
        if self._lost:
            self._remark_loss()
        if self._lost:
            self._lost += len(data)
            return
        self._note_time(wall)
        self._append(data)

    def write_times(self) -> bool:
        """Append the records that wait, if there are ever going to be more than one; whether any were written."""
        if not self._records or self._seen < 2:
            return False
        try:
            fd = os.open(self._path + ".times", _APPEND, 0o600)
            try:
                os.write(fd, self._records)
            finally:
                os.close(fd)
        except OSError:  # times are a courtesy; the log itself says what is wrong with the disk
            pass
        self._records.clear()
        return True

    def pause(self) -> None:
        """Note that there was no output for a while: nothing is held back here."""

    def release(self) -> None:
        """Give the descriptor back until the next write."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def close(self) -> int:
        """Append what is still to be said; the size of the log."""
        if self._skipped:
            left_out = self._skipped - len(self._tail[-TAIL:])
            self._append(self._remark(f"{left_out} bytes left out"))
            self._append(self._tail[-TAIL:])
        if self._lost:
            self._remark_loss()
        if self.left and not self._lost:
            self._append(self._remark(left_behind(self.left)))
            self._lost = 0  # there is no output in it
        self.write_times()
        self.release()
        return self.size

    @property
    def lost(self) -> int:
        """Bytes that found no room; those that are left out of a log that is too long are none of them."""
        return self._lost_and_said + self._lost

    def say_loss(self) -> bool:
        """Say at the end of a closed log what was lost, if that can be written now; whether everything is said."""
        if self._lost:
            self._remark_loss()
            self.release()
        return not self._lost

    def _note_time(self, wall: float) -> None:
        if abs(wall - self._last_record) >= _APART:  # clocks jump back, too
            self._last_record = wall
            self._records += _RECORD.pack(self.size, wall)
            self._seen += 1

    def _keep_tail(self, data: bytes | memoryview) -> None:
        if not self._skipped:
            self._append(self._remark("the log is full; its last part follows when the attempt has ended"))
        self._skipped += len(data)
        self._tail += data[-TAIL:]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def _remark_loss(self) -> None:
        """Say how much was lost, if that can be written now."""
        lost, self._lost = self._lost, 0
        self._append(self._remark(f"{lost} bytes lost: {self.reason}"))
        if self._lost:  # not yet; a torn remark is no output
            self._lost = lost
        else:
            self._lost_and_said += lost

    def _remark(self, text: str) -> bytes:
        return f"{chr(10) if self._line_open else ''}{REMARK}{text}]\n".encode()

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of it; what can't be written is counted as lost."""
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
