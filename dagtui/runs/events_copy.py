"""The journal's lines once more, for whoever asked for events: whole lines, whatever the disk or the reader does."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Protocol

from dagtui.store.line_writer import LineWriter

_WHAT = "the events (--events)"
MOST_WAITING = 1_048_576
"""Bytes of lines that wait for room; lines beyond them are left out, as their numbers (`seq`) tell."""


class EventsError(Exception):
    """The events can't be written where they were asked for; the text is one line."""


class EventsCopy(Protocol):
    """Takes the journal's lines as they are written."""

    def write(self, lines: bytes) -> None:
        """Take whole lines; never waits for a reader."""

    def flush(self) -> None:
        """Try once more to write what waits."""

    def close(self) -> None:
        """Write what waits, and close; may wait for a reader."""


def copy_at(path: str) -> EventsCopy:
    """What writes events to the file, pipe or device of that name; raises EventsError when it can't be opened."""
    try:
        if _is_named_pipe(path):
            return NamedPipe(path)
        return copy_to(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise EventsError(f"--events {path}: can't be written: {error.strerror}") from None


def copy_to(descriptor: int) -> EventsCopy:
    """What writes events to an open file, pipe or terminal; it owns the descriptor from then on."""
    is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    return EventsFile(descriptor) if is_file else EventsStream(descriptor)


class EventsFile:
    """Writes lines to a file; what finds no room (a full disk) waits for some, and the run goes on.

    That is said on standard error, once.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        """What was not written yet; it begins with the rest of a line that was written in part."""
        self._said = False

    def write(self, lines: bytes) -> None:
        """Write whole lines, or keep them until `flush` finds room for them."""
        if self._waiting:
            self.flush()
        if self._waiting:
            lines = lines[: lines.rfind(b"\n", 0, max(0, MOST_WAITING - len(self._waiting))) + 1]
        self._waiting += lines
        self.flush()

    def flush(self) -> None:
        """Try once more to write what waits."""
        try:
            while self._waiting:
                del self._waiting[: os.write(self._descriptor, self._waiting)]
        except OSError as error:
            if not self._said:
                self._said = True
                _say(error)

    def close(self) -> None:
        """Try a last time, and close the file."""
        self.flush()
        os.close(self._descriptor)


class EventsStream:
    """Hands lines to whoever reads a pipe or a terminal, from a thread of its own: a slow reader delays nobody.

    What nobody reads in time is left out, as whole lines.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._writer = LineWriter(descriptor, "ascii", _WHAT, remark=None)

    def write(self, lines: bytes) -> None:
        """Write whole lines, soon."""
        self._writer.put(lines)

    def flush(self) -> None:
        """Nothing: they are on their way."""

    def close(self) -> None:
        """Wait until everything is written, for as long as the reader takes."""
        self._writer.close()
        os.close(self._descriptor)


class NamedPipe(LineWriter):
    """Hands lines to whoever opens a named pipe to read it, as `EventsStream` does; until then they wait."""

    def __init__(self, path: str) -> None:
        super().__init__(-1, "ascii", _WHAT, remark=None)
        self._path = path

    def write(self, lines: bytes) -> None:
        """Write whole lines, soon."""
        self.put(lines)

    def flush(self) -> None:
        """Nothing: they are on their way."""

    def _write_all(self) -> None:
        # Opening waits for a reader; no signal would end that wait outside this thread.
        try:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            self._give_up(error)
            return
        try:
            super()._write_all()
        finally:
            os.close(self._descriptor)


def _is_named_pipe(path: str) -> bool:
    """Whether there is one that may be written; raises OSError when it may not."""
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
        "the run goes on, and so do they when they can be written again\n"
    )
    with contextlib.suppress(OSError):
        os.write(2, words.encode("utf-8", "replace"))
