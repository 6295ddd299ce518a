"""Timeline: what the view Time knows of a run. It is created when that view is first shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dagtui.engine.walks import critical_path_lengths
from dagtui.runs.expected_times import ExpectedTimes, expected_times
from dagtui.text.amounts import NEVER, NO_TIME, ClockTime
from dagtui.tui.graph.time.axis import TimeAxis
from dagtui.tui.graph.time.bars import NOTHING_EXPECTED, Expected
from dagtui.tui.graph.time.span_index import SpanIndex
from dagtui.tui.graph.time.span_sets import RowSpans

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth, Seconds
    from dagtui.tui.graph.tasks.families import Families
    from dagtui.tui.graph.time.attempt_spans import AttemptSpan

FILL: Final = 0.01
"""Seconds of a frame in which nodes are looked at for the first time."""
_EXPECT_EVERY: Final = 2.0
"""Least seconds between two looks at the expected rest while the run goes on."""
_EXPECT_SHARE: Final = 50
"""Looking at it takes at most one part in this many of the time."""


class Timeline:
    """The spans of a run's attempts, what is expected of the rest, and the time axis."""

    def __init__(self, run: RunView, families: Families) -> None:
        self.axis = TimeAxis()
        self.spans = SpanIndex(run, families.of_node, len(families.members))
        self.expected = ExpectedTimes({}, ())
        self.expectations = 0
        """How often the expected rest was looked at."""
        self._run = run
        self._families = families
        self._priorities: Sequence[float] | None = None
        self._by_family: dict[int, list[NodeIndex]] = {}
        """The nodes of each family of which something is expected, or that are on the critical path."""
        self._chain: set[NodeIndex] = set()
        self._critical: list[AttemptSpan] | None = None
        """The attempts on the critical path. None: they have to be looked up."""
        self._expected_at: tuple[bool, ClockTime] = (False, ClockTime("-inf"))
        """Whether the run was settled when the rest was last looked at, and when."""
        self._pause = _EXPECT_EVERY
        self._adapted: tuple[CellWidth, ClockTime] | None = None

    @property
    def is_filling(self) -> bool:
        """Whether nodes are left to be looked at for the first time."""
        return self.spans.is_filling

    def mark(self, nodes: Iterable[NodeIndex]) -> None:
        """Note which nodes have changed."""
        self.spans.mark(nodes)
        self._adapted = None

    def follow(self, cells: CellWidth, clock: ClockTime) -> None:
        """Adopt what has changed, and fit the axis into some cells. Costs nothing when called again for one frame."""
        if self._adapted == (cells, clock):
            return
        changed = self.spans.follow(FILL)
        if changed:
            self._critical = None
        settled = self._run.settled
        before, looked_at = self._expected_at
        if settled != before or (not settled and clock - looked_at >= self._pause) or (settled and changed):
            self._expect(clock)
        self._adapted = cells, clock
        self.axis.adapt(cells, clock, self.extent(clock), settled=settled or self._run.stands_still)

    def extent(self, clock: ClockTime) -> Seconds:
        """Return the seconds from the start of the run to its last end, or to the end that is expected."""
        if self._run.settled_last is not None:
            return float(self._run.settled_last)
        if self._run.settled:
            return float(self.spans.last)
        return float(max(clock, self.expected.end(clock)))

    def family(self, family: int) -> RowSpans | None:
        """Return the spans of a family. None if nothing of it has run or waits."""
        return self.spans.rows[family]

    def node(self, node: NodeIndex) -> RowSpans:
        """Return the spans of one node."""
        found = RowSpans()
        for span in self.spans.nodes.of(node):
            found.add(node, span)
        return found

    def expected_nodes(self, family: int) -> Sequence[NodeIndex]:
        """Return the nodes of a family of which something is expected, or that are on the critical path."""
        return self._by_family.get(family, ())

    def expected_of(self, nodes: Iterable[NodeIndex]) -> Expected:
        """Return what is expected of some nodes."""
        if not self.expected.spans and not self._chain:
            return NOTHING_EXPECTED
        spans: list[tuple[ClockTime, ClockTime]] = []
        critical: list[tuple[ClockTime, ClockTime]] = []
        for node in nodes:
            ahead = self.expected.spans.get(node)
            if ahead is not None:
                spans.append(ahead)
            if node in self._chain:
                critical += [(span.start, span.end) for span in self.spans.nodes.of(node) if span.start < NEVER]
                critical += [ahead] if ahead is not None else []
        return Expected(spans, critical)

    def critical_seconds(self, clock: ClockTime) -> tuple[Seconds, Seconds]:
        """Return how long the attempts on the critical path took, and how long it waited in between."""
        if self._critical is None:
            every = (span for node in self.expected.chain for span in self.spans.nodes.of(node))
            self._critical = [span for span in every if span.start < NEVER]
        spans = self._critical
        work: Seconds = sum(min(span.end, clock) - span.start for span in spans)
        last = float(max((min(span.end, clock) for span in spans), default=NO_TIME))
        return work, max(0.0, last - work)

    def _expect(self, clock: ClockTime) -> None:
        """Look at the expected rest of the run."""
        run, began = self._run, time.perf_counter()
        self._expected_at = run.settled, clock
        if run.stands_still and not run.settled:
            return  # what came of it is known
        weights = run.forecast.weights
        if self._priorities is None:
            self._priorities = critical_path_lengths(run.graph, weights)
        self.expected = expected_times(run.graph, run.state, weights, clock, self._priorities)
        self._chain, self._critical = set(self.expected.chain), None
        self._by_family = {}
        for node in {*self.expected.spans, *self._chain}:
            self._by_family.setdefault(self._families.of_node[node], []).append(node)
        self.expectations += 1
        self._pause = max(_EXPECT_EVERY, _EXPECT_SHARE * (time.perf_counter() - began))
