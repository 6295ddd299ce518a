"""Reading of merged logs: a thread reads what the screen is about to show, in short steps, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import anyio
import anyio.to_thread
from anyio.lowlevel import checkpoint

from dagtui.runs.attempt_tracks import AttemptTracks
from dagtui.store.log_growth import LogGrowth
from dagtui.store.log_pieces import BytesRead
from dagtui.store.merged_logs import LAST, EntryKey, Kept, LogEntry, MergedLogs
from dagtui.text import size
from dagtui.tui.all_logs.filters import ERRORS, LogFilter
from dagtui.tui.all_logs.folds import FRESH, FoldedRow, Folding
from dagtui.tui.all_logs.window import LogWindow

if TYPE_CHECKING:
    from dagtui.runs.view import RunView

STEP_SECONDS = 0.015
"""How long one step of reading takes."""
_LOOK_SECONDS = 0.2
"""Interval of looks at logs that grow."""
_LOOK_SHARE = 5
"""After a look comes a pause of at least as many times its length."""
_SOME = 200
_PATIENCE = 0.25
"""The longest that a key waits for what the one before it asked for."""
_MOST_GROWTH = 1 << 18
"""Bytes by which a log may grow between two looks, if what has come is to be appended."""


class ShownRows(NamedTuple):
    """What was read, as rows."""

    entries: list[LogEntry]
    rows: list[FoldedRow]
    at_start: bool = True
    at_end: bool = True


@dataclass(slots=True)
class Wish:
    """What the screen shows."""

    height: int = 24
    above: int = 0
    """Number of rows above the screen."""
    below: int = 0
    top: EntryKey | None = None
    """The first entry on the screen."""
    follows: bool = True
    opened: set[EntryKey] = field(default_factory=set)
    """The first entries of folds that are open."""
    folds: bool = True


class MergedReading:
    """Reads the entries around the screen. Its loop is the only one that reads, one short step after the other."""

    def __init__(self, run: RunView, changed: Callable[[], object], ended: Callable[[], object]) -> None:
        """`changed` is called when there are other rows, and `ended` when no more of them are on their way."""
        self.attempts = AttemptTracks(run)
        self.shown = ShownRows([], [])
        self.wish = Wish()
        self.filter = LogFilter()
        self.missed = 0
        """Number of lines that have come since the end is not followed."""
        self.missed_more = False
        """Whether there were even more."""
        self._news = 0
        """What was missed is told together with rows whose end it is not."""
        self._news_more = False
        self.is_reading = True
        """Whether more rows are on their way."""
        self._changed, self._ended = changed, ended
        self._growth = LogGrowth(self.attempts.tracks)
        self._folding = Folding(self._said_by)
        self._fresh: frozenset[EntryKey] = frozenset()
        """The last entries, when the end was followed."""
        self._is_new = True
        """Whether nothing of the window was shown yet."""
        self._is_stale = False
        """Whether rows must be made again, though nothing was read."""
        self._generation = -1
        self._look_at = 0.0
        self._wanted = anyio.Event()
        self._arrived = anyio.Event()
        self.read = BytesRead()
        self._window = self._at(LAST)

    # What the screen asks for

    def want(self) -> None:
        """Go on reading: the screen shows something else."""
        self._wanted.set()

    def restart(self, key: EntryKey = LAST) -> None:
        """Read from another position on."""
        self._window, self._is_new, self.is_reading = self._at(key), True, True
        if key == LAST:
            self.missed, self.missed_more = 0, False
        self.want()

    def refold(self) -> None:
        """Make other rows of what was read."""
        self._is_stale = True
        self.want()

    def show_only(self, wanted: LogFilter) -> None:
        """Show other lines, from where the screen is."""
        self.filter = wanted
        self.restart(LAST if self.wish.follows or self.wish.top is None else self.wish.top)

    async def arrive(self) -> None:
        """Wait until what was asked for is shown, but not for long: the next key is meant for it."""
        with anyio.move_on_after(_PATIENCE):
            while self._is_new or self._is_stale:
                self._arrived = anyio.Event()
                await self._arrived.wait()

    @property
    def trouble(self) -> str:
        """Why a log could not be read. Empty: all could."""
        return self._window.logs.trouble

    @property
    def searched(self) -> str:
        """How much was read of logs, in words."""
        return size(self.read.logs)

    # The loop

    async def run(self) -> None:
        """Read until it is cancelled."""
        try:
            for _ in self.attempts.begin():
                await checkpoint()
            await anyio.to_thread.run_sync(self._growth.look, list(self.attempts.live.values()))
            self._generation = self.attempts.generation
            self.restart(LAST if self.wish.follows or self.wish.top is None else self.wish.top)
            while True:
                if not await self._step():
                    await self._pause()
        finally:
            self.attempts.stop()

    async def _pause(self) -> None:
        if self.is_reading:
            self.is_reading = False
            self._ended()
        with anyio.move_on_after(max(0.0, self._look_at - time.monotonic())):
            await self._wanted.wait()
        self._wanted = anyio.Event()

    async def _step(self) -> bool:
        """Read for a moment. Return False if there is nothing to read."""
        window = self._window
        job = self._job(window)
        if job is None:
            return False
        wish, self._is_stale = replace(self.wish, opened=set(self.wish.opened)), False
        read, shown = await anyio.to_thread.run_sync(self._done, job, wish)
        if self._window is window and read is not None and shown is not None:
            self._window, self.shown, self._is_new = read, shown, False
            self.missed, self._news = self.missed + self._news, 0
            self.missed_more, self._news_more = self.missed_more or self._news_more, False
            self._changed()
        self._arrived.set()
        return True

    def _done(self, job: _Job, wish: Wish) -> tuple[LogWindow | None, ShownRows | None]:
        """Do a job, in a thread, and make rows of what is read then."""
        window = job(wish)
        if window is None:
            return None, None
        if wish.follows and window.at_end:  # who reads what was fresh sees it as it was
            self._fresh = frozenset(entry.key for entry in window.entries[-FRESH:])
        rows = self._folding.rows(window.entries, wish.opened, self._fresh, folds=wish.folds)
        return window, ShownRows(window.entries, rows, window.at_start, window.at_end)

    def _job(self, window: LogWindow) -> _Job | None:
        """Return what to read next."""
        if time.monotonic() >= self._look_at and not (self._is_new or self._is_stale):
            return self._look()
        wish = self.wish
        rows = 0 if self._is_new else len(self.shown.rows)
        # With few lines that are shown, all logs would be read for those beyond the screen.
        margin = 0 if self.filter.errors else wish.height
        lacks = rows < wish.height
        if not window.at_end and (lacks or wish.below < margin):
            return partial(_grow_down, window)
        if not window.at_start and (lacks or wish.above < margin):
            return partial(_grow_up, window)
        return partial(_kept, window) if self._is_stale or self._is_new else None

    def _look(self) -> _Job | None:
        """Return the look at what has grown, if anything can have."""
        live, generation = set(self.attempts.live.values()), self.attempts.generation
        is_same, self._generation = generation == self._generation, generation
        if is_same and not live:
            self._look_at = time.monotonic() + _LOOK_SECONDS
            return self._job(self._window)
        return partial(self._looked, self._window, live, is_same=is_same)

    def _looked(self, window: LogWindow, live: set[int], wish: Wish, *, is_same: bool) -> LogWindow | None:
        """Look at the logs that grow, and read what has come if the end is followed."""
        began = time.monotonic()
        before = set(window.live)
        growth = self._growth.look(sorted(live | before), counts=not wish.follows)
        if not growth.tracks and is_same:
            found = None
        elif not wish.follows:
            self._news += growth.lines
            self._news_more = self._news_more or not growth.is_exact
            window.reopen(self._merged())
            found = window
        elif window.at_end and growth.size <= _MOST_GROWTH and window.catch_up(self._merged(), growth.tracks, live):
            found = window
        else:
            found = self._at(LAST)
            found.grow_up(_SOME)
        ended = time.monotonic()
        self._look_at = ended + max(_LOOK_SECONDS, _LOOK_SHARE * (ended - began))
        return found

    def _at(self, key: EntryKey) -> LogWindow:
        return LogWindow(self._merged(), key, dict(self._growth.sizes), set(self.attempts.live.values()))

    def _merged(self) -> MergedLogs:
        """Return the logs that are shown, as the filter stands."""
        wanted = self.filter
        chosen = (
            self.attempts.among(wanted.statuses, wanted.nodes) if wanted.statuses or wanted.nodes is not None else None
        )
        only = Kept(ERRORS.matches, ERRORS.may_match, self.attempts.is_failure) if wanted.errors else None
        return MergedLogs(self.attempts.tracks, chosen, only, self.read)

    def _said_by(self, key: EntryKey) -> Hashable:
        """Return the status without an attempt that a mark tells, which nodes may share."""
        return self.attempts.marks.get(key.track)


_Job = Callable[[Wish], LogWindow | None]
"""Reads in a thread, and returns the window that was read. None: nothing has changed."""


def _grow_down(window: LogWindow, _wish: Wish) -> LogWindow:
    window.grow_down(_SOME, time.perf_counter() + STEP_SECONDS)
    return window


def _grow_up(window: LogWindow, _wish: Wish) -> LogWindow:
    window.grow_up(_SOME, time.perf_counter() + STEP_SECONDS)
    return window


def _kept(window: LogWindow, _wish: Wish) -> LogWindow:
    return window
