"""Player: lets the clock of a recording run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.timer import Timer

    from dagtui.runs.recorded import RecordedRun
    from dagtui.text.amounts import ClockTime

SPEEDS: Final = (1, 10, 100)
"""How many times as fast as the run a recording is played, one after the other."""
_TICK: Final = 1 / 20
"""Seconds between two moments."""


class Player:
    """Goes on to the moments of a recording, until its end."""

    class Changed(Message):
        """The speed is another one."""

    def __init__(self, run: RecordedRun, show_clock: Callable[[ClockTime], None], told: Screen[None]) -> None:
        """`show_clock` shows another moment. `told` has the timer, and gets a `Changed` with each other speed."""
        self._run = run
        self._show_clock = show_clock
        self._told = told
        self._timer: Timer | None = None
        self._last = 0.0
        self.speed = 0
        """The present speed. 0: it stands still."""

    def toggle(self) -> None:
        """Play at the next speed, from the beginning if this is the end. After the last speed, stop."""
        run = self._run
        if self.speed == SPEEDS[-1]:
            self.stop()
            return
        if not self.speed and run.moment == run.last:
            self._show_clock(run.events.clock_at(run.first))
        self.speed = next(speed for speed in SPEEDS if speed > self.speed)
        self._last = time.monotonic()
        if self._timer is None:
            self._timer = self._told.set_interval(_TICK, self._go_on)
        self._told.post_message(self.Changed())

    def stop(self) -> None:
        """Stand still."""
        self.speed = 0
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._told.post_message(self.Changed())

    def _go_on(self) -> None:
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        if not self._told.is_current:
            return  # a page or a dialog over it shows this moment
        run = self._run
        self._show_clock(run.clock_after(run.shown_seconds(run.clock()) + self.speed * seconds))
        if run.moment == run.last:
            self.stop()
