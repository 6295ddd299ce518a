"""Range of the time that the rest of a run takes, and what it rests on."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagtui.engine.messages import Slots
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.store.history import Spread
    from dagtui.text.amounts import Seconds

_LATER: Final = 1.6
"""The range ends this many mean deviations later than the estimate, which nine of ten runs keep to."""
_SOONER: Final = 1.2
"""It begins this many sooner: less, because no run in which nodes keep to their times takes less than the estimate."""
_MOST: Final = 2_000
"""The most nodes whose deviations are summed up. The sum of more of them varies little."""
_WAITING: Final = 0.5
"""The share of the longest wait for slots that any schedule may have which is expected at the end of the range."""


class EtaRange(NamedTuple):
    """How long the rest of a run takes in most cases."""

    low: Seconds
    high: Seconds
    runs: int
    """The least number of successes that the estimate of a node on the critical path rests on. 0: it is a guess."""

    def after(self, seconds: Seconds) -> EtaRange:
        """Return the range when some time has passed."""
        return EtaRange(max(0.0, self.low - seconds), max(0.0, self.high - seconds), self.runs)

    @property
    def basis(self) -> str:
        """What it rests on, in words."""
        return basis_words(self.runs)


def basis_words(runs: int) -> str:
    """Say what an estimate rests on, given the number of successes."""
    return f"from {plural(runs, 'run')}" if runs > 0 else "partly guessed"


class Rest(NamedTuple):
    """What is left to run."""

    lengths: Mapping[NodeIndex, Seconds]
    """The longest path from each node to the end."""
    bound: NodeIndex
    """The node with the longest of all."""
    work: Seconds
    """The time of all nodes, divided by the slots."""
    pools: Seconds
    slots: Slots
    together: float
    """How far off whole runs usually are, as a share."""


def eta_range(
    graph: Graph, rest: Rest, spread: Callable[[NodeIndex], Spread], share: Callable[[NodeIndex], float]
) -> EtaRange:
    """Return the range. `share` is the share of the slots that a node takes."""
    path = list(_longest_path(graph, rest))
    spreads = [spread(node) for node in path]
    longest = rest.lengths[rest.bound]
    along = _deviation([rest.together * longest, *(found.deviation for found in spreads)])
    across = 0.0
    if len(rest.lengths) <= _MOST:
        alone = (spread(node).deviation * share(node) for node in rest.lengths)
        across = _deviation([rest.together * rest.work, *alone])
    # No schedule that keeps its slots busy takes longer than this (Graham 1966).
    high = max(longest + _LATER * along, rest.work + _LATER * across, rest.pools)
    latest = rest.work + _LATER * across + (1 - 1 / max(1, rest.slots)) * (longest + _LATER * along)
    high += _WAITING * max(0.0, latest - high)
    low = max(longest - _SOONER * along, rest.work - _SOONER * across, rest.pools, 0.0)
    return EtaRange(min(low, high), high, min((found.runs for found in spreads), default=0))


def _longest_path(graph: Graph, rest: Rest) -> Iterator[NodeIndex]:
    """Yield the nodes of the critical path that are left."""
    node: NodeIndex | None = rest.bound
    while node is not None:
        yield node
        left = [child for child in graph.children(node) if child in rest.lengths]
        node = max(left, key=rest.lengths.__getitem__, default=None)


def _deviation(deviations: Sequence[Seconds]) -> Seconds:
    """Return the deviation of a sum of times that vary independently."""
    return sqrt(sum(deviation * deviation for deviation in deviations))
