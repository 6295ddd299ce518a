"""Signal handling by the event loop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from dagtui.report.signal_inbox import not_ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ENDING: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""The signals that end the App."""


class SignalHandlers:
    """Handlers that the event loop calls. Set and remove them any number of times, in the main thread.

    Signals that were ignored when the program started get no handler.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, handlers: Mapping[signal.Signals, Callable[[], None]]) -> None:
        self._loop = loop
        self._handlers = {number: handlers[number] for number in not_ignored(handlers)}

    def set(self) -> None:
        """Install the handlers in the loop."""
        for number, handler in self._handlers.items():
            self._loop.add_signal_handler(number, handler)

    def take_back(self) -> None:
        """Restore the default behaviour of the signals."""
        if not self._loop.is_closed():
            for number in self._handlers:
                self._loop.remove_signal_handler(number)


@contextmanager
def watch_signals(callback: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `callback` in the running event loop for each of the ENDING signals, until the block ends.

    Enter the block in the main thread, around the App rather than in it: an ended App cannot be notified. When a
    terminal hangs up, the signal may come before or after the driver's own report.
    """
    handlers = SignalHandlers(asyncio.get_running_loop(), {number: partial(callback, number) for number in ENDING})
    handlers.set()
    try:
        yield
    finally:
        handlers.take_back()
