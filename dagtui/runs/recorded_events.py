"""The events of a past run, in little memory: a column for each field that most of them have."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, cast

from dagtui.engine.events import CommandEvent, NodeEvent
from dagtui.engine.messages import NO_ATTEMPT, Usage
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME, ClockTime

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableSequence, Sequence

    from dagtui.engine.events import Event
    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex

_STATUSES = tuple(NodeStatus)
_CAUSES = tuple(Cause)
_USAGE = NodeEvent._fields.index("usage") - NodeEvent._fields.index("marks")
"""Position of the usage among the fields that few events have."""


class RecordedEvents:
    """Events by number, from 0, in 46 bytes each, and 36 more for what an attempt used.

    Those with fields that few events have are kept as they are.
    """

    def __init__(self) -> None:
        self._at = cast("MutableSequence[ClockTime]", array("d"))
        self._clocks = cast("MutableSequence[ClockTime]", array("d"))
        """What the run's clock had reached: some results are recorded later than they came."""
        self._nodes = cast("MutableSequence[NodeIndex]", array("i"))
        """By event, its node. -1: it is another kind of event, in `_whole`."""
        self._attempts = cast("MutableSequence[AttemptNumber]", array("i"))
        self._statuses = bytearray()
        self._causes = bytearray()
        self._values = array("i")
        self._seconds = array("d")
        self._blockers = cast("MutableSequence[NodeIndex]", array("i"))
        self._whys = array("I")
        """Where the reason is in `_texts`."""
        self._texts: list[str] = []
        self._text_numbers: dict[str, int] = {}
        self._used_in = array("I")
        """The events that tell what an attempt used, ascending. The next columns have the amounts."""
        self._usages = [array("d") for _ in Usage._fields]
        self._whole: dict[int, Event] = {}
        """The events of which the columns don't tell all, by number."""
        self.failures = array("I")
        """The events with which nodes failed, ascending."""
        self.others = array("I")
        """The events that are not about one node's status, ascending."""

    def __len__(self) -> int:
        return len(self._nodes)

    def extend(self, events: Sequence[Event]) -> None:
        """Add events."""
        if not events:
            return
        first = len(self._nodes)
        rows = [
            event if isinstance(event, NodeEvent) else self._stand_in(number, event)
            for number, event in enumerate(events, first)
        ]
        at, nodes, attempts, statuses, causes, whys, values, seconds, blockers, *rare = zip(*rows, strict=True)
        usages = rare.pop(_USAGE)
        self._at.extend(at)
        self._clocks.extend(accumulate((max(at[0], self._clocks[-1]) if first else at[0], *at[1:]), max))
        self._nodes.extend(nodes)
        self._attempts.extend(attempts)
        self._statuses.extend(statuses)
        self._causes.extend(causes)
        self._values.extend(values)
        self._seconds.extend(seconds)
        self._blockers.extend(blockers)
        numbers = self._text_numbers
        for why in set(whys).difference(numbers):
            numbers[why] = len(self._texts)
            self._texts.append(why)
        self._whys.extend(map(numbers.__getitem__, whys))
        self.failures.extend(number for number, status in enumerate(statuses, first) if status is NodeStatus.FAILED)
        marked = zip(*rare, strict=True)  # marks, due, fresh, stale, left, outputs, bypass, executor, where, ago
        for number, (row, fields) in enumerate(zip(rows, marked, strict=True), first):
            if any(fields):
                self._whole.setdefault(number, row)
        used = [number for number, usage in enumerate(usages, first) if usage is not None]
        self._used_in.extend(used)
        for column, amounts in zip(self._usages, zip(*filter(None, usages), strict=True), strict=bool(used)):
            column.extend(amounts)

    def _stand_in(self, number: int, event: Event) -> NodeEvent:
        """Keep an event that is not about a node's status. Return what the columns have of it."""
        self._whole[number] = event
        self.others.append(number)
        return NodeEvent(event.at, NO_NODE, NO_ATTEMPT, NodeStatus.WAITING)

    def between(self, start: int, end: int) -> Iterator[Event]:
        """Yield the events from `start` to before `end`."""
        whole, texts = self._whole, self._texts
        usages = self._usages_between(start, end)
        columns = (
            *(self._at, self._nodes, self._attempts, self._statuses, self._causes),
            *(self._whys, self._values, self._seconds, self._blockers),
        )
        rows = zip(*(column[start:end] for column in columns), strict=True)
        for number, (at, node, attempt, status, cause, why, value, seconds, blocker) in enumerate(rows, start):
            if number in whole:
                yield whole[number]
                continue
            yield NodeEvent(
                at,
                node,
                attempt,
                _STATUSES[status],
                _CAUSES[cause],
                texts[why],
                value,
                seconds,
                blocker,
                usage=usages.get(number),
            )

    def _usages_between(self, start: int, end: int) -> dict[int, Usage]:
        first, last = bisect_left(self._used_in, start), bisect_left(self._used_in, end)
        rows = zip(*(column[first:last] for column in self._usages), strict=True)
        return {number: Usage(*row) for number, row in zip(self._used_in[first:last], rows, strict=True)}

    def clock_at(self, number: int) -> ClockTime:
        """Return what the run's clock had reached after a number of events."""
        return self._clocks[number - 1] if number else NO_TIME

    def node_of(self, number: int) -> NodeIndex:
        """Return the node of an event."""
        return self._nodes[number]

    def count_until(self, clock: ClockTime) -> int:
        """Return the number of events up to a time of the run's clock."""
        return bisect_right(self._clocks, clock)

    def nodes_between(self, start: int, end: int) -> set[NodeIndex]:
        """Return the nodes that the events from `start` to before `end` are about."""
        found = set(self._nodes[start:end])
        found.discard(NO_NODE)
        for number in self.others[bisect_left(self.others, start) : bisect_left(self.others, end)]:
            event = self._whole[number]
            if isinstance(event, CommandEvent):
                found.update(event.nodes)
        return found
