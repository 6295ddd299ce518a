"""Stalls: after the process stood still, results are processed before any alarm."""

from __future__ import annotations

from dagtui.text.amounts import ClockTime

LATE = 0.5
"""Seconds: an alarm noticed this much too late indicates a stall, such as a stopped job or a frozen machine."""
MOMENT = 0.25
"""Seconds after a stall until alarms are processed, because the process that watches attempts may have stalled too."""


class Stall:
    """Detects stalls by overdue alarms, and postpones these alarms by `MOMENT`."""

    __slots__ = ("_alarm", "_until")

    def __init__(self) -> None:
        self._alarm = self._until = ClockTime("-inf")

    def holds(self, alarm: ClockTime, now: ClockTime) -> bool:
        """Return whether an alarm that is due must wait for results."""
        if alarm != self._alarm and now - alarm > LATE:
            self._alarm, self._until = alarm, now + MOMENT
        return alarm == self._alarm and now < self._until

    def postponed(self, alarm: ClockTime) -> ClockTime:
        """Return the time at which an alarm can be processed."""
        return max(alarm, self._until) if alarm == self._alarm else alarm
