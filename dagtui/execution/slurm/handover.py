"""Attempts on their way to Slurm: what is handed over together becomes as few array jobs as it can.

What a batch is goes on disk before Slurm hears of it (see `dagtui.execution.slurm.submission` for what comes then).
Ten thousand attempts may come at once, so that others in the event loop get their turns meanwhile.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import anyio.lowlevel
from anyio import to_thread

from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.slurm.batch import MOST_JOBS, Batch
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party
from dagtui.execution.slurm.grouping import group
from dagtui.execution.slurm.job_options import job_options, time_of
from dagtui.execution.slurm.submission import Outcome, Submission, disk_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.slurm.link import SlurmLink
    from dagtui.text.amounts import Seconds

AGAIN: Seconds = 2.0
"""Seconds until a batch is sent again that Slurm did not answer to, or had no room for."""
MOST_ATTEMPTS = 5000
"""The most attempts of one batch."""
_AT_ONCE = 100
"""Attempts that something is done for in one step."""
_SPARE: Seconds = 60.0
"""What Slurm allows a job beyond the time that its attempts may take, so that the agent ends them, and not Slurm."""
_FENCE_OF_GROUPS: Seconds = 2.0
"""How often an agent looks for stops that shares its job with other attempts: no signal can be sent for one of them."""


class Handover:
    """Makes batches, and hands them over."""

    def __init__(
        self, link: SlurmLink, spec_of: Callable[[RemoteAttempt], dict[str, object]], on_arrival: Callable[[], None]
    ) -> None:
        """`spec_of` returns what the agent gets of an attempt. `on_arrival` is called when Slurm has a batch."""
        self._executor, self._batches, _, self._contact = link
        self._spec_of = spec_of
        self._submission = Submission(link, on_arrival)
        self._bell = Bell()
        self._new: dict[str, RemoteAttempt] = {}
        """Attempts that are in no batch yet, by key. A cancel leaves them here."""
        self._sought: list[RemoteAttempt] = []
        self._unsent: list[Batch] = []
        """Batches that Slurm is not known to have, in the order in which they were made."""
        self._blocked_until = 0.0
        """When batches may be sent again, on the monotonic clock."""

    def hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Send attempts, soon."""
        self._new.update({attempt.key: attempt for attempt in attempts})
        self._bell.ring()

    def look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Find, soon, attempts of an earlier process. Those that it never noted are handed over."""
        self._sought += attempts
        self._bell.ring()

    async def serve(self) -> None:
        """Send what is to be sent, until cancelled."""
        while True:
            await self._bell.wait(self._pause())
            if self._sought:
                await self._take_up()
            if self._new:
                await self._make()
            await self._send()

    def _pause(self) -> Seconds | None:
        """Return the seconds until the next round, unless there is something new before."""
        if self._sought or self._new:
            return AGAIN
        if not self._unsent:
            return None
        due_at = max(self._blocked_until, min(batch.retry_at for batch in self._unsent))
        return max(0.0, due_at - time.monotonic())

    async def _send(self) -> None:
        """Send the batches whose time has come: what is new in between makes no refusal count twice."""
        for batch in list(self._unsent):
            if time.monotonic() < max(batch.retry_at, self._blocked_until):
                continue
            outcome = await self._submission.send(batch)
            if outcome is Outcome.DONE:
                self._unsent.remove(batch)
            elif outcome is Outcome.AGAIN:
                batch.retry_at = time.monotonic() + AGAIN
            else:
                self._blocked_until = time.monotonic() + AGAIN

    # What an earlier process has left

    async def _take_up(self) -> None:
        try:
            found = await to_thread.run_sync(self._batches.read_all)
        except SpoolError as error:
            self._fail(self._sought, str(error))
            self._sought = []
            return
        except OSError as error:
            self._contact.lose(Party.SPOOL, disk_words(error))
            return
        sought, self._sought = self._sought, []
        self._contact.keep(Party.SPOOL)
        wanted = {attempt.key for attempt in sought}
        arrived: list[Batch] = []
        for batch in found:
            if batch.name not in self._batches.by_name and not wanted.isdisjoint(batch.keys):
                self._add(batch)
                (self._unsent if batch.in_doubt else arrived).append(batch)
        self._executor.absent([attempt for attempt in sought if self._batches.of(attempt.key) is None])
        for batch in arrived:
            await self._submission.arrived(batch)

    # Batches

    async def _make(self) -> None:
        """Note what is to be handed over as batches on disk."""
        for options, alike in await self._alike():
            expected = [self._executor.typical(attempt.node) async for attempt in _gently(alike)]
            at = 0
            while at < len(alike):
                batch = self._batch(options, alike[at:], expected[at : at + MOST_ATTEMPTS])
                taken = alike[at : at + len(batch.keys)]
                at += len(taken)
                specs = [self._spec(attempt, batch) async for attempt in _gently(taken)]
                try:
                    await to_thread.run_sync(self._batches.intend, batch, specs)
                except (SpoolError, OSError) as error:
                    self._fail(taken, disk_words(error))
                else:
                    self._add(batch)
                    self._unsent.append(batch)
                for key in batch.keys:
                    self._new.pop(key, None)

    def _add(self, batch: Batch) -> None:
        """Take a batch in. The ends of some of its attempts may have come on record while it was made, or read."""
        self._batches.add(batch)
        batch.unreleased = self._executor.unrecorded(batch.unreleased)

    async def _alike(self) -> list[tuple[tuple[str, ...], list[RemoteAttempt]]]:
        """Return what can stand in one array each: attempts that ask for the same, and have the same secrets.

        Say of all that they wait, so that they keep their places if the graph is read again before Slurm has them.
        """
        found: dict[tuple[object, ...], list[RemoteAttempt]] = {}
        async for attempt in _gently(list(self._new.values())):
            if attempt.key not in self._executor.attempts:
                self._new.pop(attempt.key, None)
                continue
            self._executor.queued(attempt.key)
            request = attempt.request
            alike = (tuple(job_options(request.resources)), tuple(sorted(request.secrets.items())))
            found.setdefault(alike, []).append(attempt)
        return [(tuple(job_options(alike[0].request.resources)), alike) for alike in found.values()]

    def _batch(
        self, options: tuple[str, ...], attempts: Sequence[RemoteAttempt], expected: Sequence[Seconds | None]
    ) -> Batch:
        """Return a batch of the first ones of attempts that are alike, and that are expected to take some seconds."""
        most = self._executor.settings.group
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

    def _fail(self, attempts: Iterable[RemoteAttempt], text: str) -> None:
        for attempt in list(attempts):
            self._executor.refused(attempt.key, text)


async def _gently(attempts: Sequence[RemoteAttempt]) -> AsyncIterator[RemoteAttempt]:
    """Yield attempts, and let others in the event loop have their turns."""
    for number, attempt in enumerate(attempts):
        if number % _AT_ONCE == 0:
            await anyio.lowlevel.checkpoint()
        yield attempt
