"""Hold starts back for a moment when the whole run may be ending.

A service manager sends TERM to all processes of a run at once. The supervisor learns of the attempts' deaths before the
app tells it that the run ends, and must not start other attempts in between.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # see ownership.py

ENDING = frozenset((signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
_ASKED = 5.0  # seconds that the app has to end the run after the supervisor itself got such a signal
_SUSPECTED = 0.2  # seconds to wait for such a signal after an attempt died of one that dagtui did not send
_PEACE = 1.0  # minimum seconds between two suspicions, because some tasks end themselves by signals


class StartHold:
    """Tells whether starts are held back. The signals are blocked in this process, and are read as pending."""

    __slots__ = ("_suspected", "due")

    def __init__(self) -> None:
        self.due = inf
        """Time at which starts continue. Infinity: they are not held back."""
        self._suspected = -inf

    def holds(self, now: float) -> bool:
        """Return whether starts are held back now."""
        asked = ENDING & signal.sigpending()
        if asked:
            signal.sigwait(asked)
            self.due = now + _ASKED
        elif now >= self.due:
            self.due = inf
        return self.due != inf

    def suspect(self, now: float) -> None:
        """Hold starts back after an attempt died of such a signal that dagtui did not send."""
        if self.due == inf and now - self._suspected >= _PEACE:
            self._suspected, self.due = now, now + _SUSPECTED
