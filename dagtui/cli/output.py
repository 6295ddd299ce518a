"""Standard output of commands that report: a closed pipe ends quietly, a failed write is one clear line."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from dagtui.cli.stderr import BAD_CALL, fail
from dagtui.text.look import ASCII, UNICODE, Look
from dagtui.text.terminals import columns_of, is_utf8, wants_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.text.amounts import CellWidth


class Output:
    """Writes bytes to the descriptor of standard output, through its own buffer.

    If the reader closes the pipe (`dagtui runs | head -1`), the program ends with 128 + SIGPIPE, as `cat` does. If the
    output can't be written (a full disk), it prints why and ends with 2. If standard output was closed from the start,
    nothing is written.
    """

    SIZE = 65_536

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._encoding = (sys.stdout.encoding if sys.stdout is not None else None) or "utf-8"
        self.is_terminal = sys.stdout is not None and sys.stdout.isatty()
        glyphs = UNICODE if is_utf8(os.environ, self._encoding) else ASCII
        self.look = Look(glyphs, wants_colours(os.environ, is_terminal=self.is_terminal))
        """How to show things: in characters that the caller's locale has, with colours or without."""

    @property
    def columns(self) -> CellWidth | None:
        """The width of the terminal, or None if there is none."""
        return columns_of(1) if self.is_terminal else None

    def write(self, data: bytes) -> None:
        """Write bytes unchanged, now or with the next flush."""
        self._waiting += data
        if len(self._waiting) >= self.SIZE:
            self.flush()

    def line(self, text: str) -> None:
        """Write a line, replacing signs of ours that the caller's locale lacks, and what can't be encoded."""
        self.write(self.look.written(text).encode(self._encoding, "backslashreplace") + b"\n")

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines, then flush."""
        for text in texts:
            self.line(text)
        self.flush()

    def flush(self) -> None:
        """Write the buffer."""
        if sys.stdout is None:
            self._waiting.clear()
            return
        try:
            view = memoryview(bytes(self._waiting))
            self._waiting.clear()
            while view:
                try:
                    view = view[os.write(1, view) :]
                except BlockingIOError:  # another process made the shared descriptor non-blocking
                    import select

                    select.select([], [1], [])
        except OSError as error:
            _give_up(error)


@contextlib.contextmanager
def standard_output() -> Iterator[Output]:
    """Provide standard output to a command that only tells something. If it is closed, the program ends with 2."""
    refuse_closed()
    with optional_output() as output:
        yield output


def refuse_closed() -> None:
    """Exit with 2 if standard output was closed from the start: what a person asked for would be lost."""
    if sys.stdout is None:
        fail("dagtui: can't write to standard output: it is closed")


@contextlib.contextmanager
def optional_output() -> Iterator[Output]:
    """Provide standard output to a command that also does something, or answers by its exit status."""
    output = Output()
    yield output
    output.flush()


def _give_up(error: OSError) -> NoReturn:
    if error.errno == errno.EPIPE:
        raise SystemExit(128 + signal.SIGPIPE)
    with contextlib.suppress(OSError):
        os.write(2, f"dagtui: can't write to standard output: {error.strerror}\n".encode())
    raise SystemExit(BAD_CALL)
