"""An event loop in a thread of its own, for a library that may block its loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")


class LoopThread:
    """Runs coroutines in another thread, so that what blocks there never blocks the caller's loop.

    The thread is a daemon: nothing waits for it when this process ends.
    """

    def __init__(self, name: str) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)  # it would be printed on the screen
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[], Coroutine[object, object, _T]]) -> _T:
        """Run a coroutine there and return what it returns. A cancel is passed on and not waited for."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call(), self._loop))

    def stop(self) -> None:
        """Cancel what runs there, and let the thread end. Returns at once."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=1.0))
        finally:
            self._loop.close()
