"""The logs of attempts on workers: fetched by offset, by one call a worker for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.execution.dask.cluster import ClusterError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from dagtui.text.amounts import ByteCount, Seconds

    Offsets = Mapping[str, ByteCount]
    Pieces = Mapping[str, tuple[int, bytes]]

_LOOK: Seconds = 0.1
"""Seconds between two looks at which workers have attempts."""
_WAIT: Seconds = 1.0
"""Seconds for which a worker waits for something to be printed."""
_PACE: Seconds = 0.05
"""Least time between two calls to a worker."""
_TRIES = 5
"""Failures in a row, a second apart, after which what a worker has is given up."""


class WorkerLogs:
    """Fetches logs. A worker that hangs holds up its own logs only."""

    def __init__(
        self,
        wanted: Callable[[], Mapping[str, Offsets]],
        fetch: Callable[[str, Offsets, Seconds], Awaitable[Pieces]],
        take: Callable[[str, int, bytes], None],
        give_up: Callable[[str], None],
    ) -> None:
        """Create it.

        Args:
            wanted: Returns the attempts whose logs are wanted and how much of each is here, by worker.
            fetch: Asks a worker, which may wait for some seconds. Raises ClusterError.
            take: Takes a piece of a log, by key and offset.
            give_up: Takes the key of an attempt whose log can't be fetched.
        """
        self._wanted, self._fetch, self._take, self._give_up = wanted, fetch, take, give_up
        self._asked: set[str] = set()

    async def follow(self) -> None:
        """Fetch until cancelled."""
        import anyio

        async with anyio.create_task_group() as group:
            while True:
                for worker in self._wanted():
                    if worker not in self._asked:
                        self._asked.add(worker)
                        group.start_soon(self._follow_worker, worker)
                await anyio.sleep(_LOOK)

    async def _follow_worker(self, worker: str) -> None:
        import anyio

        failures = 0
        try:
            while offsets := self._wanted().get(worker):
                try:
                    pieces = await self._fetch(worker, offsets, _WAIT)
                except ClusterError:
                    failures += 1
                    if failures >= _TRIES:
                        for key in offsets:
                            self._give_up(key)
                    await anyio.sleep(1.0)
                    continue
                failures = 0
                for key, (at, content) in pieces.items():
                    self._take(key, at, content)
                await anyio.sleep(_PACE)
        finally:
            self._asked.discard(worker)
