"""Looks at files in threads, never in the event loop.

Jobs that need no file to be read are done many at a time. Those that must read files follow one by one, a few at once,
so that a large file holds up no other node.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from dagtui.execution.files.listing import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    import anyio

SLICE = 0.01
"""Seconds after which a thread hands over what it has done."""


class FileJob(ABC):
    """Something to find out about files, or to remember."""

    must_be_done = False
    """Whether it is done even if the run ends before."""
    interrupted = False
    """Whether the result is no longer wanted. Set by the event loop, and read by the thread."""
    error: Exception | None = None
    """A fault that ended the job."""

    @abstractmethod
    def look(self, *, may_read: bool) -> bool:
        """Do the job in a thread. False if a file must be read for it, and must not be. Raises Interrupted."""

    @abstractmethod
    def finish(self) -> None:
        """Use the result, in the event loop."""

    @abstractmethod
    def again(self) -> FileJob:
        """Return a job that does the same, because this one was broken off."""

    def is_stopped(self) -> bool:
        """Return whether the result is no longer wanted."""
        return self.interrupted

    def run(self, *, may_read: bool) -> bool:
        """Do the job. A fault ends the job but not the thread."""
        if self.interrupted:
            return True
        try:
            return self.look(may_read=may_read)
        except Interrupted:
            return True
        except Exception as error:  # noqa: BLE001 - a fault here must not end a run
            self.error = error
            return True


class FileJobs:
    """A queue of jobs. Calls need no running event loop, and jobs are done while `serve` runs."""

    def __init__(self, readers: int, after: Callable[[], None]) -> None:
        """Read files for `readers` jobs at a time. `after` is called when the results of some jobs were used."""
        self._readers = readers
        self._after = after
        self._new: deque[FileJob] = deque()
        self._reads: deque[FileJob] = deque()
        """Jobs that must read files."""
        self._in_hand: set[FileJob] = set()
        """Jobs that threads read files for."""
        self._looking = False
        self._wake: anyio.Event | None = None

    def add(self, job: FileJob) -> None:
        """Add a job."""
        self._new.append(job)
        self._call()

    def drop(self, job: FileJob) -> None:
        """Break off a job. Its result is not used."""
        job.interrupted = True
        if job in self._reads:
            self._reads.remove(job)

    def drop_all(self) -> None:
        """Break off everything but what must be done."""
        for job in (*self._new, *self._reads, *self._in_hand):
            job.interrupted = not job.must_be_done
        self._reads.clear()

    def do_rest(self) -> None:
        """Do what must be done and was not, when nothing is served any more. Called in a thread."""
        while job := self._next():
            job.run(may_read=False)

    async def serve(self) -> None:
        """Do jobs until cancelled. A job that is broken off by that is done by the next call."""
        import anyio

        limiter = anyio.CapacityLimiter(self._readers + 1)
        self._looking = False
        async with anyio.create_task_group() as group:
            while True:
                self._wake = anyio.Event()
                if self._new and not self._looking:
                    self._looking = True
                    group.start_soon(self._look, limiter)
                while self._reads and len(self._in_hand) < self._readers:
                    job = self._reads.popleft()
                    self._in_hand.add(job)
                    group.start_soon(self._read, job, limiter)
                await self._wake.wait()

    def _call(self) -> None:
        if self._wake is not None:
            self._wake.set()

    async def _look(self, limiter: anyio.CapacityLimiter) -> None:
        from anyio import to_thread

        try:
            while self._new:
                done: list[FileJob] = []
                try:
                    # A cancel waits for the end of the slice, so that no result is lost.
                    await to_thread.run_sync(self._slice, done, limiter=limiter)
                finally:
                    self._use(done)
        finally:
            self._looking = False

    def _slice(self, done: list[FileJob]) -> None:
        """Do jobs for a short time."""
        until = time.monotonic() + SLICE
        while time.monotonic() < until and (job := self._next()):
            if job.run(may_read=False):
                done.append(job)
            else:
                self._reads.append(job)

    def _next(self) -> FileJob | None:
        """Return a new job, or None. While a run ends, two threads may ask: `do_rest` does not wait for a slice."""
        try:
            return self._new.popleft()
        except IndexError:
            return None

    async def _read(self, job: FileJob, limiter: anyio.CapacityLimiter) -> None:
        from functools import partial

        import anyio
        from anyio import to_thread

        try:
            await to_thread.run_sync(partial(job.run, may_read=True), abandon_on_cancel=True, limiter=limiter)
        except anyio.get_cancelled_exc_class():
            if not job.interrupted:
                job.interrupted = True
                self._reads.append(job.again())
            raise
        finally:
            self._in_hand.discard(job)
        self._use([job])

    def _use(self, done: list[FileJob]) -> None:
        for job in done:
            if not job.interrupted:
                job.finish()
        if done:
            self._after()
        self._call()
