"""What became of attempts that have no job any more, and left no end in the spool.

Slurm's word alone is never enough: it says NODE_FAIL while processes live on. So an attempt is fenced first: one that
has not begun is claimed here, and one that has gets a stop that its agent looks for, if there still is an agent.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.slurm.batch import UNSEEN
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party
from dagtui.execution.slurm.job_queue import COMPLETING, OUTSIDE_STATES, REQUEUED_STATES, final_words, killed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.slurm.batch import Batch
    from dagtui.execution.slurm.link import SlurmLink
    from dagtui.execution.slurm.spool_watch import SpoolWatch
    from dagtui.text.amounts import Seconds

_SPARE: Seconds = 3.0
"""Seconds beyond fence and grace until an agent that does not stop counts as dead."""
_NODE_LOST = frozenset({"NODE_FAIL", "BOOT_FAIL", ""})
"""States of jobs whose node has failed, or that Slurm has forgotten."""
_ENDED_BY_SLURM = OUTSIDE_STATES | {"NODE_FAIL", "BOOT_FAIL"}
"""States of jobs whose processes Slurm signals. A node that is set down fails, and its jobs get TERM."""
_LEFT_BY_AGENT = frozenset({"FAILED", "COMPLETED"})
"""States of jobs whose script has ended by itself."""
_UNFINISHED = frozenset({COMPLETING, "RUNNING", "CONFIGURING", "STAGE_OUT", "SIGNALING"})
_ALIVE = _UNFINISHED | REQUEUED_STATES
"""States of jobs that squeue will list, though it did not a moment ago."""
_OUT_OF_MEMORY = "OUT_OF_MEMORY"
_SIGNALS_OF_SLURM = (signal.SIGTERM, signal.SIGKILL)
_AT_ONCE = 8
"""The most jobs that are asked for at once."""
_ADVICE = '"directory" of the executor must be a folder that both sides see'
_ENDED_BY_HAND = "CANCELLED"
_FINAL_SECONDS: Seconds = 3.0
"""How long the final state of a job is waited for, while Slurm still says that it runs."""
_COMPLETING_SECONDS: Seconds = 30.0
"""The same while Slurm says that it completes: until then it does not say why. The epilog of a site may take long."""


class Verdicts:
    """Decides what became of attempts without jobs, and says why others ended."""

    def __init__(self, link: SlurmLink, watch: SpoolWatch, on_unneeded: Callable[[Batch, int], None]) -> None:
        """`on_unneeded` takes a batch, and the index of a job of it that waits to run again, and whose end is known."""
        self._on_unneeded = on_unneeded
        self._executor, self._batches, self._commands, self._contact = link
        self._watch = watch
        self._bell = Bell()
        self._new = Bell()
        self._at_once = anyio.Semaphore(_AT_ONCE)
        self._gone: dict[str, None] = {}
        self._asked: dict[str, dict[str, object]] = {}
        """Ends of which Slurm is asked who caused them."""
        self._unasked: list[str] = []
        self._fenced: dict[str, tuple[float, str, bool]] = {}
        """Attempts that are given up at a time, with Slurm's words, and whether something ended them from outside."""
        self._again: set[str] = set()
        """Attempts that were handed over again, because their job ended before their turn."""

    def judge(self, keys: Sequence[str]) -> None:
        """Decide, soon, what became of attempts without a job."""
        self._gone.update(dict.fromkeys(keys))
        self._bell.ring()

    def take_end(self, key: str, record: dict[str, object]) -> None:
        """Take the end of an attempt from the spool. If it does not say who caused it, Slurm is asked."""
        fenced = self._fenced.pop(key, None)
        if fenced is not None and record.get("kind") == "stopped":
            self._give_up(key, fenced[1], from_outside=fenced[2])
        elif self._may_be_from_outside(key, record):
            self._asked[key] = record
            self._unasked.append(key)
            self._new.ring()
        else:
            self._executor.ended(key, record)

    async def serve(self) -> None:
        """Judge until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._judge_always)
            self._unasked = list(self._asked)  # a cancel may have left some
            while True:
                new, self._unasked = self._unasked, []
                for key in new:
                    group.start_soon(self._say_who, key, self._asked[key])
                await self._new.wait()

    async def _judge_always(self) -> None:
        while True:
            await self._bell.wait(1.0 if self._fenced or self._gone else None)
            if self._gone:
                await self._watch.look_anew()  # the end may have been written since
                await self._judge_all()
            for key, (until, words, from_outside) in list(self._fenced.items()):
                # Until then its agent may say how it ended.
                if key not in self._executor.attempts:
                    del self._fenced[key]
                elif time.monotonic() >= until:
                    del self._fenced[key]
                    self._give_up(key, words, from_outside=from_outside)

    async def _judge_all(self) -> None:
        gone, self._gone = list(self._gone), {}
        details: dict[tuple[str, int], dict[str, str]] = {}
        for key in gone:
            attempt, batch = self._executor.attempts.get(key), self._batches.of(key)
            if attempt is None or attempt.end is not None or batch is None or key in self._fenced:
                continue
            job = batch.name, batch.index_of[key]
            if job not in details:
                found = await self._details_of(batch, key)
                if found is None:
                    return  # Slurm does not answer: it is asked again for what is gone
                details[job] = found
            try:
                await self._judge_one(attempt, batch, details[job])
            except (OSError, SpoolError) as error:
                self._contact.lose(Party.SPOOL, str(error))
                return

    async def _judge_one(self, attempt: RemoteAttempt, batch: Batch, details: dict[str, str]) -> None:
        key, state = attempt.key, details.get("JobState", "")
        if state in _ALIVE:
            return  # it is asked for again
        is_outside = state in OUTSIDE_STATES or killed_by(details) in _SIGNALS_OF_SLURM
        job = batch.job_of(key)
        words = (f"job {job}: " if job else "") + final_words(details)
        if details.get("ExitCode") == f"{UNSEEN}:0":
            words += f": {self._batches.path} is not there; {_ADVICE}"
        elif state in _LEFT_BY_AGENT:  # it has said why, unless it could not start either
            output = await to_thread.run_sync(self._batches.output_of, batch)
            words += f": {output}" if output else ""
        if self._may_go_again(attempt, batch, state) and not await to_thread.run_sync(self._batches.claimed, (key,)):
            self._again.add(key)
            self._batches.leave(key)
            self._executor.absent([attempt])
        elif await to_thread.run_sync(self._batches.claim, (key,)):
            if attempt.stop is not None or attempt.unwanted:
                self._executor.withdrawn(key)
            elif is_outside:
                self._executor.outside(key, words)
            elif state in _NODE_LOST:
                self._executor.lost(key, words)
            else:
                self._executor.refused(key, words)
        else:
            await to_thread.run_sync(self._batches.write_stop, key, attempt.request.grace)
            may_live = state in _NODE_LOST or self._has_copies(batch, key)
            patience = attempt.request.fence + attempt.request.grace + _SPARE if may_live else 0.0
            self._fenced[key] = time.monotonic() + patience, words, is_outside
            if patience:
                self._executor.doubted(key, words, patience)

    def _may_go_again(self, attempt: RemoteAttempt, batch: Batch, state: str) -> bool:
        """Return whether a job ended before the turn of an attempt, for which it is not to blame.

        A controller that was killed has forgotten the jobs of its last seconds, or takes their nodes for failed.
        """
        is_blameless = len(batch.keys_of(batch.index_of[attempt.key])) > 1 or state in _NODE_LOST
        is_wanted = attempt.stop is None and not attempt.unwanted
        return is_blameless and is_wanted and state != _ENDED_BY_HAND and attempt.key not in self._again

    def _has_copies(self, batch: Batch, key: str) -> bool:
        """Return whether another job may have begun an attempt. Then the end of this one says nothing about it."""
        return self._batches.is_shared(key) or len(batch.jobs) > 1

    def _give_up(self, key: str, words: str, *, from_outside: bool) -> None:
        if from_outside:
            self._executor.outside(key, words)
        else:
            self._executor.lost(key, words)

    async def _details_of(self, batch: Batch, key: str) -> dict[str, str] | None:
        """Return what Slurm knows of the job of an attempt, when it is over. None: it does not answer."""
        details = await self._final_details(batch.job_of(key))
        if details and details.get("JobName", batch.job_name) != batch.job_name:  # ids are given out again after a kill
            return {}
        if details is not None and not details and batch.is_array and batch.jobs:
            array = await self._commands.details(batch.jobs[0])
            # A job that is taken out of an array before it begins leaves no record.
            if array and array.get("JobName", batch.job_name) == batch.job_name:
                return {"JobState": _ENDED_BY_HAND}
        return details

    async def _final_details(self, job: str) -> dict[str, str] | None:
        """Return what Slurm knows of a job, when it is over. None: it does not answer."""
        details: dict[str, str] | None = {}
        began = time.monotonic()
        while job:
            details = await self._commands.details(job)
            state = details.get("JobState") if details else None
            patience = _COMPLETING_SECONDS if state == COMPLETING else _FINAL_SECONDS
            if state not in _UNFINISHED or time.monotonic() - began > patience:
                break
            await anyio.sleep(0.3)
        return details

    async def _say_who(self, key: str, record: dict[str, object]) -> None:
        """Tell an end that something else than the run caused, in Slurm's words."""
        batch = self._batches.of(key)
        job = batch.job_of(key) if batch is not None else ""
        details: dict[str, str] | None = None
        if job and not self._contact.is_slurm_silent:
            async with self._at_once:
                details = await self._final_details(job)
        state = details.get("JobState") if details else None
        if details and state in _ENDED_BY_SLURM:
            record = {**record, "text": f"job {job}: {final_words(details)}"}
            if state != _OUT_OF_MEMORY:
                record["kind"] = "outside"
        elif state in REQUEUED_STATES:
            record = {**record, "kind": "outside", "text": f"job {job}: requeued"}
        self._executor.ended(key, record)
        self._asked.pop(key, None)
        if state in REQUEUED_STATES and batch is not None:  # it would only find that it may not begin again
            self._on_unneeded(batch, batch.index_of[key])

    def _may_be_from_outside(self, key: str, record: dict[str, object]) -> bool:
        """Return whether Slurm may have ended an attempt. It signals all processes at once, in any order."""
        attempt = self._executor.attempts.get(key)
        if attempt is None or attempt.stop is not None or record.get("text"):
            return False
        is_signal = record.get("kind") == "signal" and record.get("value") in _SIGNALS_OF_SLURM
        return is_signal or record.get("kind") == "outside"
