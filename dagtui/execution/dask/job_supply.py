"""How many jobs there are: as many as there is something to do for, in place of those that were lost or grow old.

dask-jobqueue submits jobs and looks no further: it does not notice that a job is gone before its worker came, replaces
none whose worker was lost, and lets workers begin tasks until their walltime kills them.
"""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from dagtui.execution.dask.protocols import CPUS
from dagtui.execution.dask.queue_commands import JobError, PassingJobError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from distributed import Scheduler

    from dagtui.execution.dask.queue_jobs import JobKind, QueueJobs, WaitingJob
    from dagtui.execution.dask.registry import AttemptRegistry
    from dagtui.graph.executors import Jobqueue
    from dagtui.text.amounts import Seconds

_RETURN: Final[Seconds] = 6.0
"""Seconds for which a job may be without a worker: its nanny starts one anew that has died."""
_LOOK: Final[Seconds] = 5.0
"""Seconds between two questions to the queueing system, while a job has no worker yet."""
_LOOK_FOR_LOST: Final[Seconds] = 1.0
"""The same, while a job is without the worker that it had."""
_MISSED: Final = 2
"""Answers without a job in a row after which it is gone."""
_LONGEST_PAUSE: Final[Seconds] = 60.0
"""Seconds until the next try to submit a job, after many failures."""
_LAST: Final[Seconds] = 10.0
"""Most seconds for which the end waits for what is asked of the queueing system."""
_KILLED: Final[Seconds] = 2.0
"""Seconds for which it waits then until what was asked is killed."""
_FAILURES = 3
"""How many times in a row jobs are refused, or end before their workers come, until it is hopeless."""
_STAGGER = 0.1
"""The part of a lifetime by which some workers begin to end earlier, so that not all end at once."""


class SuppliedJob:
    """A job that was submitted."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.job_id = ""
        self.earlier = (number % 8) / 8 * _STAGGER
        """By which part of its lifetime it ends earlier."""
        self.workers: Sequence[str] = ()
        """The addresses of its workers."""
        self.joined: float | None = None
        """When its first worker came."""
        self.seen = self.used = 0.0
        """When it last had a worker, and when an attempt was last on one."""
        self.drains = False
        """Whether its workers begin nothing more."""
        self.missed = 0
        """How many times in a row the queueing system did not know it."""
        self.is_gone = False


class JobSupply:
    """Keeps as many jobs as the attempts of a run want. All calls are made in the loop of the scheduler."""

    def __init__(
        self,
        jobqueue: Jobqueue,
        kind: JobKind,
        scheduler: Scheduler,
        registry: Callable[[], AttemptRegistry | None],
        queue: QueueJobs,
    ) -> None:
        """Create it.

        Args:
            jobqueue: How many jobs there are, and for how long.
            kind: How they are.
            scheduler: That of the workers.
            registry: Returns what knows the attempts. None: the run has not come yet.
            queue: Submits and cancels jobs.
        """
        self._jobqueue = jobqueue
        self._kind = kind
        self._scheduler = scheduler
        self._registry = registry
        self._queue = queue
        self._jobs: dict[str, SuppliedJob] = {}
        self._number = 0
        self._busy_at = -math.inf
        self._work: asyncio.Task[None] | None = None
        """What is asked of the queueing system now."""
        self._since = 0.0
        """Since when."""
        self._looked_at = 0.0
        self._failures = 0
        """How many times in a row jobs were found to have ended before their workers came."""
        self._trouble = ""
        """What was said of these."""
        self._refusals = 0
        """How many times in a row no job could be submitted."""
        self._refusal = ""
        """Why. Empty: the last one could."""
        self._is_passing = False
        """Whether that may pass: the queueing system has not answered, or has too many jobs."""
        self._accepted = False
        """Whether a job was ever accepted."""
        self._not_before = 0.0
        self._queued: Mapping[str, WaitingJob] = {}
        self.is_closing = False
        """Whether no attempt begins any more."""

    @property
    def hopeless(self) -> bool:
        """Whether no job is going to come: the queueing system refuses them, or they end at once."""
        if any(not job.is_gone for job in self._jobs.values()):
            return False
        if self._failures >= _FAILURES:
            return True
        is_refused = bool(self._refusal) and not self._is_passing
        return is_refused and (not self._accepted or self._refusals >= _FAILURES)

    @property
    def why(self) -> str:
        """Return why there is no worker. Empty: that is not known."""
        if self._work is not None and time.monotonic() - self._since > _LOOK:
            return f"{self._jobqueue.system} does not answer"
        waiting = [job for job in self._jobs.values() if job.joined is None and not job.is_gone]
        if self._refusal and not waiting:
            return self._refusal
        if self._trouble or not waiting:
            return self._trouble
        job = waiting[0].job_id
        known = self._queued.get(job)
        if known is not None and known.state == "RUNNING":
            return f"the worker of job {job} starts"
        said = f": {known.reason}" if known is not None and known.reason not in {"", "None"} else ""
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        return f"its workers wait in {self._jobqueue.system}, job {job}{more}{said}"

    def turn(self) -> None:
        """Look at jobs, workers and attempts, and do what is due. To be called again and again."""
        now = time.monotonic()
        begun = self._look(now)
        wanted = self._wanted(now)
        over = [job.name for job in self._jobs.values() if self._is_over(job, begun, now)]
        going = [job for job in self._jobs.values() if not job.drains and job.name not in over]
        for job in going:
            if self._is_old(job, now):
                self._drain(job)
        going = [job for job in going if not job.drains]
        over += self._let_go(going, wanted, begun, now)
        if self._work is None:
            missing = wanted - len(going) if now >= self._not_before else 0
            self._ask_queue(over, missing, now)

    async def close(self) -> None:
        """Cancel all jobs."""
        work = self._work
        if work is not None:  # a job that is just being submitted has no id yet
            await asyncio.wait([work], timeout=_LAST)
            work.cancel()
            await asyncio.wait([work], timeout=_KILLED)
        await self._queue.end_all()

    # What there is

    def _look(self, now: float) -> Counter[str]:
        """Note which workers jobs have. Return the number of attempts that have begun and not ended, by worker."""
        registry = self._registry()
        begun = cast("Counter[str]", {}) if registry is None else registry.begun()
        workers: dict[str, list[str]] = {}
        for address, state in self._scheduler.workers.items():
            workers.setdefault(self._job_of(str(state.name)), []).append(address)
        for job in self._jobs.values():
            job.workers = workers.get(job.name, ())
            if job.workers:
                if job.joined is None:
                    job.joined = job.used = now
                    self._trouble, self._failures = "", 0
                job.seen = now
            if any(address in begun for address in job.workers):
                job.used = now
        return begun

    def _job_of(self, worker: str) -> str:
        """Return the job of a worker. Those of a job with several have its name and a number."""
        return worker if worker in self._jobs else worker.rpartition("-")[0]

    def _wanted(self, now: float) -> int:
        """Return how many jobs are wanted."""
        shares = self._shares_wanted()
        if shares:
            self._busy_at = now
        else:  # the next attempt has another try
            self._trouble, self._failures = "", 0
            self._refusal, self._refusals = "", 0
        if self.is_closing or now - self._busy_at > self._jobqueue.idle:
            return 0
        return max(self._jobqueue.least, min(self._jobqueue.most, math.ceil(shares)))

    def _shares_wanted(self) -> float:
        """Return how many jobs have the threads, or what is scarcer of the resources, that open attempts take."""
        threads, resources = self._kind.threads, self._kind.resources
        shares = dict.fromkeys(("", *resources), 0.0)
        for task in self._scheduler.tasks.values():
            if task.state in _OPEN:
                shares[""] += min(1.0, int((task.annotations or {}).get(CPUS, 1)) / threads)
                for name, amount in (task.resource_restrictions or {}).items():
                    if resources.get(name):
                        shares[name] += min(1.0, amount / resources[name])
        return round(max(shares.values()), 6)  # sums of fractions are not exact

    # What is due

    def _is_over(self, job: SuppliedJob, begun: Mapping[str, int], now: float) -> bool:
        if job.is_gone or (job.joined is not None and now - job.seen > _RETURN):
            return True
        return job.drains and not any(address in begun for address in job.workers)

    def _is_old(self, job: SuppliedJob, now: float) -> bool:
        lifetime = self._kind.lifetime
        return lifetime is not None and job.joined is not None and now - job.joined > lifetime * (1 - job.earlier)

    def _let_go(self, going: Sequence[SuppliedJob], wanted: int, begun: Mapping[str, int], now: float) -> list[str]:
        """Return the jobs beyond the wanted ones that have no worker yet. Drain those that have long been idle."""
        surplus = len(going) - wanted
        over: list[str] = []
        for job in sorted(going, key=lambda each: each.joined is not None):
            if surplus <= 0:
                break
            if job.joined is None:
                over.append(job.name)
            elif self.is_closing or (
                now - job.used > self._jobqueue.idle and not any(address in begun for address in job.workers)
            ):
                self._drain(job)
            else:
                continue
            surplus -= 1
        return over

    def _drain(self, job: SuppliedJob) -> None:
        """Let the workers of a job begin nothing more. What runs there goes on, what waits there goes elsewhere."""
        job.drains = True
        registry = self._registry()
        if registry is not None:
            for address in job.workers:
                registry.drain(address)

    # The queueing system, which may hang

    def _ask_queue(self, over: Iterable[str], missing: int, now: float) -> None:
        over = list(over)
        doubtful = [job for job in self._jobs.values() if not job.workers and not job.is_gone]
        pause = _LOOK if all(job.joined is None for job in doubtful) else _LOOK_FOR_LOST
        looks = bool(doubtful) and now - self._looked_at > pause
        if over or missing > 0 or looks:
            self._since = now
            self._work = asyncio.get_running_loop().create_task(self._guarded(self._change(over, missing, looks=looks)))

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except PassingJobError as error:
            self._refuse(f"{self._jobqueue.system} takes no jobs now: {error}", is_passing=True)
        except JobError as error:
            self._refuse(f"{self._jobqueue.system} does not take jobs: {error}", is_passing=False)
        finally:
            self._work = None

    async def _change(self, over: Sequence[str], missing: int, *, looks: bool) -> None:
        for name in over:
            self._jobs.pop(name, None)
        await self._queue.end(over)
        for _ in range(missing):
            self._number += 1
            job = SuppliedJob(f"dagtui-{self._number}", self._number)
            job.job_id = await self._queue.submit(job.name)
            self._accepted = True
            self._refusal, self._refusals = "", 0
            self._jobs[job.name] = job
        if looks:
            self._looked_at = time.monotonic()
            known = await self._queue.look()
            if known is not None:
                self._queued = known
                self._give_up_unknown()

    def _give_up_unknown(self) -> None:
        """Give up jobs without a worker that the queueing system has not known twice in a row."""
        failed = ""
        for job in self._jobs.values():
            job.missed = 0 if job.workers or job.job_id in self._queued else job.missed + 1
            if job.missed < _MISSED or job.is_gone:
                continue
            job.is_gone = True
            if job.joined is None:
                failed = job.job_id
        if failed:  # several that end together are one failure: their node may be the cause
            folder = self._kind.log_folder
            last = _last_line(Path(folder), failed) or f"nothing is in its log below {folder}"
            self._trouble = f"the job {failed} ended before its worker came: {last}"
            self._failures += 1
            self._pause(self._failures)

    def _refuse(self, refusal: str, *, is_passing: bool) -> None:
        self._refusal, self._is_passing = refusal, is_passing
        self._refusals += 1
        self._pause(self._refusals)

    def _pause(self, failures: int) -> None:
        """Submit nothing for a while, which is the longer the more has failed."""
        self._not_before = time.monotonic() + min(_LONGEST_PAUSE, 2.0 ** min(failures, 10))


_OPEN: Final = frozenset(("released", "waiting", "processing", "queued", "no-worker"))
"""States of tasks that are not over."""


def _last_line(folder: Path, job_id: str) -> str:
    """Return the last line that a job has printed. Empty: that is not known."""
    try:
        paths = sorted(path for path in folder.iterdir() if job_id in path.name.split(".")[0].split("-"))
        for path in paths:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - 4096))
                lines = file.read().decode(errors="replace").split("\n")
            if found := next((line.strip() for line in reversed(lines) if line.strip()), ""):
                return found
    except OSError:
        pass
    return ""
