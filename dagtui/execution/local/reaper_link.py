"""The supervisor's link to the reaper: detects its death, and forks another one."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.text.amounts import Seconds

_TRY_AGAIN = 1.0  # seconds between two starts of a reaper


class ReaperLink:
    """The pipe to the reaper. If its other end is closed, the reaper has died."""

    def __init__(self, pipe: int, run: Callable[[int], None]) -> None:
        """Create a link. `run` runs a reaper after the fork: it gets the other end of a pipe, and never returns."""
        self.pipe = pipe
        """Descriptor to poll for an error. Negative while there is no reaper."""
        self.pid = 0
        """Process id of the reaper that is our child. 0: the reaper is our parent, or there is none."""
        self.due = inf
        """Time at which to call `replace`, or infinity."""
        self._run = run
        self._not_before = 0.0
        self._seconds = b""

    def lose(self) -> None:
        """Note that the reaper has died."""
        os.close(self.pipe)
        self.pipe, self.due = -1, self._not_before

    def replace(self, now: float) -> bool:
        """Fork another reaper, which finds processes by their tag. Return whether there is one now."""
        if now < self._not_before:
            return False
        self.due = self._not_before = now + _TRY_AGAIN
        try:
            theirs, ours = os.pipe()
        except OSError:  # no descriptor left
            return False
        try:
            pid = os.fork()
            if not pid:
                self._run(theirs)
        except OSError:  # no process left
            os.close(ours)
            return False
        finally:
            os.close(theirs)
        self.pid, self.pipe, self.due = pid, ours, inf
        if self._seconds:
            self._tell()
        return True

    def say_end(self, seconds: Seconds) -> None:
        """Tell the reaper how many seconds the supervisor's ending, which begins now, may take."""
        self._seconds = b"%d" % (seconds + 1)
        self._tell()

    def _tell(self) -> None:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.write(self.pipe, self._seconds)
        except OSError:  # it has died, and the next one is told
            pass
