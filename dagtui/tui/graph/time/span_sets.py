"""Sets of spans of time, in sorted arrays, in which the cells of a row are looked up."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from itertools import pairwise
from typing import TYPE_CHECKING, Final, cast

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import NEVER, NO_TIME
from dagtui.tui.graph.amounts import covered

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableSequence, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds
    from dagtui.tui.graph.time.attempt_spans import AttemptSpan

LEAST: Final = 1e-6
"""Seconds of the shortest span, so that it has a cell."""
BAD_ENDS: Final = (NodeStatus.FAILED, NodeStatus.CANCELLED)
ENDS: Final = (NodeStatus.COMPLETED, *BAD_ENDS)
"""How attempts end."""
_SUMMED: Final = 2_000
"""The most attempts of a row whose times are summed up. For more, it is the time from the first to the last."""


def times() -> MutableSequence[ClockTime]:
    """Return an empty array of times."""
    return cast("MutableSequence[ClockTime]", array("d"))


class SpanSet:
    """Spans of time that may overlap. Those that are added in the order of time cost least."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts = times()
        self.ends = times()

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: ClockTime, end: ClockTime) -> None:
        """Add a span."""
        insort(self.starts, start)
        insort(self.ends, max(end, start + LEAST))

    def within(self, edges: Sequence[ClockTime]) -> list[int]:
        """Return how many spans have a part in each of the cells between some edges."""
        starts, ends = self.starts, self.ends
        done = [bisect_right(ends, edge) for edge in edges[:-1]]
        return [bisect_left(starts, edge) - over for edge, over in zip(edges[1:], done, strict=True)]

    def at(self, moments: Sequence[ClockTime]) -> list[int]:
        """Return how many spans cover each of some moments."""
        starts, ends = self.starts, self.ends
        return [bisect_right(starts, moment) - bisect_right(ends, moment) for moment in moments]

    def ended(self, edges: Sequence[ClockTime]) -> list[int]:
        """Return how many spans end in each of the cells between some edges."""
        over = [bisect_right(self.ends, edge) for edge in edges]
        return [after - before for before, after in pairwise(over)]

    @classmethod
    def of(cls, spans: Iterable[tuple[ClockTime, ClockTime]]) -> SpanSet:
        """Return some spans as a set."""
        found, known = cls(), list(spans)
        found.starts.extend(sorted(start for start, _ in known))
        found.ends.extend(sorted(max(end, start + LEAST) for start, end in known))
        return found


class RowSpans:
    """The spans of the nodes that one row stands for."""

    __slots__ = ("_covered", "_waiting", "ended", "open", "queued", "version", "waited")

    def __init__(self) -> None:
        self.ended: dict[NodeStatus, SpanSet] = {}
        """The attempts that have ended, by how."""
        self.waited = SpanSet()
        """The time between being ready and the start, of all attempts that have ended."""
        self.open: dict[NodeIndex, AttemptSpan] = {}
        """The attempts in flight."""
        self.queued = times()
        """Since when nodes wait for a slot or a person, in order. There may be many."""
        self._waiting: dict[NodeIndex, ClockTime] = {}
        """The same, by node."""
        self.version = 0
        """Increases with each change."""
        self._covered: tuple[int, ClockTime, Seconds] = -1, NO_TIME, 0.0
        """A version, a time that no attempt goes beyond, and what attempts covered then."""

    def add(self, node: NodeIndex, span: AttemptSpan) -> None:
        """Add an attempt of a node, or that it waits."""
        self.version += 1
        if span.status is NodeStatus.RUNNING:
            self.open[node] = span
            return
        if span.status is NodeStatus.READY:
            self._waiting[node] = span.ready
            insort(self.queued, span.ready)
            return
        ended = self.ended.get(span.status)
        if ended is None:
            ended = self.ended[span.status] = SpanSet()
        ended.add(span.start, span.end)
        if span.ready < span.start:
            self.waited.add(span.ready, span.start)

    def forget_present(self, node: NodeIndex) -> None:
        """Remove the attempt of a node that has not ended."""
        self.version += 1
        self.open.pop(node, None)
        ready = self._waiting.pop(node, None)
        if ready is not None:
            del self.queued[bisect_right(self.queued, ready) - 1]

    @property
    def shows_anything(self) -> bool:
        """Whether a node has run or waits."""
        return bool(self.ended or self.open or self.queued or self.waited)

    @property
    def count(self) -> int:
        """Number of attempts that have begun."""
        return sum(map(len, self.ended.values())) + len(self.open)

    @property
    def extent(self) -> tuple[ClockTime, ClockTime]:
        """The time from the first to the last that it shows, or an empty one. What has not ended lasts for ever."""
        ended = [spans for spans in (self.waited, *self.ended.values()) if spans]
        begins = [*(spans.starts[0] for spans in ended), *(span.ready for span in self.open.values())]
        begins += self.queued[:1]
        end = NEVER if self.open or self.queued else max((spans.ends[-1] for spans in ended), default=NO_TIME)
        return min(begins, default=NO_TIME), end

    def covered(self, clock: ClockTime) -> Seconds:
        """Return the time that attempts cover. While nothing changes, it grows with the clock if any has not ended."""
        if self.count > _SUMMED:
            begin, end = self.extent
            return min(end, clock) - begin
        version, then, seconds = self._covered
        if version == self.version and clock >= then:
            return seconds + (clock - then) if self.open else seconds
        # Starts and ends are each in order. As pairs, they cover what the attempts do.
        spans = [pair for ended in self.ended.values() for pair in zip(ended.starts, ended.ends, strict=True)]
        spans += [(span.start, max(clock, span.start)) for span in self.open.values()]
        seconds = covered(spans)
        if all(end <= clock for _, end in spans):
            self._covered = self.version, clock, seconds
        return seconds
