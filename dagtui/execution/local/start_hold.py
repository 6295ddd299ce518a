"""Keeps starts back for a moment when the end of the whole run may have been asked for.

A service manager sends TERM to all processes of a run at once. The supervisor hears of the attempts' deaths before the
app says that the run ends, and must not begin what comes next meanwhile.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # see ownership.py

ENDING = frozenset((signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
_ASKED = 5.0  # seconds that the app has to end the run, after a signal that was meant for it as well
_SUSPECTED = 0.2  # seconds that such a signal may take, when an attempt died of one that nobody here has sent
_PEACE = 1.0  # seconds from one suspicion to the next: some tasks end themselves by signals


class StartHold:
    """Whether starts are kept back; the signals are blocked in this process, and found pending."""

    __slots__ = ("_suspected", "due")

    def __init__(self) -> None:
        self.due = inf
        """When starts go on; infinity: they are not kept back."""
        self._suspected = -inf

    def holds(self, now: float) -> bool:
        """Whether nothing may begin now."""
        asked = ENDING & signal.sigpending()
        if asked:
            signal.sigwait(asked)
            self.due = now + _ASKED
        elif now >= self.due:
            self.due = inf
        return self.due != inf

    def suspect(self, now: float) -> None:
        """An attempt has died of such a signal, which was sent by somebody else."""
        if self.due == inf and now - self._suspected >= _PEACE:
            self._suspected, self.due = now, now + _SUSPECTED
