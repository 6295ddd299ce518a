"""Index of spans: the attempts of a whole run, by row and by the slots that they take."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Final

from dagtui.engine.capacity import slots_of
from dagtui.engine.status import ALIVE, SUBMITTED_CAUSES, NodeStatus
from dagtui.text.amounts import NO_TIME
from dagtui.tui.graph.time.attempt_spans import ANSWERS, NodeAttempts
from dagtui.tui.graph.time.span_sets import RowSpans, SpanSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.messages import Slots
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime, Seconds
    from dagtui.tui.graph.time.attempt_spans import AttemptSpan

_PIECE: Final = 200
"""The nodes between two looks at the time."""


class SpanIndex:
    """Is filled piece by piece, then kept current with the nodes that change."""

    def __init__(self, run: RunView, of_node: Sequence[int], rows: int) -> None:
        """`of_node` has the number of the row for each node."""
        self.nodes = NodeAttempts(run)
        self.rows: list[RowSpans | None] = [None] * rows
        """By row. None: nothing of it has run or waits."""
        self.by_slots: dict[Slots, SpanSet] = {}
        """By the number of slots that nodes take. Attempts in flight have begun, and have not ended."""
        self.last: ClockTime = NO_TIME
        """When the last attempt ended."""
        self._graph = run.graph
        self._state = run.state
        self._of_node = of_node
        self._filled = 0
        """The nodes before this one are in the index."""
        self._known = array("q", bytes(8 * len(of_node)))
        """By node, the number of ended attempts that are in the index."""
        self._taking: dict[NodeIndex, AttemptSpan] = {}
        """The attempts in flight that take slots, as they are in `by_slots`."""
        self._dirty: set[NodeIndex] = set()

    @property
    def is_filling(self) -> bool:
        """Whether nodes are left to be looked at for the first time."""
        return self._filled < len(self._of_node)

    def mark(self, nodes: Iterable[NodeIndex]) -> None:
        """Note which nodes have changed. `follow` looks at them."""
        self._dirty.update(nodes)

    def follow(self, seconds: Seconds) -> bool:
        """Look at changed nodes, and for some seconds at nodes for the first time. Return whether any had changed."""
        dirty, self._dirty = self._dirty, set()
        for node in dirty:
            if node < self._filled:
                self._look_at(node)
        nodes, until = self._graph.nodes, time.perf_counter() + seconds
        while self.is_filling:
            for node in nodes[self._filled : self._filled + _PIECE]:
                self._look_at(node)
            self._filled = min(self._filled + _PIECE, len(nodes))
            if time.perf_counter() >= until:
                break
        return bool(dirty)

    def _look_at(self, node: NodeIndex) -> None:
        """Add what is new of a node."""
        state, row = self._state, self._of_node[node]
        status, found = state.status[node], self.rows[row]
        if found is None:
            if not state.attempt[node] and status != NodeStatus.READY and not state.ended[node]:
                return
            found = self.rows[row] = RowSpans()
        found.forget_present(node)
        ended = self._new_ends(node, status)
        for span in ended:
            found.add(node, span)
        present = self.nodes.present(node)
        if present is not None:
            found.add(node, present)
        self._take_slots(node, ended, present)

    def _new_ends(self, node: NodeIndex, status: int) -> Sequence[AttemptSpan]:
        """Return the attempts of a node that ended since it was last looked at."""
        state, known = self._state, self._known[node]
        has_one = status in ALIVE or (status == NodeStatus.READY and state.cause[node] in SUBMITTED_CAUSES)
        if known >= state.attempt[node] - has_one and state.cause[node] not in ANSWERS:
            return ()
        ended = list(self.nodes.ended(node, known))
        self._known[node] = known + len(ended)
        for span in ended:
            self.last = max(self.last, span.end)
        return ended

    def _take_slots(self, node: NodeIndex, ended: Iterable[AttemptSpan], present: AttemptSpan | None) -> None:
        """Note which slots a node takes and has taken."""
        taken = self._taken(node)
        if taken is None:
            return
        taking = self._taking.pop(node, None)
        if taking is not None:  # its start is noted again: at its end it is known better
            del taken.starts[bisect_left(taken.starts, taking.start)]
        for span in ended:
            taken.add(span.start, span.end)
        if present is not None and present.status is NodeStatus.RUNNING:
            self._taking[node] = present
            insort(taken.starts, present.start)

    def _taken(self, node: NodeIndex) -> SpanSet | None:
        """Return the attempts that take as many slots as a node. None if it takes none."""
        slots = slots_of(self._graph, node)
        if not slots:
            return None
        found = self.by_slots.get(slots)
        if found is None:
            found = self.by_slots[slots] = SpanSet()
        return found
