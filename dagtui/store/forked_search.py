"""Search many logs in several processes, and yield what they find in the order of the logs.

Python searches in one thread at a time. Each process searches every n-th batch of logs and writes what it finds to a
pipe of its own, which the reader empties batch by batch. A full pipe stops a process that is ahead, so memory stays
bounded.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import signal
import threading
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.run_search import MatchingLine, matching_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dagtui.store.log_queries import Query

BATCH = 16
"""Logs that one process searches before the next one's turn."""
_AT_ONCE = 2048
"""Lines in one message."""
_END = -1
"""Stands for the number of a log, at the end of a batch."""
_LOOK_SECONDS = 0.5
"""Interval of looks at whether there is still a process that reads what is found."""


class LinesFound(NamedTuple):
    """Some lines of a log that match. More of the same log may follow."""

    log: int
    """Which of the logs."""
    lines: Sequence[MatchingLine]


class UnreadableLogError(Exception):
    """A log can't be read."""

    def __init__(self, log: int, error: OSError) -> None:
        super().__init__(log, error)
        self.log, self.error = log, error


def search_logs(
    count: int,
    path: Callable[[int], Path],
    query: Query,
    processes: int,
    searched: Callable[[int], object] = lambda _: None,
) -> Iterator[LinesFound]:
    """Yield the matching lines of `count` logs in their order. Raises UnreadableLogError.

    `searched` gets the number of logs that were searched.
    It searches in this process if there are few logs, and where forking is not safe because other threads run.
    """
    processes = min(processes, count // BATCH)
    if processes < 2 or threading.active_count() > 1:
        for log in range(count):
            yield from _in_log(log, path, query)
            searched(log + 1)
        return
    workers: list[_Worker] = []
    try:
        while len(workers) < processes:
            workers.append(_Worker(range(len(workers) * BATCH, count, processes * BATCH), count, path, query))
        for batch in range(-(-count // BATCH)):
            yield from workers[batch % processes].batch()
            searched(min(count, (batch + 1) * BATCH))
    finally:
        for worker in workers:
            worker.close()


def end_with(process: int) -> None:
    """End this process soon after its parent, which is `process`, also in the middle of a large log."""

    def look(_number: int, _frame: object) -> None:
        if os.getppid() != process:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)


def _in_log(log: int, path: Callable[[int], Path], query: Query) -> Iterator[LinesFound]:
    lines = matching_lines(path(log), query)
    try:
        while some := list(islice(lines, _AT_ONCE)):
            yield LinesFound(log, some)
    except OSError as error:
        raise UnreadableLogError(log, error) from error
    except StoreError as error:
        raise UnreadableLogError(log, OSError(0, str(error))) from error


class _Worker:
    """A process that searches some batches, and what it has to say."""

    def __init__(self, starts: Iterable[int], count: int, path: Callable[[int], Path], query: Query) -> None:
        reading, writing = os.pipe()
        reader = os.getpid()
        try:
            self._process = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if not self._process:
            os.close(reading)
            _search_in_child(reader, writing, starts, count, path, query)
        os.close(writing)
        self._pipe = open(reading, "rb")  # noqa: SIM115 - closed with the worker

    def batch(self) -> Iterator[LinesFound]:
        """Yield what the next batch of the process has. Raises UnreadableLogError."""
        while True:
            try:
                log, found = marshal.load(self._pipe)  # noqa: S302 - our own process wrote it
            except EOFError:
                raise UnreadableLogError(0, OSError(0, "a process that searches has ended")) from None
            if log == _END:
                return
            if isinstance(found[0], int):
                raise UnreadableLogError(log, OSError(*found))
            yield LinesFound(log, [MatchingLine(*line) for line in found])

    def close(self) -> None:
        """End the process, if it has not finished."""
        self._pipe.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)  # it holds nothing but its pipe
        os.waitpid(self._process, 0)


def _search_in_child(
    reader: int, writing: int, starts: Iterable[int], count: int, path: Callable[[int], Path], query: Query
) -> None:
    """Search batches of logs, write what they have, and end the process."""
    try:
        end_with(reader)
        with open(writing, "wb", buffering=1 << 16) as pipe:
            for start in starts:
                for log in range(start, min(start + BATCH, count)):
                    _write_log(pipe, log, path, query)
                marshal.dump((_END, ()), pipe)
                pipe.flush()
    finally:
        os._exit(0)


def _write_log(pipe: BinaryIO, log: int, path: Callable[[int], Path], query: Query) -> None:
    try:
        for found in _in_log(log, path, query):
            marshal.dump((log, [tuple(line) for line in found.lines]), pipe)
    except UnreadableLogError as unreadable:
        error = unreadable.error
        marshal.dump((log, (error.errno or 0, error.strerror or str(error))), pipe)
