"""An event loop whose clock jumps ahead when idle, so that hours of back-off pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class _JumpingSelector(selectors.SelectSelector):
    """A selector that moves the clock instead of waiting."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled and nothing is ready")
        self.loop.virtual_now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector event loop on virtual time."""

    def __init__(self) -> None:
        self.virtual_now = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.virtual_now


def run_virtually(function: Callable[[VirtualLoop], Coroutine[object, object, None]]) -> float:
    """Run a coroutine function on virtual time. Return how many virtual seconds passed."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(function(loop))
        return loop.virtual_now
    finally:
        asyncio.set_event_loop(None)
        loop.close()
