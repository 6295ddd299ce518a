"""The journal's lines once more, for whoever asked for events: whole lines, whatever the disk or the reader does."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Protocol

from dagtui.session.lines.line_writer import LineWriter

MOST_WAITING = 1_048_576
"""Bytes of lines that wait for room; lines beyond them are left out, as their numbers (`seq`) tell."""


class EventsCopy(Protocol):
    """Takes the journal's lines as they are written."""

    def write(self, lines: bytes) -> None:
        """Take whole lines; never waits for a reader."""

    def flush(self) -> None:
        """Try once more to write what waits."""

    def close(self) -> None:
        """Write what waits, and close; may wait for a reader."""


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
        self._writer = LineWriter(descriptor, "ascii", "the events (--events)", remark=None)

    def write(self, lines: bytes) -> None:
        """Write whole lines, soon."""
        self._writer.put(lines)

    def flush(self) -> None:
        """Nothing: they are on their way."""

    def close(self) -> None:
        """Wait until everything is written, for as long as the reader takes."""
        self._writer.close()
        os.close(self._descriptor)


def _say(error: OSError) -> None:
    words = (
        f"dagtui: can't write the events (--events): {error.strerror}; "
        "the run goes on, and so do they when they can be written again\n"
    )
    with contextlib.suppress(OSError):
        os.write(2, words.encode("utf-8", "replace"))
