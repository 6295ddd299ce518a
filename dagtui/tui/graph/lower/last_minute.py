"""The last minute of a run: how many nodes ended and ran, and when the latest ones did."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.text.amounts import NO_TIME
from dagtui.tui.graph.pace import SPAN, Pace

if TYPE_CHECKING:
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth, ClockTime

MOST_LISTED: Final = 5_000
"""In a larger graph no single nodes are listed: the times of all are read a few times a second."""


class Bar(NamedTuple):
    """When the last attempt of a node ran, in columns."""

    node: NodeIndex
    start: int
    end: int
    """The column after its last one."""


class LastMinute:
    """Looks at a run once for each frame that is drawn. A finished run shows its own last minute."""

    def __init__(self, state: RunState, clock: ClockTime) -> None:
        self._state = state
        self._pace = Pace(state, self._at(clock))
        self._running: dict[int, int] = self._ran_before(int(self._at(clock))) if self._is_listed else {}
        """By second of the run's clock, how many nodes ran in it at most."""

    @property
    def _is_listed(self) -> bool:
        return len(self._state.ended) <= MOST_LISTED

    def _at(self, clock: ClockTime) -> ClockTime:
        settled_at = self._state.settled_at
        return clock if settled_at is None else settled_at

    def take(self, clock: ClockTime) -> None:
        """Count what has ended and runs."""
        clock = self._at(clock)
        self._pace.take(clock)
        second, alive = int(clock), sum(self._state.counts[status] for status in ALIVE)
        self._running[second] = max(alive, self._running.get(second, 0))
        if len(self._running) > 2 * SPAN:
            self._running = {at: number for at, number in self._running.items() if at > second - SPAN}

    def ended(self, clock: ClockTime, columns: CellWidth) -> list[int]:
        """Return how many nodes ended in parts of the last minute, the latest last.

        The present part of a run that goes on is left out, as it is not over.
        """
        clock = self._at(clock)
        _, step, count = _parts(clock, columns)
        is_over = self._state.settled_at is not None
        found = self._pace.bars(clock + float(step) if is_over else clock, columns)
        found = found if is_over else found[1 - count :]
        return [0] * (count - len(found) - (not is_over)) + found

    def rate(self, clock: ClockTime) -> float:
        """Return the present number of nodes that end in a second."""
        return self._pace.rate(self._at(clock))

    def running(self, clock: ClockTime, columns: CellWidth) -> list[int]:
        """Return how many nodes ran at most in parts of the last minute, the latest last."""
        first, step, count = _parts(self._at(clock), columns)
        starts = range(first, first + step * count, step)
        return [max(self._running.get(at, 0) for at in range(start, start + step)) for start in starts]

    def bars(self, clock: ClockTime, columns: CellWidth, most: int) -> list[Bar]:
        """Return the last attempts of at most `most` nodes that ran in the last minute, by their start.

        Those that run come first, then those that failed, then the longest ones: with many short nodes, others would
        stand there each second.
        """
        state, clock = self._state, self._at(clock)
        if most < 1 or not self._is_listed:
            return []
        first, step, count = _parts(clock, columns)
        graph = state.graph
        alive = {node for status in ALIVE for node in state.nodes_with(status)}
        late = {
            graph.nodes[node]
            for node, ended in enumerate(state.ended)
            if ended > NO_TIME and int(ended) >= first and state.attempt[node]
        }
        failed = {*state.nodes_with(NodeStatus.FAILED), *state.nodes_with(NodeStatus.RETRYING)}

        def weight(node: NodeIndex) -> tuple[bool, bool, float, int]:
            return node in alive, node in failed, state.ended[node] - state.started[node], -node

        found = nlargest(most, late | alive, key=weight)
        found.sort(key=lambda node: (state.started[node], node))

        def column(at: ClockTime) -> int:
            return max(0, min(count - 1, (int(at) - first) // step))

        return [
            Bar(node, column(state.started[node]), column(clock if node in alive else state.ended[node]) + 1)
            for node in found
        ]

    def _ran_before(self, second: int) -> dict[int, int]:
        """Read from the times of the nodes how many ran before."""
        state, first = self._state, max(0, second - SPAN)
        changes: dict[int, int] = {}
        for node, started in enumerate(state.started):
            alive = state.status[node] in ALIVE
            if not state.attempt[state.graph.nodes[node]] or (not alive and state.ended[node] <= NO_TIME):
                continue
            until = second if alive else int(state.ended[node])
            if until >= first and int(started) <= second:
                changes[max(first, int(started))] = changes.get(max(first, int(started)), 0) + 1
                changes[until + 1] = changes.get(until + 1, 0) - 1
        number, found = 0, {}
        for at in range(first, second):
            found[at] = number = number + changes.get(at, 0)
        return found


def _parts(clock: ClockTime, columns: CellWidth) -> tuple[int, int, int]:
    """Return the first second that is shown in at most `columns` columns, the seconds of one, and their number.

    Columns begin at multiples of their seconds, so that what is over does not move between two of them.
    """
    step = -(-SPAN // max(1, columns))
    count = SPAN // step
    return (int(clock) // step + 1 - count) * step, step, count
