"""Standard output as commands that only tell something use it: its end is no error, its failure is one clear line."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.stderr import BAD_CALL
from dagtui.text.locales import is_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Output:
    """Writes bytes to the descriptor of standard output, through a buffer of its own.

    When nobody reads any more (`dagtui runs | head -1`) the program ends with 128 + SIGPIPE, as `cat` does; when the
    output can't be written (a full disk) it ends with 2 and says so; when it was closed from the start, nothing is
    written.
    """

    SIZE = 65_536

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "utf-8"
        self.is_terminal = sys.stdout is not None and sys.stdout.isatty()

    @property
    def wants_colours(self) -> bool:
        """Whether colours make sense: a terminal that knows them, and a person who has not said no (no-color.org)."""
        return self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None when it is none, or does not tell."""
        if not self.is_terminal:
            return None
        try:
            return os.get_terminal_size(1).columns or None
        except OSError:  # it has gone
            return None

    @property
    def is_unicode(self) -> bool:
        """Whether the caller's locale knows every character."""
        return is_utf8(os.environ, self._encoding)

    def write(self, data: bytes) -> None:
        """Write bytes as they are, now or with the next flush."""
        self._waiting += data
        if len(self._waiting) >= self.SIZE:
            self.flush()

    def line(self, text: str) -> None:
        """Write a line; what can't be encoded is replaced."""
        self.write(text.encode(self._encoding, "backslashreplace") + b"\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines, and flush."""
        for text in texts:
            self.line(text)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if sys.stdout is None:
            self._waiting.clear()
            return
        try:
            view = memoryview(bytes(self._waiting))
            self._waiting.clear()
            while view:
                try:
                    view = view[os.write(1, view) :]
                except BlockingIOError:  # whoever shares the descriptor made it non-blocking
                    import select

                    select.select([], [1], [])
        except OSError as error:
            _give_up(error)


@contextlib.contextmanager
def standard_output() -> Iterator[Output]:
    """Standard output for the length of a command."""
    output = Output()
    yield output
    output.flush()


def _give_up(error: OSError) -> NoReturn:
    if error.errno == errno.EPIPE:
        raise SystemExit(128 + signal.SIGPIPE)
    with contextlib.suppress(OSError):
        os.write(2, f"dagtui: can't write to standard output: {error.strerror}\n".encode())
    raise SystemExit(BAD_CALL)
