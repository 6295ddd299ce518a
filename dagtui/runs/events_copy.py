"""Copy the journal's lines for `--events`, in whole lines even if the disk is full or the reader is slow."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TypeAlias

from dagtui.store.line_writer import LineWriter

EventsCopy: TypeAlias = "EventsFile | EventsStream"
"""Receives the journal's lines as they are written, without waiting for a reader."""
_WHAT = "the events (--events)"
MOST_WAITING = 1_048_576
"""Bytes of lines that may wait to be written. Further lines are dropped, which shows as gaps in `seq`."""


class EventsError(Exception):
    """The events can't be written to the requested place. The text is one line."""


def copy_at(path: str) -> EventsCopy:
    """Return a copy that writes to the file, pipe or device at a path. Raises EventsError if it can't be opened."""
    try:
        if _is_named_pipe(path):
            return NamedPipe(path)
        return copy_to(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise EventsError(f"--events {path}: can't be written: {error.strerror}") from None


def copy_to(descriptor: int) -> EventsCopy:
    """Return a copy that writes to an open file, pipe or terminal, and takes ownership of the descriptor."""
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    return EventsFile(descriptor) if is_file else EventsStream(descriptor)


class EventsFile:
    """Writes lines to a file. If the disk is full, lines wait while the run continues.

    This is reported once on standard error.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        """Bytes not written yet. They may begin with the rest of a partly written line."""
        self._said = False

    def write(self, lines: bytes) -> None:
        """Write whole lines, or keep them until `flush` can write them."""
        if self._waiting:
            self.flush()
        if self._waiting:
            lines = lines[: lines.rfind(b"\n", 0, max(0, MOST_WAITING - len(self._waiting))) + 1]
        self._waiting += lines
        self.flush()

    def flush(self) -> None:
        """Try again to write the waiting lines."""
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except OSError as error:
            if not self._said:
                self._said = True
                _say(error)

    def close(self) -> None:
        """Try a last time, then close the file."""
        self.flush()
        os.close(self._descriptor)


class EventsStream(LineWriter):
    """Writes lines to a pipe or a terminal from its own thread, so that a slow reader delays nothing.

    Lines beyond the buffer are dropped whole.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "ascii", _WHAT, remark=None)

    def write(self, lines: bytes) -> None:
        """Queue whole lines for writing."""
        self.put(lines)

    def flush(self) -> None:
        """Do nothing: the thread writes the lines."""

    def _write_all(self) -> None:
        try:
            super()._write_all()
        finally:
            os.close(self._descriptor)


class NamedPipe(EventsStream):
    """Writes lines to a named pipe. Lines wait until a reader opens it."""

    def __init__(self, path: str) -> None:
        super().__init__(-1)
        self._path = path

    def _write_all(self) -> None:
        # Opening blocks until there is a reader. No signal would end that wait outside this thread.
        try:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            self._give_up(error)
            return
        super()._write_all()


def _is_named_pipe(path: str) -> bool:
    """Return whether a path is a writable named pipe. Raises OSError if it may not be written."""
    try:
        found = stat.S_ISFIFO(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
    if found and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return found


def _say(error: OSError) -> None:
    words = (
        f"dagtui: can't write {_WHAT}: {error.strerror}; "
        "the run continues, and events follow when they can be written again\n"
    )
    with contextlib.suppress(OSError):
        os.write(2, words.encode("utf-8", "replace"))
