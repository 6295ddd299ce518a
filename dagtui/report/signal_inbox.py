"""Receive signals from before there is an event loop until after it, but none that the caller had ignored."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


class SignalInbox:
    """Keeps the numbers of received signals, oldest first.

    asyncio puts its own handlers in place and, when its loop ends, the one that raises KeyboardInterrupt, which would
    land anywhere in the clean-up. Handlers of this class stay until it is closed. Meanwhile nothing may use
    `add_signal_handler` of the loop, which would take over what wakes the loop.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        """Receive those of the signals that the caller has not ignored."""
        self._numbers = not_ignored(numbers)
        self._received: list[int] = []
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        # Wakes the event loop also if the signal is delivered to another thread.
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in self._numbers:
            signal.signal(number, lambda number, _frame: self._received.append(number))

    async def numbers(self) -> AsyncIterator[int]:
        """Yield signals as they come, first those that came before there was an event loop."""
        import anyio

        while True:
            while self._received:
                yield self._received.pop(0)
            await anyio.wait_readable(self._reading)
            os.read(self._reading, 4096)

    def close(self) -> None:
        """From here on, a signal ends the program."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.close(self._reading)
        os.close(self._writing)


def not_ignored(numbers: Iterable[signal.Signals]) -> tuple[signal.Signals, ...]:
    """Return those of the signals that may get a handler: all that are not ignored now.

    dagtui itself ignores none of them, so an ignored signal was ignored by the caller. make and the shells assume that
    it stays so.
    """
    return tuple(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
