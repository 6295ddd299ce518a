"""An event loop in which the run goes first: what belongs to a screen is done in slices between its turns."""

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
"""Seconds of a screen's work after which the run gets its turn; a step that takes longer is not interrupted."""
_DEFERRALS: Final = 3
"""Turns that the run may take between two slices: to read a result, to act on it, and to send what follows."""
_of_a_screen: ContextVar[bool] = ContextVar("of_a_screen", default=False)


@contextmanager
def screen_work() -> Iterator[None]:
    """What is started within the block, and what that starts, comes after the run's own work."""
    token = _of_a_screen.set(True)
    try:
        yield
    finally:
        _of_a_screen.reset(token)


def run_goes_first() -> None:
    """Have the current task come first from now on, although a screen started it."""
    _of_a_screen.set(False)


class PriorityLoop(asyncio.SelectorEventLoop):
    """Takes the steps of a screen's tasks one slice at a time, with turns of everything else in between.

    Of the thirty widgets of a screen that begins, each has something to do at once: in an ordinary loop the result of
    a node would wait for all of them, which on a busy machine is a second.
    """

    _ready: deque[asyncio.Handle]
    """What asyncio itself is about to do."""
    _scheduled: list[asyncio.TimerHandle]
    """Its timers, a heap."""

    def __init__(self) -> None:
        super().__init__()
        self._later: deque[asyncio.Handle] = deque()
        self._is_due = False
        self._deferred = 0
        self.step_began = 0.0
        """When the step of a screen that runs now began (monotonic)."""

    def call_soon(
        self,
        callback: Callable[[*ArgumentsT], object],
        *args: *ArgumentsT,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As ever, unless it belongs to a screen: then when its turn comes."""
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
        """Let go of timers that were cancelled, and what they hold; asyncio keeps them until they would be due."""
        self._scheduled[:] = [timer for timer in self._scheduled if not timer._cancelled]
        heapify(self._scheduled)
        self._timer_cancelled_count = 0

    def _work(self) -> None:
        """Do some of what waits, and have the rest done in the next turn."""
        if self._ready and self._deferred < _DEFERRALS:
            self._deferred += 1
        else:
            self._deferred = 0
            self._do_a_slice()
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
    """Whether a step of a screen has taken its share, and should let others have their turn."""
    loop = asyncio.get_running_loop()
    return isinstance(loop, PriorityLoop) and time.monotonic() - loop.step_began > SLICE
