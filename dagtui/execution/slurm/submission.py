"""The way of a batch to Slurm: sbatch, and what becomes of its answer.

If Slurm's answer does not arrive, it may have the batch or not. Then it is asked by the batch's name before the batch
is sent again. If both copies arrive, the claims in the spool let each attempt run once.
"""

from __future__ import annotations

import contextlib
import enum
import os
import shlex
import sys
import time
from typing import TYPE_CHECKING

import anyio.lowlevel
from anyio import to_thread

from dagtui.execution.agent.secret_halves import VARIABLE
from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.slurm.contact import Party
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.slurm.batch import Batch
    from dagtui.execution.slurm.link import SlurmLink

_MOST_REFUSALS = 5
"""How often Slurm may refuse a batch, with words that may be about a state of the cluster, until that counts."""
_AT_ONCE = 100
"""Attempts of which something is told in one step."""
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "BASH_ENV", "ENV")
_KEPT_PREFIXES = ("LC_", "MODULE", "LMOD", "BASH_FUNC_module", "BASH_FUNC_ml")
"""Variables of a login, and those of environment modules. A job has these, and no others of this machine."""


class Outcome(enum.Enum):
    """What became of an attempt to send a batch."""

    DONE = "Slurm has it, or has refused it, or it is not needed any more"
    AGAIN = "it is to be sent again"
    BLOCKED = "so are all others: Slurm does not answer, or has no room"


class Submission:
    """Sends batches."""

    def __init__(self, link: SlurmLink, on_arrival: Callable[[], None]) -> None:
        """`on_arrival` is called when Slurm has a batch."""
        self._executor, self._batches, self._commands, self._contact = link
        self._on_arrival = on_arrival
        self._login = dict(_login_variables(os.environ))

    async def send(self, batch: Batch) -> Outcome:
        """Hand a batch over. May be called again after a cancel."""
        if batch.in_doubt and not await self._ask_for(batch):
            return Outcome.BLOCKED
        if not batch.is_known:
            attempts = self._attempts_of(batch)
            if not attempts:
                self._batches.drop(batch)
                return Outcome.DONE
            outcome = await self._submit(batch, attempts)
            if outcome is not Outcome.DONE:
                return outcome
        if batch.is_known:
            with contextlib.suppress(OSError, SpoolError):  # a later process asks for it by its name
                await to_thread.run_sync(self._batches.note_jobs, batch)
            await self.arrived(batch)
        return Outcome.DONE

    async def arrived(self, batch: Batch) -> None:
        """Note that Slurm has a batch, and tell the ids of its jobs."""
        batch.in_doubt, batch.is_known, batch.sent_at = False, True, time.monotonic()
        self._on_arrival()
        newer = tuple(f"job {job}" for job in batch.jobs)  # what squeue has said since
        for number, key in enumerate(batch.keys):
            if number % _AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            attempt, job = self._executor.attempts.get(key), batch.job_of(key)
            if attempt is not None and job and not attempt.why.startswith(newer):
                self._executor.queued(key, f"job {job}")

    def _attempts_of(self, batch: Batch) -> list[RemoteAttempt]:
        """Return the attempts of a batch that are open, and have not gone on to another one."""
        found = self._executor.attempts
        return [found[key] for key in batch.keys if key in found and self._batches.of(key) is batch]

    async def _ask_for(self, batch: Batch) -> bool:
        """Ask whether Slurm has a batch. Return False if there is no answer."""
        result = await self._commands.find(batch.job_name)
        if result.status:
            self._contact.lose(Party.SLURM, result.words)
            return False
        self._contact.keep(Party.SLURM)
        batch.jobs = list(dict.fromkeys(result.output.split()))
        try:
            # Slurm forgets jobs some minutes after their end. What they have claimed stays.
            has_begun = not batch.jobs and await to_thread.run_sync(self._batches.claimed, batch.keys)
        except (OSError, SpoolError) as error:
            self._contact.lose(Party.SPOOL, disk_words(error))
            return False
        batch.is_known = bool(batch.jobs) or has_begun
        return True

    async def _submit(self, batch: Batch, attempts: list[RemoteAttempt]) -> Outcome:
        """Call sbatch."""
        for attempt in [attempt for attempt in attempts if attempt.problem]:  # an earlier process had made its request
            await self._refuse([attempt], attempt.problem)
            attempts.remove(attempt)
        if not attempts:
            self._batches.drop(batch)
            return Outcome.DONE
        try:
            variables = await self._variables(batch, attempts[0].request.secrets)
        except (OSError, SpoolError) as error:
            self._contact.lose(Party.SPOOL, disk_words(error))
            return Outcome.BLOCKED
        batch.in_doubt = True
        batch.copies += 1
        result = await self._commands.submit(self._words(batch, attempts), self._script(batch), variables)
        if not result.is_answer:
            self._contact.lose(Party.SLURM, result.words)
            return Outcome.BLOCKED
        self._contact.keep(Party.SLURM)
        batch.in_doubt = False
        if result.status == 0:
            batch.jobs, batch.is_known = [result.output.strip().partition(";")[0]], True
            return Outcome.DONE
        batch.copies -= 1
        if result.is_full and any(other.is_known for other in self._batches.by_name.values()):
            await self._tell(attempts, result.words)
            return Outcome.BLOCKED
        if not result.is_lasting and batch.refusals < _MOST_REFUSALS:
            batch.refusals += 1
            await self._tell(attempts, result.words)
            return Outcome.AGAIN
        await self._refuse(attempts, result.words, lasting=result.is_lasting)
        self._batches.drop(batch)
        return Outcome.DONE

    async def _tell(self, attempts: Sequence[RemoteAttempt], why: str) -> None:
        for number, attempt in enumerate(attempts):
            if number % _AT_ONCE == 0:
                await anyio.lowlevel.checkpoint()
            self._executor.queued(attempt.key, why)

    async def _variables(self, batch: Batch, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment of a batch, which Slurm keeps on a disk. Raises SpoolError and OSError."""
        if not secrets:
            return self._login
        return {**self._login, VARIABLE: await to_thread.run_sync(self._batches.split, batch, secrets)}

    def _words(self, batch: Batch, attempts: Sequence[RemoteAttempt]) -> list[str]:
        """Return the options of sbatch. Of those that are given twice, the last one counts."""
        more = len(attempts) - 1
        comment = f"dagtui: {label(attempts[0].label)}" + (f" and {plural(more, 'other')}" if more else "")
        words = [
            *batch.options,
            *self._executor.settings.options,
            f"--job-name={batch.job_name}",
            f"--comment={comment}",
        ]
        # A job that Slurm starts again by itself would not be counted as an attempt.
        words += ["--no-requeue", "--export=ALL"]
        # Paths to Slurm are patterns, so that the script itself says where its output goes.
        words += ["--chdir=/", "--output=/dev/null", "--error=/dev/null"]
        return [*words, f"--array=0-{len(batch.spans) - 1}"] if batch.is_array else words

    def _script(self, batch: Batch) -> str:
        python, agent, spool = (
            shlex.quote(path)
            for path in (
                self._executor.settings.python or sys.executable,
                self._batches.agent_path,
                self._batches.path,
            )
        )
        return batch.script(python, agent, spool)

    async def _refuse(self, attempts: Sequence[RemoteAttempt], text: str, *, lasting: bool = False) -> None:
        """Give attempts up that Slurm has refused. If it has another copy of the batch, nothing of it runs."""
        try:
            await to_thread.run_sync(self._batches.claim, [attempt.key for attempt in attempts])
        except (OSError, SpoolError) as error:
            text = f"{text}; {disk_words(error)}"
        for attempt in attempts:
            self._executor.refused(attempt.key, text, lasting=lasting)


def disk_words(error: OSError | SpoolError) -> str:
    """Say what is wrong with the disk."""
    if isinstance(error, SpoolError):
        return str(error)
    where = f"{label(error.filename)}: " if error.filename else ""
    return where + (error.strerror or str(error)).lower()


def _login_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if name in _KEPT or name.startswith(_KEPT_PREFIXES):
            yield name, value
