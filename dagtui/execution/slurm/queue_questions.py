"""The question of what Slurm has: one squeue for everything that is alive.

An empty answer is an answer, an error is none. Slurm knows jobs, not attempts, so that it only tells why jobs wait, and
which are gone. What is gone for longer than a file may take to be seen, and has left no end in the spool, is judged.
"""

from __future__ import annotations

import os
import time
from itertools import chain
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.slurm.batch import PREFIX
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party
from dagtui.execution.slurm.job_queue import PENDING, parse_queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagtui.execution.slurm.batch import Batch
    from dagtui.execution.slurm.commands import CommandResult
    from dagtui.execution.slurm.job_queue import QueuedJob
    from dagtui.execution.slurm.link import SlurmLink
    from dagtui.text.amounts import Seconds

LATENCY: Seconds = 3.0
"""How long a file that was written on another machine may take to be seen here."""
POLL: Seconds = 2.0
"""Seconds between two questions if the executor's settings don't say."""
_SHARE = 20
"""Questions take at most one twentieth of the time."""
_LONGEST_PAUSE: Seconds = 60.0
"""But one a minute is always asked."""
_SLOW: Seconds = 5.0
"""After so long it is said that Slurm does not answer."""
_AT_ONCE = 100
"""Jobs of which something is told in one step."""


class QueueQuestions:
    """Asks Slurm, tells why attempts wait, and finds attempts whose jobs are gone."""

    def __init__(
        self,
        link: SlurmLink,
        on_gone: Callable[[list[str]], None],
        on_over: Callable[[Batch], None],
        on_unneeded: Callable[[Batch, int], None],
    ) -> None:
        """Remember whom to tell.

        Args:
            link: The executor and its ways to the cluster.
            on_gone: Takes the keys of open attempts without a job.
            on_over: Takes batches that are over in every way.
            on_unneeded: Takes batches and indices of jobs that wait to begin, and whose attempts are over.
        """
        self.answered_at = 0.0
        """When the last question was asked that was answered, on the monotonic clock."""
        self._executor, self._batches, self._commands, self._contact = link
        self._on_gone = on_gone
        self._on_over = on_over
        self._on_unneeded = on_unneeded
        self._bell = Bell()
        self._answer: tuple[str, frozenset[str]] | None = None
        """The last answer, and the batches that were known by then. None: it was not taken in as a whole."""
        self._jobs: dict[str, list[QueuedJob]] = {}
        """The jobs that are alive, by name."""
        self._at_index: dict[str, dict[int, list[QueuedJob]]] = {}
        """The same by index, of the names that something was asked for since the last answer."""
        self._told: set[QueuedJob] = set()
        self._open: dict[str, list[int]] = {}
        """The indices of each batch of which an attempt may be open."""
        self._without: dict[str, list[int]] = {}
        """Those of them that had no job in the last answer."""
        self._missing: dict[str, float] = {}

    def ring(self) -> None:
        """Ask soon: there is something new to know."""
        self._bell.ring()

    async def serve(self) -> None:
        """Ask until cancelled, as long as there is something to ask for."""
        while True:
            if not self._executor.attempts:
                await self._bell.wait()
            took = await self._ask()
            poll = self._executor.settings.poll or POLL
            await anyio.sleep(max(poll, min(_SHARE * took, _LONGEST_PAUSE)))

    def jobs_of(self, batch: Batch, index: int) -> list[str]:
        """Return the ids of the jobs of an index of a batch that are alive: two if it was sent twice."""
        return [f"{job.array}_{index}" if batch.is_array else job.array for job in self._at(batch, index)]

    def raw_job(self, batch: Batch, index: int) -> str:
        """Return the id of a job that does not name an array, or an empty string."""
        return next((job.job for job in self._at(batch, index)), "")

    def _at(self, batch: Batch, index: int) -> Sequence[QueuedJob]:
        found = self._at_index.get(batch.job_name)
        if found is None:
            found = self._at_index[batch.job_name] = {}
            for job in self._jobs.get(batch.job_name, ()):
                for each in chain.from_iterable(job.indices):
                    found.setdefault(each, []).append(job)
        return found.get(index, ())

    async def _ask(self) -> Seconds:
        """Ask, and return how long the answer took. A question without one took no time of Slurm."""
        asked = time.monotonic()
        result = await self._patiently()
        if result.status:
            self._contact.lose(Party.SLURM, result.words)
            return 0.0
        self._contact.keep(Party.SLURM)
        took = time.monotonic() - asked
        self.answered_at = asked
        await self._take(result.output)
        self._judge(asked)
        self._forget_batches(asked)
        return took

    async def _patiently(self) -> CommandResult:
        """Ask. If the answer takes long, that is said before the command gives up."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._say_slow)
            result = await self._commands.queue(os.getuid())
            group.cancel_scope.cancel()
        return result

    async def _say_slow(self) -> None:
        await anyio.sleep(_SLOW)
        self._contact.lose(Party.SLURM, "squeue waits for an answer", _SLOW)

    async def _take(self, output: str) -> None:
        """Take an answer in, and tell reasons that are new. Most answers are like the one before."""
        batches = self._batches.by_name
        answer = output, frozenset(batches)
        if answer == self._answer:
            return
        found = parse_queue(output, f"{PREFIX}{self._executor.run_id}.")
        jobs = [job for job in found if job.name.removeprefix(PREFIX) in batches]
        self._answer = None
        self._jobs.clear()
        self._at_index.clear()
        self._without.clear()
        self._open = {name: indices for name, indices in self._open.items() if name in batches}
        for job in jobs:
            batch = batches[job.name.removeprefix(PREFIX)]
            if job.array not in batch.jobs:
                batch.jobs.append(job.array)
            self._jobs.setdefault(job.name, []).append(job)
        self._told.intersection_update(jobs)
        for batch, job in [(batches[job.name.removeprefix(PREFIX)], job) for job in jobs if job not in self._told]:
            await self._tell(batch, job)
            self._told.add(job)
        self._answer = answer

    async def _tell(self, batch: Batch, job: QueuedJob) -> None:
        """Tell why the attempts of a line wait. There may be thousands: others in the loop get their turns between."""
        attempts = self._executor.attempts
        for number, index in enumerate(chain.from_iterable(job.indices)):
            if number % _AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            name = f"{job.array}_{index}" if batch.is_array else job.array
            if job.state == PENDING:
                why = f"job {name}: {job.reason}" if job.reason not in {"", "None"} else f"job {name}"
            else:
                why = f"job {name} begins on {job.nodes}" if job.nodes else f"job {name}"
            for key in batch.keys_of(index):
                attempt = attempts.get(key)
                if attempt is not None and attempt.state is not RemoteState.RUNNING:
                    self._executor.queued(key, why)

    def _judge(self, asked: float) -> None:
        """Find what has no job any more. An answer tells nothing about what was sent after the question."""
        missing = self._missing
        self._missing = {}
        gone = []
        for key in self._without_job(asked):
            since = self._missing[key] = missing.get(key, asked)
            if asked - since >= LATENCY:
                gone.append(key)
        if gone:
            self._on_gone(gone)

    def _without_job(self, asked: float) -> Iterator[str]:
        for batch in self._batches.by_name.values():
            if not batch.is_known or batch.sent_at > asked:
                continue
            found = self._open_without_job(batch)
            for key in chain.from_iterable(map(batch.keys_of, found)):
                if self._is_open(key, batch):
                    yield key

    def _open_without_job(self, batch: Batch) -> list[int]:
        """Return the indices of a batch that have no job, and open attempts. Others are not looked at again."""
        still_open = self._open.setdefault(batch.name, list(range(len(batch.spans))))
        without = self._without.get(batch.name)
        if without is None:
            alive: set[int] = set()
            for job in self._jobs.get(batch.job_name, ()):
                alive.update(chain.from_iterable(job.indices))
            without = [index for index in still_open if index not in alive]
        found = [index for index in without if any(self._is_open(key, batch) for key in batch.keys_of(index))]
        if len(found) < len(without):
            over = set(without).difference(found)
            self._open[batch.name] = [index for index in still_open if index not in over]
        self._without[batch.name] = found
        return found

    def _is_open(self, key: str, batch: Batch) -> bool:
        """Return whether an attempt is open, and has not gone on to another batch."""
        attempt = self._executor.attempts.get(key)
        return attempt is not None and attempt.end is None and self._batches.of(key) is batch

    def _forget_batches(self, asked: float) -> None:
        """Forget batches of which all ends are on record and no job is left.

        Jobs that are left wait in vain: the batch was sent twice, in doubt.
        """
        for batch in list(self._batches.by_name.values()):
            if not batch.is_known or batch.sent_at > asked or batch.unreleased:
                continue
            if batch.job_name not in self._jobs:
                self._batches.drop(batch)
                self._on_over(batch)
            for index in self._waiting_in_vain(batch):
                self._on_unneeded(batch, index)

    def _waiting_in_vain(self, batch: Batch) -> Iterator[int]:
        """Yield the indices of jobs of a batch that wait to begin, and whose attempts are over."""
        waiting = [job for job in self._jobs.get(batch.job_name, ()) if job.state == PENDING]
        for index in chain.from_iterable(chain.from_iterable(job.indices for job in waiting)):
            keys = batch.keys_of(index)
            if keys and not any(key in self._executor.attempts for key in keys):
                yield index
