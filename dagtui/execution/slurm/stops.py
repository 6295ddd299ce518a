"""Stops: wishes that are kept until an end is known.

An attempt that has not begun is taken back by its claim, which needs no answer of Slurm. One that runs gets a file that
its agent looks for, so that a stop takes effect while Slurm does not answer, and a signal, so that it does at once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio.lowlevel
from anyio import to_thread

from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.slurm.batch import Batch
    from dagtui.execution.slurm.link import SlurmLink
    from dagtui.execution.slurm.queue_questions import QueueQuestions
    from dagtui.text.amounts import Seconds

_AGAIN: Seconds = 3.0
"""Seconds until a stop is repeated."""
_AT_ONCE = 200
"""Attempts that something is done for in one step."""
_HARDER: Seconds = 15.0
"""Seconds beyond the grace after which Slurm ends the whole job."""


class _Wish:
    """A stop whose effect is not known yet."""

    __slots__ = ("asked_at", "grace", "repeat_at")

    def __init__(self) -> None:
        self.asked_at = time.monotonic()
        self.grace: Seconds | None = None
        """What the file in the spool says. None: there is none."""
        self.repeat_at = 0.0


class Stops:
    """Takes attempts back, and ends those that run."""

    def __init__(self, link: SlurmLink, questions: QueueQuestions) -> None:
        self._executor, self._batches, self._commands, self._contact = link
        self._questions = questions
        self._bell = Bell()
        self._wishes: dict[str, _Wish] = {}
        self._unneeded: dict[tuple[str, int], float] = {}
        """Jobs of which every attempt was taken back, by batch and index, with the time of the last scancel."""
        self._whole: dict[str, bool] = {}
        """Whether nothing of a batch is needed, for one round."""

    def stop(self, attempt: RemoteAttempt) -> None:
        """End an attempt, or take it back, as it says itself."""
        self._wishes.setdefault(attempt.key, _Wish()).repeat_at = 0.0
        self._bell.ring()

    def note_unneeded(self, batch: Batch, index: int) -> None:
        """Note that a job of a batch may have nothing left to do."""
        self._unneeded.setdefault((batch.name, index), 0.0)
        self._bell.ring()

    async def serve(self) -> None:
        """Carry stops out until cancelled."""
        while True:
            await self._bell.wait(_AGAIN if self._wishes or self._unneeded else None)
            self._wishes = {key: wish for key, wish in self._wishes.items() if key in self._executor.attempts}
            if self._wishes:
                await self._take_back()
            await self._signal()

    async def leave(self) -> None:
        """Cancel the jobs that are not needed any more, before this process goes: first those that are known."""
        self._unneeded = dict.fromkeys(self._unneeded, 0.0)
        await self._cancel_unneeded()
        if not self._contact.is_slurm_silent:
            await self._find_doubtful()
            await self._cancel_unneeded()

    async def _cancel_unneeded(self) -> None:
        jobs = await self._due_cancels(time.monotonic())
        if jobs:
            await self._commands.cancel(jobs, softly=False)

    async def _find_doubtful(self) -> None:
        """Find batches that nobody needs, and that Slurm may have taken without an answer, or twice."""
        for batch in list(self._batches.by_name.values()):
            is_doubtful = batch.in_doubt or batch.copies > 1 or len(batch.jobs) > 1
            if is_doubtful and not any(self._still_needed(key) for key in batch.keys):
                result = await self._commands.find(batch.job_name)
                if result.status:
                    return
                batch.jobs = list(dict.fromkeys(result.output.split()))
                batch.is_known = bool(batch.jobs)
                self._unneeded[batch.name, 0] = 0.0

    # What has not begun

    async def _take_back(self) -> None:
        """Claim what has not begun. Write a file for what has."""
        wanted = [self._executor.attempts[key] for key in self._wishes]
        open_attempts = [attempt for attempt in wanted if attempt.end is None]
        for at in range(0, len(open_attempts), _AT_ONCE):
            if not await self._take_back_some(open_attempts[at : at + _AT_ONCE]):
                return

    async def _take_back_some(self, attempts: Sequence[RemoteAttempt]) -> bool:
        """Do so for some attempts, so that what is done is told meanwhile. Return False if the disk is away."""
        graces = {attempt.key: attempt.stop for attempt in attempts}
        try:
            claimed = set(await to_thread.run_sync(self._batches.claim, list(graces)))
            due = {
                key: grace
                for key, grace in graces.items()
                if grace is not None and key not in claimed and self._wishes[key].grace != grace
            }
            await to_thread.run_sync(self._write, due)
        except (OSError, SpoolError) as error:
            self._contact.lose(Party.SPOOL, str(error))
            return False
        for key, grace in due.items():
            self._wishes[key].grace = grace
        for key in claimed:
            batch = self._batches.of(key)
            if batch is not None:
                self.note_unneeded(batch, batch.index_of[key])
            self._executor.withdrawn(key)
            self._wishes.pop(key, None)
        for attempt in attempts:
            if attempt.stop is None and attempt.key not in claimed:  # it has begun, and goes on
                self._wishes.pop(attempt.key, None)
        return True

    def _write(self, graces: Mapping[str, Seconds]) -> None:
        for key, grace in graces.items():
            self._batches.write_stop(key, grace)

    # What runs, or has a job that is not needed any more

    async def _signal(self) -> None:
        now = time.monotonic()
        softly, hard = await self._due_signals(now), await self._due_cancels(now)
        for jobs, is_soft in ((softly, True), (hard, False)):
            if not jobs:
                continue
            result = await self._commands.cancel(jobs, softly=is_soft)
            if not result.is_answer:
                self._contact.lose(Party.SLURM, result.words)
                return

    async def _due_signals(self, now: float) -> list[str]:
        """Return the jobs whose agents are told to look at their stops."""
        found: list[str] = []
        for number, (key, wish) in enumerate(list(self._wishes.items())):
            if number % _AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            batch, attempt = self._batches.of(key), self._executor.attempts.get(key)
            if batch is None or attempt is None or wish.grace is None or now < wish.repeat_at:
                continue
            wish.repeat_at = now + _AGAIN
            if self._is_overdue(wish, now):
                self._unneeded.setdefault((batch.name, batch.index_of[key]), 0.0)
            elif self._may_signal(batch.keys_of(batch.index_of[key]), key):
                found += self._questions.jobs_of(batch, batch.index_of[key]) or [batch.job_of(key)]
        return [job for job in dict.fromkeys(found) if job]

    def _is_overdue(self, wish: _Wish, now: float) -> bool:
        return now - wish.asked_at > (wish.grace or 0.0) + _HARDER

    def _may_signal(self, keys: Sequence[str], key: str) -> bool:
        """Return whether a signal to the job of an attempt ends nothing else."""
        return not any(other != key and other in self._executor.attempts for other in keys)

    async def _due_cancels(self, now: float) -> list[str]:
        """Return the jobs that Slurm is to end: nothing of them is needed, or an agent does not stop."""
        found: list[str] = []
        self._whole.clear()
        for number, ((name, index), last) in enumerate(list(self._unneeded.items())):
            if number % _AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            batch = self._batches.by_name.get(name)
            was_answered = last and self._questions.answered_at > last
            if batch is None or (was_answered and not self._questions.jobs_of(batch, index)):
                del self._unneeded[name, index]
                continue
            if not batch.is_known or (last and now - last < _AGAIN):
                continue
            if any(self._still_needed(key) for key in batch.keys_of(index)):
                del self._unneeded[name, index]  # its last attempt takes it along
                continue
            self._unneeded[name, index] = now
            found += self._ids(batch, index)
        return [job for job in dict.fromkeys(found) if job]

    def _ids(self, batch: Batch, index: int) -> list[str]:
        """Return the ids of a job that is not needed: that of its whole array if nothing of it is."""
        if batch.name not in self._whole:
            self._whole[batch.name] = not any(self._still_needed(key) for key in batch.keys)
        if self._whole[batch.name]:
            return batch.jobs
        return self._questions.jobs_of(batch, index) or [batch.job_of(batch.keys_of(index)[0])]

    def _still_needed(self, key: str) -> bool:
        wish = self._wishes.get(key)
        return key in self._executor.attempts and (wish is None or not self._is_overdue(wish, time.monotonic()))
