"""When the screen is painted: soon after something happened, never more often than its terminal can bear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.runs.session import Session

AFTERWARDS = 2.0
"""Seconds after the last event in which panes that put off some of their painting get the chance to do it."""
FRAMES_A_SECOND, FRAMES_A_SECOND_FAR = 30, 10
"""On this machine's terminal, and over SSH."""
CROWDED = 60
"""More events than that from one frame to the next nobody can follow: half as many frames leave the time to the run."""


def interval(environ: Mapping[str, str]) -> float:
    """Seconds between two frames at least."""
    return 1 / (FRAMES_A_SECOND_FAR if environ.get("SSH_CONNECTION") else FRAMES_A_SECOND)


class Frames:
    """One timer at most: for the next frame, while attempts run and print; for the next second, while the clock runs.

    When the run is settled nothing is scheduled until an event of the run or a person asks for a frame.
    """

    def __init__(self, session: Session, paint: Callable[[], bool], seconds: float) -> None:
        """`paint` is called in the event loop; it returns at once, and False when nothing can be painted now."""
        self._session = session
        self._paint = paint
        self._interval = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")
        self._last = float("-inf")
        self._heard_at = float("-inf")
        self._events = 0
        """How many were heard since the last frame."""
        self._crowded = False

    def start(self) -> None:
        """Follow the run; belongs into a running event loop."""
        self._session.run.listeners.append(self._heard)
        self.request()

    def stop(self) -> None:
        """Paint nothing any more."""
        if self._heard in self._session.run.listeners:
            self._session.run.listeners.remove(self._heard)
        self._unschedule()

    def request(self) -> None:
        """Let there be a frame soon."""
        now = asyncio.get_running_loop().time()
        self._schedule(max(now, self._last + self._interval))

    @property
    def scheduled(self) -> bool:
        """Whether a frame is to come."""
        return self._timer is not None

    def _heard(self, events: Sequence[Event]) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._events += len(events)
        self._schedule(max(self._heard_at, self._last + self._pause))

    @property
    def _pause(self) -> float:
        """Seconds at least between frames that no person asked for."""
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
        session = self._session
        if session.alive() or not painted:
            self._schedule(self._last + self._pause)  # what attempts print is no event
        elif not session.settled:
            self._schedule(self._last + 1.0 - session.clock() % 1.0)
        elif self._last < self._heard_at + AFTERWARDS:
            self._schedule(self._heard_at + AFTERWARDS)
