"""Spans of attempts by family: when attempts waited and ran, in arrays that a row's cells are looked up in."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right, insort
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dagtui.engine.messages import FIRST_ATTEMPT, NO_SLOTS
from dagtui.engine.status import ALIVE, Cause, NodeStatus
from dagtui.engine.why import root_cause
from dagtui.text.amounts import NEVER, NO_TIME, ClockTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableSequence, Sequence

    from dagtui.engine.messages import AttemptNumber, Slots
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import Seconds

LEAST: Final = 1e-6
"""Seconds of the shortest span, so that it has a cell."""
ENDS: Final = (NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.CANCELLED)
"""How attempts end."""
ANSWERS: Final = frozenset({Cause.ANSWERED, Cause.REJECTED})
"""The causes of gates that a person has answered."""


class AttemptSpan(NamedTuple):
    """One attempt of a node, or the time that a node has been waiting for one."""

    ready: ClockTime
    """Since when it waited."""
    start: ClockTime
    """When it began. NEVER if it has not."""
    end: ClockTime
    """When it ended. NEVER if it has not."""
    status: NodeStatus
    """How it ended. RUNNING if it has not."""


class SpanSet:
    """Spans of time that may overlap."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts = _times()
        self.ends = _times()

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: ClockTime, end: ClockTime) -> None:
        """Add a span. Those that were added in the order of time cost least."""
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

    __slots__ = ("ended", "open", "version", "waited", "waiting")

    def __init__(self) -> None:
        self.ended = {status: SpanSet() for status in ENDS}
        """The attempts that have ended, by how."""
        self.waited = SpanSet()
        """The time between being ready and the start, of all attempts that have ended."""
        self.open: dict[NodeIndex, AttemptSpan] = {}
        """The attempts in flight."""
        self.waiting: dict[NodeIndex, AttemptSpan] = {}
        """The attempts that nodes wait for: for a slot or a person."""
        self.version = 0
        """Increases with each change."""

    def add(self, node: NodeIndex, span: AttemptSpan) -> None:
        """Add an attempt of a node, or that it waits."""
        if span.status not in ENDS:
            (self.open if span.status is NodeStatus.RUNNING else self.waiting)[node] = span
            return
        self.ended[span.status].add(span.start, span.end)
        if span.ready < span.start:
            self.waited.add(span.ready, span.start)

    @property
    def count(self) -> int:
        """Number of attempts that have begun."""
        return sum(map(len, self.ended.values())) + len(self.open)

    @property
    def extent(self) -> tuple[ClockTime, ClockTime]:
        """The time from the first to the last that it shows, or an empty one. What has not ended lasts for ever."""
        under_way = [*self.open.values(), *self.waiting.values()]
        ended = [spans for spans in (self.waited, *self.ended.values()) if spans]
        begins = [*(spans.starts[0] for spans in ended), *(span.ready for span in under_way)]
        end = NEVER if under_way else max((spans.ends[-1] for spans in ended), default=NO_TIME)
        return min(begins, default=NO_TIME), end


class AttemptSpans:
    """The spans of a run, by row and by slots. Filled piece by piece, then kept current with the nodes that change."""

    def __init__(self, run: RunView, of_node: Sequence[int], rows: int) -> None:
        """`of_node` has the number of the row for each node."""
        self._run = run
        self._state = run.state
        self._of_node = of_node
        self._filled = 0
        """The nodes before this one are in the index."""
        self._known = array("q", bytes(8 * len(of_node)))
        """By node, the number of ended attempts that are in the index."""
        self._dirty: set[NodeIndex] = set()
        self.rows: list[RowSpans | None] = [None] * rows
        """By row. None: nothing of it has run or waits."""
        self.by_slots: dict[Slots, RowSpans] = {}
        """By the number of slots that the nodes take."""
        self.last = NO_TIME
        """When the last attempt ended."""

    @property
    def is_filling(self) -> bool:
        """Whether nodes are left to be looked at for the first time."""
        return self._filled < len(self._of_node)

    def mark(self, nodes: Iterable[NodeIndex]) -> None:
        """Note which nodes have changed. `follow` looks at them."""
        self._dirty.update(nodes)

    def follow(self, seconds: Seconds) -> bool:
        """Look at changed nodes, and for some seconds at nodes for the first time. Return whether any changed."""
        dirty, self._dirty = self._dirty, set()
        for node in dirty:
            if node < self._filled:
                self._look_at(node)
        if not self.is_filling:
            return bool(dirty)
        nodes, until = self._run.graph.nodes, time.perf_counter() + seconds
        while self.is_filling:
            for node in nodes[self._filled : self._filled + _PIECE]:
                self._look_at(node)
            self._filled = min(self._filled + _PIECE, len(nodes))
            if time.perf_counter() >= until:
                break
        return True

    def of(self, node: NodeIndex) -> list[AttemptSpan]:
        """Return the attempts of a node, oldest first, and last that it waits for one."""
        return [*self._ended(node, 0), *self._present(node)]

    def _look_at(self, node: NodeIndex) -> None:
        """Add what is new of a node."""
        state = self._state
        row = self._of_node[node]
        found = self.rows[row]
        if found is None:
            if not state.attempt[node] and state.status[node] != NodeStatus.READY and not state.ended[node]:
                return
            found = self.rows[row] = RowSpans()
        taken = self._taken(node)
        for spans in (found, taken):
            spans.version += 1
            spans.open.pop(node, None)
            spans.waiting.pop(node, None)
        known = self._known[node]
        ended = list(self._ended(node, known))
        self._known[node] = known + len(ended)
        self.last = max([self.last, *(span.end for span in ended)])
        for span in [*ended, *self._present(node)]:
            found.add(node, span)
            taken.add(node, span)

    def _taken(self, node: NodeIndex) -> RowSpans:
        task = self._run.graph.task(node)
        is_free = task.service is not None or self._run.graph.gate(node) is not None
        slots = NO_SLOTS if is_free else cast("Slots", task.slots)
        return self.by_slots.setdefault(slots, RowSpans())

    def _ended(self, node: NodeIndex, known: int) -> Iterator[AttemptSpan]:
        """Yield the ended attempts of a node after the first `known` ones."""
        if (
            not known and self._state.cause[node] in ANSWERS
        ):  # the person's time stands before an attempt without length
            state = self._state
            status = NodeStatus.COMPLETED if state.cause[node] == Cause.ANSWERED else NodeStatus.FAILED
            yield AttemptSpan(state.started[node], state.ended[node], state.ended[node], status)
        for result in self._run.attempts.of(node)[known:]:
            start = max(NO_TIME, result.at - result.seconds)
            yield AttemptSpan(self._ready(node, result.attempt, start), start, result.at, result.status)

    def _present(self, node: NodeIndex) -> Iterator[AttemptSpan]:
        """Yield the attempt of a node that is in flight, or the one that it waits for."""
        state, status = self._state, self._state.status_of(node)
        if status in ALIVE:
            start = state.started[node]
            yield AttemptSpan(self._ready(node, state.attempt[node], start), start, NEVER, NodeStatus.RUNNING)
        elif status is NodeStatus.READY and not state.is_outside(node):
            if state.cause[node] == Cause.ASKS:
                ready = state.started[node]
            else:
                number = state.attempt[node] + (state.cause[node] != Cause.IN_LINE)
                ready = self._ready(node, number, NEVER)
            if ready < NEVER:
                yield AttemptSpan(ready, NEVER, NEVER, NodeStatus.READY)

    def _ready(self, node: NodeIndex, attempt: AttemptNumber, start: ClockTime) -> ClockTime:
        """Return when a node became ready for an attempt that began at `start`. Where it is not known, `start`."""
        known = self._run.attempts.ready_at(node, attempt)
        if known is not None:
            return min(known, start)
        return min(self._released(node), start) if attempt <= FIRST_ATTEMPT else start

    def _released(self, node: NodeIndex) -> ClockTime:
        """Return when the last of a node's parents ended."""
        return max((self._settled(parent) for parent in self._run.graph.parents(node)), default=NO_TIME)

    def _settled(self, node: NodeIndex) -> ClockTime:
        """Return when a node ended. One that is blocked ended with what blocks it."""
        state = self._state
        if state.status[node] == NodeStatus.FAILED_PARENT:
            node = root_cause(state, node)
        return state.ended[node]


def _times() -> MutableSequence[ClockTime]:
    return cast("MutableSequence[ClockTime]", array("d"))


_PIECE: Final = 200
