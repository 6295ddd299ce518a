"""An event loop that prefers the run: work of screens is done in slices between the run's turns."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager
from contextvars import Context, ContextVar
from heapq import heapify
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVarTuple

    ArgumentsT = TypeVarTuple("ArgumentsT")

SLICE: Final = 0.002
"""Seconds of screen work after which the run gets its turn. A step that takes longer is not interrupted."""
_DEFERRALS: Final = 3
"""Turns that the run gets between two slices: to read a result, to act on it, and to send the effects."""
_of_a_screen: ContextVar[bool] = ContextVar("of_a_screen", default=False)


@contextmanager
def screen_work() -> Iterator[None]:
    """Mark what the block starts, directly or indirectly, as screen work, which comes after the run's own work."""
    token = _of_a_screen.set(True)
    try:
        yield
    finally:
        _of_a_screen.reset(token)


def run_goes_first() -> None:
    """Give the current task the run's priority from now on, although a screen started it."""
    _of_a_screen.set(False)


class PriorityLoop(asyncio.SelectorEventLoop):
    """Runs the steps of screen tasks one slice at a time, with turns of everything else in between.

    When a screen opens, each of its thirty widgets has work at once. In an ordinary loop, the result of a node would
    wait for all of it, which takes a second on a busy machine.
    """

    _ready: deque[asyncio.Handle]
    """asyncio's queue of ready handles."""
    _scheduled: list[asyncio.TimerHandle]
    """asyncio's heap of timers."""

    def __init__(self) -> None:
        super().__init__()
        self._later: deque[asyncio.Handle] = deque()
        self._is_due = False
        self._deferred = 0
        self.step_began = 0.0
        """When the current screen step started, on the monotonic clock."""

    def call_soon(
        self,
        callback: Callable[[*ArgumentsT], object],
        *args: *ArgumentsT,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Schedule a callback as usual, or in the next slice if it is screen work."""
        of_a_screen = _of_a_screen.get() if context is None else context.get(_of_a_screen, False)
        if not of_a_screen:
            return super().call_soon(callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        self._later.append(handle)
        if not self._is_due:
            self._is_due, self._deferred = True, 0
            super().call_soon(self._work, context=_NOTHING)
        return handle

    def forget_cancelled(self) -> None:
        """Release cancelled timers and what they hold. asyncio keeps them until they would be due."""
        self._scheduled[:] = [timer for timer in self._scheduled if not timer._cancelled]
        heapify(self._scheduled)
        self._timer_cancelled_count = 0

    def _work(self) -> None:
        """Do a slice of screen work if it is due, and schedule the rest for the next turn."""
        try:
            if self._ready and self._deferred < _DEFERRALS:
                self._deferred += 1
            else:
                self._deferred = 0
                self._do_a_slice()
        finally:  # SystemExit and KeyboardInterrupt leave a step, and what ends the loop then needs its turns as well
            self._is_due = bool(self._later)
            if self._is_due:
                super().call_soon(self._work, context=_NOTHING)

    def _do_a_slice(self) -> None:
        self.step_began = time.monotonic()
        end = self.step_began + SLICE
        while self._later:
            handle = self._later.popleft()
            if not handle._cancelled:
                handle._run()
                self.step_began = time.monotonic()
                if self.step_began >= end:
                    break


_NOTHING: Final = Context()


def is_slice_over() -> bool:
    """Return whether a screen step has used up its slice and should yield."""
    loop = asyncio.get_running_loop()
    return isinstance(loop, PriorityLoop) and time.monotonic() - loop.step_began > SLICE
