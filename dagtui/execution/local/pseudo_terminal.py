"""Pseudo-terminals of attempts: made, sized, and typed into by the supervisor without ever waiting.

The other end of the pipe of such an attempt is a terminal. Its processes read from it, too. Imported only for a graph
with such a task.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.execution.local.attempt import Attempt, Key
    from dagtui.text.amounts import CellWidth

    TerminalSize = tuple[int, CellWidth]
    """Rows and columns."""

MOST_TYPED = 1 << 16
"""Bytes that wait to be read by the processes of an attempt. What is typed beyond them is dropped."""


def resize(terminal: int, size: TerminalSize) -> None:
    """Set the size of a terminal. The kernel tells its processes. Raises OSError."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))


class Terminals:
    """The terminals of live attempts, and what was typed and they have not taken yet."""

    def __init__(self) -> None:
        self._size: TerminalSize | None = None
        self._attempts: dict[Key, Attempt] = {}
        self._typed: dict[Key, bytearray] = {}

    def open(self) -> tuple[int, int, str]:
        """Return both ends of a new terminal, ours first, and the path of theirs. Raises OSError."""
        ours, theirs = os.openpty()
        try:
            if self._size is not None:
                resize(theirs, self._size)
            return ours, theirs, os.ttyname(theirs)
        except OSError:
            os.close(ours)
            os.close(theirs)
            raise

    def add(self, attempt: Attempt) -> None:
        """Add an attempt that has begun."""
        self._attempts[attempt.key] = attempt

    def remove(self, attempt: Attempt) -> None:
        """Remove an attempt whose leader has ended."""
        self._attempts.pop(attempt.key, None)
        self._typed.pop(attempt.key, None)

    def resize(self, rows: int, columns: CellWidth) -> None:
        """Set the size of all terminals, and of those to come."""
        self._size = rows, columns
        for attempt in self._attempts.values():
            if attempt.pipe >= 0:
                try:  # noqa: SIM105 - contextlib costs start-up time
                    resize(attempt.pipe, (rows, columns))
                except OSError:  # its processes have gone
                    pass

    def type(self, key: Key, data: bytes) -> None:
        """Type into the terminal of an attempt. Input that it does not take now waits, up to MOST_TYPED bytes."""
        if key in self._attempts:
            waiting = self._typed.setdefault(key, bytearray())
            waiting += data[: max(0, MOST_TYPED - len(waiting))]
            self._write(key)

    @property
    def is_waiting(self) -> bool:
        """Whether input waits for processes that don't read. `write` tries again."""
        return bool(self._typed)

    def write(self) -> None:
        """Write what waits, as far as it is taken."""
        for key in list(self._typed):
            self._write(key)

    def _write(self, key: Key) -> None:
        waiting, terminal = self._typed[key], self._attempts[key].pipe
        try:
            while waiting and terminal >= 0:
                del waiting[: os.write(terminal, waiting)]
        except OSError as error:
            if error.errno == errno.EAGAIN:
                return
        del self._typed[key]
