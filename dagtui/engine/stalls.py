"""Alarms after a stall: a process that stood still judges nothing before it has heard what happened meanwhile."""

from __future__ import annotations

LATE = 0.5
"""Seconds: an alarm that is noticed so much too late tells of a stall (a stopped job, a frozen machine)."""
MOMENT = 0.25
"""Seconds after a stall until alarms are judged: what watches the attempts may have stood still, too."""


class Stall:
    """Notices stalls by overdue alarms, and holds these back for a moment."""

    __slots__ = ("_alarm", "_until")

    def __init__(self) -> None:
        self._alarm = self._until = float("-inf")

    def holds(self, alarm: float, now: float) -> bool:
        """Whether an alarm that is due must wait for results."""
        if alarm != self._alarm and now - alarm > LATE:
            self._alarm, self._until = alarm, now + MOMENT
        return alarm == self._alarm and now < self._until

    def postponed(self, alarm: float) -> float:
        """When an alarm can be judged."""
        return max(alarm, self._until) if alarm == self._alarm else alarm
