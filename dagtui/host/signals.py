"""Signals as a readable descriptor, for a process without an event loop."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Self, TypeAlias

from dagtui.report.signal_inbox import not_ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType


_Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | signal.Handlers | None"


class Signals:
    """Within its block, the signals only make its descriptor readable. Use it in the main thread only.

    Signals that were ignored before stay ignored.
    """

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = not_ignored(numbers)
        self._before: dict[signal.Signals, _Handler] = {}
        self._reader = self._writer = -1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)
        for number in self._numbers:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            signal.signal(number, self._before[number])
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    def take(self) -> bytes:
        """Return the numbers of the signals that arrived since the last call."""
        try:
            return os.read(self._reader, 1024)
        except BlockingIOError:
            return b""

    @contextlib.contextmanager
    def left_alone(self, *numbers: signal.Signals) -> Iterator[None]:
        """Restore the signals' default actions within the block."""
        alone = not_ignored(numbers)
        for number in alone:
            signal.signal(number, signal.SIG_DFL)
        try:
            yield
        finally:
            for number in alone:
                signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe is still readable
            os.write(self._writer, bytes((number,)))
