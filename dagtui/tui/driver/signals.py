"""Signals that end or concern the whole program, given to the event loop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@contextmanager
def watch_signals(
    callback: Callable[[signal.Signals], None],
    numbers: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT),
) -> Iterator[None]:
    """Call `callback` in the running event loop for each of these signals, until the block ends.

    To be entered in the main thread, outside the App: an App that has ended can't be told. With a terminal that hangs
    up, the signal may come before or after the driver's own report.
    """
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, callback, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
