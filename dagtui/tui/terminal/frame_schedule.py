"""Frame scheduling: paint soon after an event, but no faster than the terminal can bear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import Seconds

AFTERWARDS = 2.0
"""Seconds after the last event for which frames continue, so that panes can do the painting they have postponed."""
FRAMES_A_SECOND, FRAMES_A_SECOND_FAR = 30, 10
"""For a local terminal, and over SSH."""
CROWDED = 60
"""With more events than this between two frames, the frame rate is halved. No reader could follow, and the run gets the
time."""


def interval(environ: Mapping[str, str]) -> float:
    """Return the minimum seconds between two frames."""
    return 1 / (FRAMES_A_SECOND_FAR if environ.get("SSH_CONNECTION") else FRAMES_A_SECOND)


class Frames:
    """One timer at most: for the next frame while attempts run and print, for the next second while the clock runs.

    When the run is finished, nothing is scheduled until an event of the run or a person requests a frame.
    """

    def __init__(self, run: RunView, paint: Callable[[], bool], seconds: Seconds) -> None:
        """Create the scheduler.

        `paint` is called in the event loop. It returns at once, and returns False when nothing can be painted now.
        """
        self._run = run
        self._paint = paint
        self._interval = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")
        self._last = float("-inf")
        self._heard_at = float("-inf")
        self._events = 0
        """Events since the last frame."""
        self._crowded = False
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Start following the run. Call this in a running event loop."""
        self._unsubscribe = self._run.subscribe(self._heard)
        self.request()

    def stop(self) -> None:
        """Stop painting."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._unschedule()

    def request(self) -> None:
        """Schedule a frame soon."""
        now = asyncio.get_running_loop().time()
        self._schedule(max(now, self._last + self._interval))

    def _heard(self, events: Sequence[Event]) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._events += len(events)
        self._schedule(max(self._heard_at, self._last + self._pause))

    @property
    def _pause(self) -> float:
        """Minimum seconds between frames that no person requested."""
        return self._interval * 2 if self._crowded else self._interval

    def _schedule(self, due: float) -> None:
        if self._timer is not None and self._due <= due:
            return
        self._unschedule()
        self._due = due
        self._timer = asyncio.get_running_loop().call_at(due, self._frame)

    def _unschedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._due = None, float("inf")

    def _frame(self) -> None:
        self._timer, self._due = None, float("inf")
        self._last = asyncio.get_running_loop().time()
        self._crowded, self._events = self._events > CROWDED, 0
        painted = self._paint()
        run = self._run
        if run.stands_still and painted:
            return  # what changes, a person's keys change
        if run.alive() or not painted:
            self._schedule(self._last + self._pause)  # output of attempts is not an event
        elif not run.settled:
            self._schedule(self._last + 1.0 - run.clock() % 1.0)
        elif self._last < self._heard_at + AFTERWARDS:
            self._schedule(self._heard_at + AFTERWARDS)
