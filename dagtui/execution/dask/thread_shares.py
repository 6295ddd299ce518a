"""The threads of a worker, of which an attempt may take several: Dask counts each task as one.

It is sent to the workers by value: dagtui is not installed there. So this module imports nothing of it.
"""

from __future__ import annotations

import asyncio
from collections import deque


class ThreadShares:
    """Hands out threads, first come, first served."""

    def __init__(self, threads: int) -> None:
        """`threads`: those of the worker."""
        self._free = self._all = threads
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, wanted: int) -> int:
        """Wait until an attempt fits, and return what to give back. One that is too wide gets all threads."""
        width = min(wanted, self._all)
        if self._queue or width > self._free:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append((width, turn))
            await turn
        else:
            self._free -= width
        return width

    def give(self, share: int) -> None:
        """Take threads back, and hand them to those who wait."""
        self._free += share
        while self._queue:
            width, turn = self._queue[0]
            if not turn.cancelled():
                if width > self._free:
                    break
                self._free -= width
                turn.set_result(None)
            self._queue.popleft()

    def close(self) -> None:
        """Let everything go on that waits, because nothing begins any more."""
        for _, turn in self._queue:
            if not turn.done():
                turn.set_result(None)
        self._queue.clear()
