"""What agents write into the spool: claims, ends and logs. It is the truth about attempts; Slurm only knows jobs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

import anyio
from anyio import to_thread

from dagtui.execution.agent.spool import SpoolError
from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.slurm.batch_store import is_ours
from dagtui.execution.slurm.bell import Bell
from dagtui.execution.slurm.contact import Party
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.execution.agent.spool import Spool
    from dagtui.execution.remote.executor import RemoteExecutor
    from dagtui.execution.slurm.batch import Batch
    from dagtui.execution.slurm.batch_store import BatchStore
    from dagtui.execution.slurm.contact import Contact
    from dagtui.text.amounts import ByteCount, Seconds

_OFTEN: Seconds = 0.1
_SELDOM: Seconds = 0.5
_QUIET: Seconds = 15.0
"""After so long without news the spool is looked at seldom."""
_SHARE = 20
"""Looking takes at most one twentieth of the time."""
_PIECE: ByteCount = 1 << 18
_LOGS_APART: Seconds = 0.3
_NEVER_BEGAN = frozenset({"could not start", "withdrawn"})
"""Kinds of ends of attempts that were claimed, and executed nothing."""


class _Claim(NamedTuple):
    """An attempt that has begun."""

    key: str
    at: WallTime
    host: str


class _News(NamedTuple):
    """What one look has found."""

    claims: list[_Claim]
    ends: list[tuple[str, dict[str, object]]]


class SpoolWatch:
    """Tells what the spool says, as soon as it does."""

    def __init__(
        self,
        executor: RemoteExecutor,
        batches: BatchStore,
        contact: Contact,
        on_end: Callable[[str, dict[str, object]], None],
    ) -> None:
        """`on_end` takes the key and the record of an attempt that has ended."""
        self._executor = executor
        self._batches = batches
        self._contact = contact
        self._on_end = on_end
        self._bell = Bell()
        self._looking = anyio.Lock()
        self._seen_claims: set[str] = set()
        self._seen_ends: set[str] = set()
        self._fresh: list[_Claim] = []
        """Claims of the last look. An attempt that could not start has a claim, too, and very soon an end."""
        self._released: list[str] = []
        self._over: list[Batch] = []
        self._last_news = self._logs_due = 0.0

    def ring(self) -> None:
        """Look soon: there may be something new."""
        self._last_news = time.monotonic()
        self._bell.ring()

    def release(self, key: str) -> None:
        """Remove, soon, what the spool has of an attempt whose end is on record. Its claim stays."""
        self._released.append(key)
        self._bell.ring()

    def remove(self, batch: Batch) -> None:
        """Remove, soon, the files of a batch that is over."""
        self._over.append(batch)
        self._bell.ring()

    async def serve(self) -> None:
        """Look until cancelled."""
        while True:
            began = time.monotonic()
            await self.look()
            took = time.monotonic() - began
            is_busy = began - self._last_news < _QUIET
            idle = None if not self._executor.attempts else _OFTEN if is_busy else _SELDOM
            await self._bell.wait(None if idle is None else max(idle, _SHARE * took))

    async def look_anew(self) -> None:
        """Look once at what other machines have written until now."""
        await to_thread.run_sync(self._change_folders)
        await self.look()

    async def look(self) -> None:
        """Look once, and tell what is new."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        released, self._released = self._released, []
        over, self._over = self._over, []
        try:
            news = await to_thread.run_sync(self._read, released, over)
        except (OSError, SpoolError) as error:
            self._released += released
            self._over += over
            words = str(error) if isinstance(error, SpoolError) else f"{self._batches.path}: {error.strerror}".lower()
            self._contact.lose(Party.SPOOL, words)
            return
        self._contact.keep(Party.SPOOL)
        if news.claims or news.ends:
            self._last_news = time.monotonic()
        ends = dict(news.ends)
        for claim in [*self._fresh, *(claim for claim in news.claims if claim.key in ends)]:
            if ends.get(claim.key, {}).get("kind") not in _NEVER_BEGAN:
                self._executor.began(claim.key, claim.at, self._where(claim))
        self._fresh = [claim for claim in news.claims if claim.key not in ends]
        for key, record in ends.items():
            self._on_end(key, record)
        if not self._executor.logs_are_shared and time.monotonic() >= self._logs_due:
            await self._follow_logs()
            self._logs_due = time.monotonic() + _LOGS_APART

    def _where(self, claim: _Claim) -> str:
        batch = self._batches.of(claim.key)
        job = batch.job_of(claim.key) if batch is not None else ""
        return f"{claim.host}, job {job}" if job else claim.host

    def _read(self, released: Sequence[str], over: Sequence[Batch]) -> _News:
        """Read what is new. Only one thread at a time does."""
        spool = self._batches.spool
        for key in released:
            spool.forget(key)
            self._seen_ends.discard(key)
        for batch in over:
            self._batches.remove(batch)
            self._seen_claims.difference_update(batch.keys)
        # Ends first: what has ended has a claim, which the later listing then shows.
        ended = [key for key in spool.keys("ended") if key not in self._seen_ends]
        claims = [found for key in spool.keys("claims") if (found := self._read_claim(spool, key)) is not None]
        ends = []
        for key in ended:
            record = spool.read("ended", key)
            if record is not None:
                self._seen_ends.add(key)
                ends.append((key, record))
        return _News(claims, ends)

    def _change_folders(self) -> None:
        for folder in ("claims", "ended"):
            self._batches.spool.change(folder)

    def _read_claim(self, spool: Spool, key: str) -> _Claim | None:
        if key in self._seen_claims:
            return None
        record = spool.read("claims", key)
        if record is None:  # it is being written
            return None
        self._seen_claims.add(key)
        if is_ours(record):
            return None
        try:
            at = os.stat(spool.file("claims", key)).st_mtime
        except OSError:
            at = time.time()
        return _Claim(key, WallTime(at), str(record.get("at", "")))

    # Logs that are not written into the run's directory by the agents themselves

    async def _follow_logs(self) -> None:
        wanted = {
            attempt.key: attempt.offset
            for attempt in self._executor.attempts.values()
            if attempt.state is RemoteState.RUNNING or attempt.lacks_log
        }
        if not wanted:
            return
        pieces = await to_thread.run_sync(self._read_logs, wanted)
        for key, piece in pieces.items():
            self._executor.log(key, wanted[key], piece)
        if any(len(piece) == _PIECE for piece in pieces.values()):
            self.ring()

    def _read_logs(self, wanted: Mapping[str, ByteCount]) -> dict[str, bytes]:
        """Read on from offsets. A file is opened each time, because network file systems look for changes then."""
        found = {}
        for key, offset in wanted.items():
            try:
                with open(self._batches.spool.file("logs", key), "rb") as file:
                    file.seek(offset)
                    piece = file.read(_PIECE)
            except OSError:  # nothing was printed, or the disk is away: the end waits for it
                continue
            if piece:
                found[key] = piece
        return found
