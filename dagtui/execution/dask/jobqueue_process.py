"""The process that has the scheduler of a Dask cluster whose workers are jobs, and submits them.

It is started by `worker_jobs.py`, and lives in a session of its own, so that attempts go on without dagtui. Its files
lie in the executor's folder of the run's directory: what it is to do, the scheduler's address, its log, those of jobs,
and a lock that it holds as long as it lives. It says on its standard output, in one line of JSON, whether it is ready.
It ends when the run is over, when nobody has connected for long and nothing runs, or when the run's directory is gone.
Its jobs are cancelled then. If it is killed, workers end by themselves, because they have no scheduler.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, cast

from dagtui.execution.dask.job_order import LOCK, ORDER, SCHEDULER, JobOrder
from dagtui.execution.dask.job_supply import JobSupply
from dagtui.execution.dask.queue_commands import JobError
from dagtui.execution.dask.queue_jobs import QueueJobs, make_cluster
from dagtui.execution.dask.registry import SUPPLY
from dagtui.execution.remote.whole_file import write_whole

if TYPE_CHECKING:
    from distributed import Scheduler

    from dagtui.execution.dask.queue_jobs import JobCluster
    from dagtui.execution.dask.registry import AttemptRegistry
    from dagtui.text.amounts import Seconds

_TURN: Final[Seconds] = 0.5
_ALONE: Final[Seconds] = 15.0
"""Seconds without a connection after which the process of a run whose attempts end with it takes dagtui for dead."""
_UNKNOWN: Final[Seconds] = 120.0
"""Seconds for which the process waits for its run, which may have ended while the process was started."""
_ENDING: Final[Seconds] = 60.0
"""Most seconds for cancelling jobs at the end."""
_MANY: Final = 1_000_000
"""How many of its workers may die below a task. The registry sees to it that none runs twice."""


def main() -> None:
    """Serve one executor. The second line of standard input is its folder."""
    folder = Path(sys.stdin.readline().rstrip("\n"))
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what packages print is for the log
    os.umask(0o077)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    with open(folder / LOCK, "a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process has the jobs already
            _answer(answer)
            return
        (folder / SCHEDULER).unlink(missing_ok=True)
        try:
            asyncio.run(_serve(folder, lock, answer))
        except JobError as error:
            _answer(answer, str(error))
            sys.exit(1)


def _answer(answer: IO[str], trouble: str = "") -> None:
    """Say whether the process is ready, and nothing more."""
    with contextlib.suppress(OSError), answer:  # dagtui may be gone
        answer.write(json.dumps({"trouble": trouble}) + "\n")


async def _serve(folder: Path, lock: IO[str], answer: IO[str]) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    text = (folder / ORDER).read_text(encoding="utf-8")
    order = JobOrder.read(text)
    kind = make_cluster(order, folder)
    async with AsyncExitStack() as stack:
        await _start(kind.cluster, stack)
        scheduler = kind.cluster.scheduler
        scheduler.allowed_failures = _MANY
        queue = QueueJobs(order.jobqueue.system, kind.cluster.new_spec, scheduler.contact_address or scheduler.address)
        supply = JobSupply(order.jobqueue, kind, scheduler, lambda: _registry(scheduler, order), queue)
        host = os.uname().nodename
        told = {"type": "Scheduler", "id": scheduler.id, "address": scheduler.address, "host": host}
        write_whole(folder / SCHEDULER, json.dumps(told))
        _answer(answer)
        watch = _Watch(scheduler, order, folder, text, lock)
        trouble = ""
        try:
            while not over.is_set() and not watch.is_over(supply):
                trouble = take_turn(supply, trouble)
                scheduler.extensions[SUPPLY] = {"why": supply.why, "hopeless": supply.hopeless}
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), _TURN)
        finally:
            (folder / SCHEDULER).unlink(missing_ok=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(supply.close(), _ENDING)


def take_turn(supply: JobSupply, known: str) -> str:
    """Take a turn, which may fail without ending all jobs. Return how it failed, which is logged unless it is known."""
    try:
        supply.turn()
    except Exception as error:
        trouble = repr(error)
        if trouble != known:
            logging.getLogger(__name__).exception("a turn has failed")
        return trouble
    return ""


async def _start(cluster: JobCluster, stack: AsyncExitStack) -> None:
    """Start the scheduler. Raises JobError, as for an interface that is not there."""
    try:
        await stack.enter_async_context(cluster)
    except Exception as error:
        raise JobError(f"the scheduler can't be started: {error}") from error


def _registry(scheduler: Scheduler, order: JobOrder) -> AttemptRegistry | None:
    return cast("AttemptRegistry | None", scheduler.plugins.get(order.registry))


class _Watch:
    """Knows when the process is not needed any more."""

    def __init__(self, scheduler: Scheduler, order: JobOrder, folder: Path, text: str, lock: IO[str]) -> None:
        self._scheduler = scheduler
        self._order = order
        self._folder = folder
        self._text = text
        self._lock = lock
        self._had_run = False
        self._alone_since = time.monotonic()

    def is_over(self, supply: JobSupply) -> bool:
        """Return whether the run is over, its directory gone, or nobody interested in what is left."""
        registry = _registry(self._scheduler, self._order)
        self._had_run = self._had_run or registry is not None
        if (self._had_run and registry is None) or self._scheduler.status.name != "running" or self._is_removed():
            return True
        if self._scheduler.client_comms:
            self._alone_since = time.monotonic()
        alone, orphans = time.monotonic() - self._alone_since, self._order.orphans
        if not self._had_run and alone > _UNKNOWN:
            return True
        supply.is_closing = alone > (_ALONE if orphans is None else orphans)
        runs = registry is not None and bool(registry.begun())
        if supply.is_closing:
            return orphans is None or not runs
        return self._is_changed() and (registry is None or not registry.has_open)

    def _is_removed(self) -> bool:
        try:
            return not os.path.samestat(os.stat(self._folder / LOCK), os.fstat(self._lock.fileno()))
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _is_changed(self) -> bool:
        """Return whether another order was written since, or the order was withdrawn."""
        try:
            return (self._folder / ORDER).read_text(encoding="utf-8") != self._text
        except FileNotFoundError:
            return True
        except OSError:
            return False
