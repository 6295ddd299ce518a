"""Write lines to a pipe, a file or a terminal whose reader may be slow, stopped or gone, without waiting."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from dagtui.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_WAITING = 4_000_000
"""The largest number of bytes that wait for a reader. Lines beyond that are dropped and counted."""


def left_out(lines: int) -> bytes:
    """Return a line that states how many lines are missing."""
    return f"[dagtui: {plural(lines, 'line')} left out because they were not read in time]\n".encode("ascii")


class LineWriter:
    """Writes to a descriptor from a thread of its own, in order.

    It stops writing once the reader is gone (a closed pipe). If the descriptor can't be written for another reason (a
    full disk), it reports that once on standard error and stops as well.
    """

    def __init__(
        self,
        descriptor: int,
        encoding: str,
        what: str = "the plain lines",
        remark: Callable[[int], bytes] | None = left_out,
    ) -> None:
        """Create a writer whose thread starts with the first text.

        `what` names the lines in the error message. `remark` makes a line from the number of dropped lines.
        """
        self._descriptor = descriptor
        self._encoding = encoding
        self._what = what
        self._remark = remark
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._left_out = 0
        self._changed = threading.Condition()
        self._closing = False
        self._broken = False
        self._thread: threading.Thread | None = None

    def say(self, text: str) -> None:
        """Queue a text and a line break for writing. Returns at once."""
        self.put((text + "\n").encode(self._encoding, "replace"))

    def put(self, block: bytes) -> None:
        """Queue whole lines for writing. Returns at once."""
        with self._changed:
            if self._broken:
                return
            if self._size > MOST_WAITING:
                self._left_out += block.count(b"\n")
                return
            self._add(block)
            if self._thread is None:
                self._thread = self._started()
            self._changed.notify()

    def close(self) -> None:
        """Wait until everything is written, as long as the reader takes."""
        with self._changed:
            self._remark_left_out()
            self._closing = True
            self._changed.notify()
        if self._thread is None:
            self._write_all()
        else:
            self._thread.join()

    def _started(self) -> threading.Thread | None:
        """Start the thread that writes. Return None if the user can't start more. The next call tries again."""
        # A daemon thread: a reader that never comes back must not keep the program from ending on a signal.
        thread = threading.Thread(target=self._write_all, name="plain lines", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return None
        return thread

    def _add(self, block: bytes) -> None:
        if self._left_out and self._size < MOST_WAITING // 2:
            self._remark_left_out()
        self._waiting.append(block)
        self._size += len(block)

    def _remark_left_out(self) -> None:
        if not self._left_out or self._remark is None:
            return
        remark = self._remark(self._left_out)
        self._waiting.append(remark)
        self._size += len(remark)
        self._left_out = 0

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                block = self._waiting.popleft()
            try:
                self._write(block)
            except OSError as error:
                self._give_up(error)
                return
            with self._changed:
                self._size -= len(block)

    def _write(self, block: bytes) -> None:
        view = memoryview(block)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:  # another user of the descriptor made it non-blocking
                import select

                select.select([], [self._descriptor], [], 1.0)

    def _give_up(self, error: OSError) -> None:
        with self._changed:
            self._broken = True
            self._waiting.clear()
        if error.errno == errno.EPIPE:
            return
        words = f"dagtui: can't write {self._what}: {error.strerror}; the run continues without them\n"
        with contextlib.suppress(OSError):
            os.write(2, words.encode("utf-8", "replace"))
