"""Attempts on their way to Slurm: what is handed over together becomes as few array jobs as it can.

What a batch is goes on disk before Slurm hears of it. If Slurm's answer does not arrive, it may have the batch or not.
Then it is asked by the batch's name before the batch is sent again. If both copies arrive, the claims in the spool let
each attempt run once.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import sys
import time
from typing import TYPE_CHECKING

from anyio import to_thread

from dagtui.execution.agent.secret_halves import VARIABLE
from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.slurm.batch import MOST_JOBS, Batch
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party
from dagtui.execution.slurm.grouping import group
from dagtui.execution.slurm.job_options import job_options, time_of
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.slurm.link import SlurmLink
    from dagtui.text.amounts import Seconds

AGAIN: Seconds = 2.0
"""Seconds until a batch is sent again that Slurm did not answer to, or had no room for."""
MOST_ATTEMPTS = 5000
"""The most attempts of one batch."""
_SPARE: Seconds = 60.0
"""What Slurm allows a job beyond the time that its attempts may take, so that the agent ends them, and not Slurm."""
_FENCE_OF_GROUPS: Seconds = 2.0
"""How often an agent looks for stops that shares its job with other attempts: no signal can be sent for one of them."""
_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "BASH_ENV", "ENV")
_KEPT_PREFIXES = ("LC_", "MODULE", "LMOD", "BASH_FUNC_module", "BASH_FUNC_ml")
"""Variables of a login, and those of environment modules. A job has these, and no others of this machine."""


class Handover:
    """Makes batches, and hands them over."""

    def __init__(
        self, link: SlurmLink, spec_of: Callable[[RemoteAttempt], dict[str, object]], on_arrival: Callable[[], None]
    ) -> None:
        """`spec_of` returns what the agent gets of an attempt. `on_arrival` is called when Slurm has a batch."""
        self._executor, self._batches, self._commands, self._contact = link
        self._spec_of = spec_of
        self._on_arrival = on_arrival
        self._login = dict(_login_variables(os.environ))
        self._bell = Bell()
        self._new: list[RemoteAttempt] = []
        self._sought: list[RemoteAttempt] = []
        self._unsent: list[Batch] = []
        """Batches that Slurm is not known to have, in the order in which they were made."""

    def hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Send attempts, soon."""
        self._new += attempts
        self._bell.ring()

    def look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Find, soon, attempts of an earlier process. Those that it never noted are handed over."""
        self._sought += attempts
        self._bell.ring()

    async def serve(self) -> None:
        """Send what is to be sent, until cancelled."""
        while True:
            await self._bell.wait(AGAIN if self._unsent or self._sought or self._new else None)
            if self._sought:
                await self._take_up()
            if self._new:
                await self._make()
            for batch in list(self._unsent):
                if not await self._send(batch):
                    break  # Slurm does not answer, or has no room: that holds for the others, too

    # What an earlier process has left

    async def _take_up(self) -> None:
        try:
            found = await to_thread.run_sync(self._batches.read_all)
        except SpoolError as error:
            self._fail(self._sought, str(error), lasting=False)
            self._sought = []
            return
        except OSError as error:
            self._contact.lose(Party.SPOOL, _disk_words(error))
            return
        sought, self._sought = self._sought, []
        self._contact.keep(Party.SPOOL)
        wanted = {attempt.key for attempt in sought}
        for batch in found:
            if batch.name not in self._batches.by_name and not wanted.isdisjoint(batch.keys):
                self._batches.add(batch)
                batch.unreleased &= wanted
                if batch.in_doubt:
                    self._unsent.append(batch)
                else:
                    self._arrived(batch)
        self._executor.absent([attempt for attempt in sought if self._batches.of(attempt.key) is None])

    # Batches

    async def _make(self) -> None:
        """Note what is to be handed over as batches on disk."""
        new, self._new = self._new, []
        for options, alike in self._alike(new):
            rest = alike
            while rest:
                batch = self._first_batch(options, rest)
                taken, rest = rest[: len(batch.keys)], rest[len(batch.keys) :]
                specs = [self._spec(attempt, batch) for attempt in taken]
                try:
                    await to_thread.run_sync(self._batches.intend, batch, specs)
                except SpoolError as error:
                    self._fail(taken, str(error), lasting=False)
                except OSError as error:
                    self._fail(taken, _disk_words(error), lasting=False)
                else:
                    self._batches.add(batch)
                    self._unsent.append(batch)

    def _alike(self, attempts: Sequence[RemoteAttempt]) -> Iterator[tuple[tuple[str, ...], list[RemoteAttempt]]]:
        """Yield attempts that can stand in one array: they ask for the same, and have the same secrets."""
        found: dict[tuple[object, ...], list[RemoteAttempt]] = {}
        for attempt in attempts:
            if attempt.key in self._executor.attempts:
                request = attempt.request
                alike = (tuple(job_options(request.resources)), tuple(sorted(request.secrets.items())))
                found.setdefault(alike, []).append(attempt)
        for attempts_of_one in found.values():
            yield tuple(job_options(attempts_of_one[0].request.resources)), attempts_of_one

    def _first_batch(self, options: tuple[str, ...], attempts: Sequence[RemoteAttempt]) -> Batch:
        """Return a batch of the first ones of attempts that are alike."""
        most = self._executor.settings.group
        expected = [self._executor.typical(attempt.node) for attempt in attempts[:MOST_ATTEMPTS]]
        spans = group(expected, most)[:MOST_JOBS]
        count = spans[-1].stop
        taken = attempts[:count]
        times = [time_of(attempt.request.resources, attempt.request.grace + _SPARE) for attempt in taken]
        longest = max((seconds for seconds in times if seconds is not None), default=None)
        if longest is not None:
            shared = (most or 0.0) if len(spans) < count else 0.0
            options = (*options, f"--time={int((longest + shared) // 60) + 1}")
        name = f"{self._executor.run_id}.{secrets.token_hex(4)}"
        return Batch(name, [attempt.key for attempt in taken], spans, options)

    def _spec(self, attempt: RemoteAttempt, batch: Batch) -> dict[str, object]:
        spec = self._spec_of(attempt)
        if len(batch.keys_of(batch.index_of[attempt.key])) > 1:
            spec["fence"] = min(attempt.request.fence, _FENCE_OF_GROUPS)
        return spec

    # Sending

    async def _send(self, batch: Batch) -> bool:
        """Hand a batch over. Return False if nothing else can be handed over now, either."""
        if not any(key in self._executor.attempts for key in batch.keys):
            self._unsent.remove(batch)
            self._batches.drop(batch)
            return True
        if batch.in_doubt and not await self._found(batch):
            return False
        if not batch.is_known:
            batch.in_doubt = True
            if not await self._submit(batch):
                return False
        self._unsent.remove(batch)
        if batch.is_known:
            await self._note(batch)
            self._arrived(batch)
        return True

    async def _found(self, batch: Batch) -> bool:
        """Ask whether Slurm has a batch. Return False if nobody knows."""
        result = await self._commands.find(batch.job_name)
        if result.status:
            self._contact.lose(Party.SLURM, result.words)
            return False
        self._contact.keep(Party.SLURM)
        batch.jobs = list(dict.fromkeys(result.output.split()))
        try:
            # Slurm forgets jobs some minutes after their end. What they have claimed stays.
            has_begun = not batch.jobs and await to_thread.run_sync(self._batches.claimed, batch.keys)
        except OSError as error:
            self._contact.lose(Party.SPOOL, _disk_words(error))
            return False
        batch.is_known = bool(batch.jobs) or has_begun
        return True

    async def _submit(self, batch: Batch) -> bool:
        """Call sbatch. Return False if it is to be tried again."""
        attempts = [self._executor.attempts[key] for key in batch.keys if key in self._executor.attempts]
        for attempt in [attempt for attempt in attempts if attempt.problem]:  # an earlier process had made its request
            await self._refuse([attempt], attempt.problem)
            attempts.remove(attempt)
        if not attempts:
            return True
        try:
            variables = await self._variables(batch, attempts[0].request.secrets)
        except (OSError, SpoolError) as error:
            self._contact.lose(Party.SPOOL, _disk_words(error) if isinstance(error, OSError) else str(error))
            return False
        result = await self._commands.submit(self._words(batch, attempts), self._script(batch), variables)
        if result.status == 0:
            self._contact.keep(Party.SLURM)
            batch.jobs, batch.is_known = [result.output.strip().partition(";")[0]], True
            return True
        if not result.is_answer:
            self._contact.lose(Party.SLURM, result.words)
            return False
        self._contact.keep(Party.SLURM)
        batch.in_doubt = False
        if result.is_full and any(other.is_known for other in self._batches.by_name.values()):
            for attempt in attempts:
                self._executor.queued(attempt.key, result.words)
            return False
        await self._refuse(attempts, result.words, lasting=True)
        self._batches.drop(batch)
        return True

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
        except OSError as error:
            text = f"{text}; {_disk_words(error)}"
        self._fail(attempts, text, lasting=lasting)

    async def _note(self, batch: Batch) -> None:
        with contextlib.suppress(OSError, SpoolError):  # a later process asks for it by its name
            await to_thread.run_sync(self._batches.note_jobs, batch)

    def _arrived(self, batch: Batch) -> None:
        batch.in_doubt, batch.is_known, batch.sent_at = False, True, time.monotonic()
        for key in batch.keys:
            attempt = self._executor.attempts.get(key)
            if attempt is not None and attempt.state is RemoteState.HANDED:
                job = batch.job_of(key)
                self._executor.queued(key, f"job {job}" if job else "")
        self._on_arrival()

    def _fail(self, attempts: Sequence[RemoteAttempt], text: str, *, lasting: bool) -> None:
        for attempt in list(attempts):
            self._executor.refused(attempt.key, text, lasting=lasting)


def _login_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environment.items():
        if name in _KEPT or name.startswith(_KEPT_PREFIXES):
            yield name, value


def _disk_words(error: OSError) -> str:
    where = f"{label(error.filename)}: " if error.filename else ""
    return where + (error.strerror or str(error)).lower()
