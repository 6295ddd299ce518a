"""Descriptors and signals that wake a process of one thread."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

from dagtui.execution.agent.reaper import ENDINGS

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from dagtui.text.amounts import Seconds
else:
    import _signal as signal  # see ownership.py

_READ = 1 << 12


class PollLoop:
    """Waits for descriptors, ends of children, and requests to end."""

    def __init__(self, on_children: Callable[[], None]) -> None:
        """Call back after children have ended."""
        self._on_children = on_children
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[int], None]] = {}
        self._asked: list[int] = []
        self.may_be_asked = False
        """Whether requests to end are heard."""
        self._bell, ring = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(ring, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler, not SIG_IGN: exec resets it
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGCHLD,))
        self.watch(self._bell, self._on_bell)

    @property
    def is_asked(self) -> bool:
        """Whether this process was asked to end, and `take_asked` was not called since."""
        return bool(self._asked)

    def take_asked(self) -> bool:
        """Return whether this process was asked to end since the last call."""
        asked, self._asked = self._asked, []
        return bool(asked)

    def hear_endings(self, reaper: int) -> None:
        """Hear TERM, INT and HUP, which may have been blocked until now, and the end of a descriptor."""
        for number in ENDINGS:
            signal.signal(number, lambda number, _: self._asked.append(number))
        if reaper >= 0:
            self.watch(reaper, lambda _: self._lose_reaper(reaper))
        self.may_be_asked = True
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDINGS)

    def watch(self, fd: int, callback: Callable[[int], None], events: int = select.POLLIN) -> None:
        """Call back with the events of a descriptor whenever it has some. A later call replaces an earlier one."""
        self._callbacks[fd] = callback
        self._poll.register(fd, events)

    def unwatch(self, fd: int) -> None:
        """Stop watching a descriptor."""
        if self._callbacks.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def wait(self, seconds: Seconds | None) -> None:
        """Wait for something to happen, at most for some seconds, and call back."""
        timeout = None if seconds is None else max(0.0, seconds) * 1000 + (seconds > 0)
        for fd, events in self._poll.poll(timeout):
            callback = self._callbacks.get(fd)  # an earlier one may have ended this one
            if callback is not None:
                callback(events)

    def _on_bell(self, _events: int) -> None:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.read(self._bell, _READ)
        except BlockingIOError:
            pass
        self._on_children()

    def _lose_reaper(self, reaper: int) -> None:
        self.unwatch(reaper)
        self._asked.append(signal.SIGHUP)
