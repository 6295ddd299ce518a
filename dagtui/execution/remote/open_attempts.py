"""What an executor on other machines tells the engine of the run: from the words of the far side to results."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import (
    NO_ATTEMPT,
    Doubted,
    Ended,
    EndKind,
    Heard,
    Queued,
    Remark,
    Silent,
    Started,
    Withdrawn,
)
from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.remote.end_records import end_of, seconds_of, size_of, stopped_by_us, words
from dagtui.graph.model import NO_NODE
from dagtui.text import label
from dagtui.text.amounts import WallTime, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import anyio

    from dagtui.engine.messages import AttemptNumber, Result
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ByteCount, Seconds

_LOG_TROUBLE = 30.0
"""Seconds for which the end of an attempt waits for a log that can't be written here."""
_TRY_AGAIN = 1.0
"""Seconds until the next look at logs that could not be written."""


class _Piece(NamedTuple):
    """A piece of a log that has arrived."""

    attempt: RemoteAttempt
    at: ByteCount
    content: bytes
    wall: WallTime


class OpenAttempts:
    """The open attempts of an executor, and what became of them.

    All calls are made in the thread of the event loop. What is said about keys that are not open any more is ignored.
    """

    logs_are_shared = False
    """Whether agents write logs into the run's directory themselves, so that none is copied."""

    def __init__(self, settings: ExecutorSettings) -> None:
        self.settings = settings
        self.attempts: dict[str, RemoteAttempt] = {}
        """The open attempts, by key."""
        self._keys: dict[tuple[NodeIndex, AttemptNumber], str] = {}
        self._deliver: Callable[[Result], None] = _ignore
        self._unreleased: list[RemoteAttempt] = []
        """Attempts whose ends were delivered, and may not be on record."""
        self._pieces: list[_Piece] = []
        self._troubled: dict[str, float] = {}
        """Ended attempts whose logs can't be written, and since when, on the monotonic clock."""
        self._silent_since: WallTime | None = None
        self._why_silent = ""
        self._arrived: anyio.Event | None = None
        """Set when a piece of a log has arrived."""
        self._over: anyio.Event | None = None
        """Set when an attempt is over."""

    def unrecorded(self, keys: Iterable[str]) -> set[str]:
        """Return those of some attempts that are open, or whose ends may not be on record."""
        delivered = {attempt.key for attempt in self._unreleased}
        return {key for key in keys if key in self.attempts or key in delivered}

    def queued(self, key: str, why: str = "") -> None:
        """Tell that the engine has an attempt, and why it waits, in the engine's words."""
        attempt = self.attempts.get(key)
        if attempt is None or attempt.state is RemoteState.RUNNING or attempt.end is not None:
            return
        why = words(why)
        if attempt.state is RemoteState.QUEUED and attempt.why == why:
            return
        attempt.state, attempt.why = RemoteState.QUEUED, why
        self._tell(attempt, Queued(attempt.node, attempt.attempt, why))

    def began(self, key: str, at: WallTime, where: str) -> None:
        """Tell that an attempt began at a wall time of the machine that executes it."""
        attempt = self.attempts.get(key)
        if attempt is not None and attempt.state is not RemoteState.RUNNING:
            self._begin(attempt, where, max(0.0, now() - at))

    def log(self, key: str, at: ByteCount, content: bytes, wall: WallTime | None = None) -> None:
        """Take a piece of a log that begins at an offset. What is known already is passed over, and so is a gap.

        `wall` says when it was printed, by default now. A piece that can't be written here is to be sent again: then
        `attempt.offset` goes back.
        """
        attempt = self.attempts.get(key)
        if attempt is None or not at <= attempt.offset < at + len(content):
            return
        piece = content[attempt.offset - at :]
        self._pieces.append(_Piece(attempt, attempt.offset, piece, now() if wall is None else wall))
        attempt.offset += len(piece)
        if self._arrived is not None:
            self._arrived.set()

    def ended(self, key: str, record: Mapping[str, object], where: str = "") -> None:
        """Take the agent's record of an end, and where it ran. It is delivered when the log is here."""
        attempt = self.attempts.get(key)
        if attempt is None or attempt.end is not None:
            return
        attempt.end, attempt.size = end_of(attempt, record), 0 if self.logs_are_shared else size_of(record)
        if attempt.state is not RemoteState.RUNNING and _has_begun(attempt.end):
            self._begin(attempt, where, _since_begin(record))
        self._conclude(attempt)

    def withdrawn(self, key: str) -> None:
        """Tell that an attempt was taken back before it began."""
        self._finish(key, lambda each: Withdrawn(each.node, each.attempt))

    def refused(self, key: str, text: str, *, lasting: bool = False) -> None:
        """Tell that an attempt could not start, in the engine's words, and whether a retry would fail too."""
        kind, text = EndKind.COULD_NOT_START, words(text)
        self._finish(key, lambda each: Ended(each.node, each.attempt, kind, text=text, lasting=lasting))

    def lost(self, key: str, text: str) -> None:
        """Give an attempt up. Only once it is fenced: no process of it does anything from now on."""
        text = words(text)
        self._finish(key, lambda each: Ended(each.node, each.attempt, EndKind.LOST, text=text))

    def outside(self, key: str, text: str) -> None:
        """Tell that an attempt was ended there, in the engine's words. If it was to be stopped, it has been."""
        text = words(text)
        self._finish(
            key, lambda each: stopped_by_us(each) or Ended(each.node, each.attempt, EndKind.OUTSIDE, text=text)
        )

    def doubted(self, key: str, text: str, wait: Seconds) -> None:
        """Tell that an attempt is given up some seconds from now, unless its end arrives, and why."""
        attempt = self.attempts.get(key)
        if attempt is not None and attempt.end is None and attempt.state is RemoteState.RUNNING:
            self._tell(attempt, Doubted(attempt.node, attempt.attempt, words(text), wait))

    def silent(self, why: str, ago: Seconds = 0.0) -> None:
        """Tell that the engine can't be reached, and for how long already. What runs there goes on."""
        why = words(why)
        if self._silent_since is None:
            self._silent_since = now() - ago
        elif why == self._why_silent:
            return
        self._why_silent = why
        self._deliver(Silent(self.settings.name, self._silent_since, why))

    def heard(self) -> None:
        """Tell that the engine answers. May be called with every answer."""
        if self._silent_since is not None:
            self._silent_since = None
            self._deliver(Heard(self.settings.name))

    # Deliver

    def _begin(self, attempt: RemoteAttempt, where: str, ago: Seconds) -> None:
        attempt.state = RemoteState.RUNNING
        if attempt.handed_at:  # clocks of machines differ
            ago = min(ago, time.monotonic() - attempt.handed_at)
        self._tell(attempt, Started(attempt.node, attempt.attempt, where=words(where), ago=ago))

    def _conclude(self, attempt: RemoteAttempt) -> None:
        """Deliver an end if the log is here."""
        if attempt.end is None or attempt.copy.written < (attempt.size or 0):
            return
        self._settle(attempt, attempt.end)

    def _finish(self, key: str, make: Callable[[RemoteAttempt], Ended | Withdrawn]) -> None:
        """Deliver an end without waiting for more of the log. What the agent has recorded counts first."""
        attempt = self.attempts.get(key)
        if attempt is None:
            return
        if attempt.end is None:
            attempt.end = make(attempt)
        elif attempt.copy.written < (attempt.size or 0):
            attempt.remark = attempt.remark or "lost the end of its log: it could not be fetched"
        self._settle(attempt, attempt.end)

    def _settle(self, attempt: RemoteAttempt, end: Ended | Withdrawn) -> None:
        if attempt.state is not RemoteState.RUNNING and _has_begun(end):
            self._begin(attempt, "", end.seconds if isinstance(end, Ended) else 0.0)
        del self.attempts[attempt.key]
        self._keys.pop((attempt.node, attempt.attempt), None)
        self._troubled.pop(attempt.key, None)
        self._unreleased.append(attempt)
        if attempt.remark:
            self._tell(attempt, Remark(attempt.node, attempt.attempt, attempt.remark))
        if attempt.node < 0:
            self._deliver(Remark(NO_NODE, NO_ATTEMPT, f"{label(attempt.label)}: its attempt is over"))
        self._tell(attempt, end)
        if self._over is not None:
            self._over.set()

    def _tell(self, attempt: RemoteAttempt, result: Result) -> None:
        """Deliver a result, unless the graph does not have the node any more."""
        if attempt.node >= 0:
            self._deliver(result)

    # Logs

    async def _keep_logs(self) -> None:
        """Write the pieces of logs that arrive, in a thread, because disks may hang."""
        import anyio
        from anyio import to_thread

        while True:
            self._arrived = anyio.Event()
            if self._pieces:
                pieces, self._pieces = self._pieces, []
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(_write, pieces)
                self._wrote(pieces)
                continue
            with anyio.move_on_after(_TRY_AGAIN if self._troubled else None):
                await self._arrived.wait()
            self._give_up_logs()

    def _wrote(self, pieces: list[_Piece]) -> None:
        for attempt in dict.fromkeys(piece.attempt for piece in pieces):
            if attempt.copy.trouble:
                attempt.offset = attempt.copy.written
                self._pieces = [piece for piece in self._pieces if piece.attempt is not attempt]
                self._troubled.setdefault(attempt.key, time.monotonic())
            else:
                self._troubled.pop(attempt.key, None)
            if attempt.key in self.attempts:
                self._conclude(attempt)

    def _give_up_logs(self) -> None:
        """Deliver ends that have waited long enough for logs that can't be written."""
        for key, since in tuple(self._troubled.items()):
            attempt = self.attempts.get(key)
            if attempt is None:
                del self._troubled[key]
            elif attempt.end is not None and time.monotonic() - since > _LOG_TROUBLE:
                attempt.remark = attempt.remark or f"lost the end of its log: {attempt.copy.trouble}"
                self._settle(attempt, attempt.end)


def _write(pieces: list[_Piece]) -> None:
    for attempt, at, content, wall in pieces:
        attempt.copy.write(at, content, wall)


def _since_begin(record: Mapping[str, object]) -> Seconds:
    """Return how long ago an attempt began that has ended. An older agent does not tell when that was."""
    at, seconds = seconds_of(record.get("at")), seconds_of(record.get("seconds"))
    return max(seconds, now() - WallTime(at)) if at else seconds


def _has_begun(end: Ended | Withdrawn) -> bool:
    return isinstance(end, Ended) and end.kind is not EndKind.COULD_NOT_START


def _ignore(_: Result) -> None:
    """Do nothing: nothing is delivered before the executor is opened."""
