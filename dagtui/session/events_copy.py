"""The journal's lines once more, for whoever asked for events: whole lines, whatever the disk or the reader does."""

from __future__ import annotations

import contextlib
import errno
import os

MOST_WAITING = 1_048_576
"""Bytes of lines that wait for room; lines beyond them are left out, as their numbers (`seq`) tell."""


class EventsCopy:
    """Writes lines to a descriptor; what finds no room (a full disk) waits for some, and the run goes on.

    That is said on standard error, once. When nobody reads any more (a closed pipe) it is quiet from then on.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        """What was not written yet; it begins with the rest of a line that was written in part."""
        self._said = False
        self._reader_gone = False

    def write(self, lines: bytes) -> None:
        """Write whole lines, or keep them until `flush` finds room for them."""
        if self._waiting:
            self.flush()
        if self._reader_gone:
            return
        if self._waiting:
            lines = lines[: lines.rfind(b"\n", 0, max(0, MOST_WAITING - len(self._waiting))) + 1]
        self._waiting += lines
        self.flush()

    def flush(self) -> None:
        """Try once more to write what waits."""
        try:
            while self._waiting:
                del self._waiting[: self._write()]
        except OSError as error:
            if error.errno == errno.EPIPE:
                self._reader_gone = True
                self._waiting.clear()
            elif not self._said:
                self._said = True
                _say(error)

    def _write(self) -> int:
        try:
            return os.write(self._descriptor, self._waiting)
        except BlockingIOError:  # whoever shares the descriptor made it non-blocking
            import select

            select.select([], [self._descriptor], [], 1.0)
            return 0


def _say(error: OSError) -> None:
    words = (
        f"dagtui: can't write the events (--events): {error.strerror}; "
        "the run goes on, and so do they when they can be written again\n"
    )
    with contextlib.suppress(OSError):
        os.write(2, words.encode("utf-8", "replace"))
