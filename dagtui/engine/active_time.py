"""The active time of a run, in which something was not settled, and its limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dagtui.engine.columns import Columns
from dagtui.engine.messages import BY_TIMEOUT
from dagtui.engine.status import UNSETTLED_COUNTS
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from dagtui.text.amounts import ClockTime


class ActiveTime(Columns):
    """The part of a run's state that measures its time."""

    @property
    def unsettled(self) -> int:
        """Number of nodes that are not settled."""
        return sum(self.counts[UNSETTLED_COUNTS])

    def active(self, clock: ClockTime) -> float:
        """Return the run's active seconds at a time of its clock. Time in which everything was settled is left out."""
        return max(0.0, (clock if self.settled_at is None else self.settled_at) - NO_TIME - self.parked)

    def parked_until(self, at: ClockTime) -> float:
        """Return the seconds in which everything was settled, until a time of the run's clock."""
        return self.parked + (0.0 if self.settled_at is None else max(0.0, at - self.settled_at))

    @property
    def ran_out_of_time(self) -> bool:
        """Whether a node is cancelled because the time limit of the run was reached, now or before a retry."""
        if not self.timed_out:
            return False
        numbers = {number for number, command in self.commands.items() if command.by == BY_TIMEOUT}
        return any(not numbers.isdisjoint(marks) for marks in self.marks.values())

    def _time(self, at: ClockTime, *, settled: bool) -> None:
        """Update the active time after a node became settled, or is no longer settled."""
        if settled:
            if not any(self.counts[UNSETTLED_COUNTS]):
                self.settled_at = at
        elif self.settled_at is not None:
            self.parked, self.settled_at = self.parked_until(at), None

    def _begin_limit(self, at: ClockTime) -> None:
        """Let the time limit of the run begin anew if it has run out."""
        if self.limit_from == math.inf:
            self.limit_from = self.active(at)
