"""How the columns of a run's state take up a reload of the graph file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dagtui.engine.status import SETTLED, NodeStatus
from dagtui.engine.targets import outside_ancestors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.active_time import ActiveTime
    from dagtui.engine.reload_event import Reload
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime


def take_up(
    state: ActiveTime,
    graph: Graph,
    is_finally: Sequence[int],
    at: ClockTime,
    targets: Iterable[NodeIndex] | None,
    reload: Reload,
) -> None:
    """Change a state by a reload: which nodes are part of the run, and its times.

    The statuses of nodes are changed by their own events.
    """
    if targets is None:
        state.selected[:] = b"\1" * len(graph)
    else:
        inside = outside_ancestors(graph, bytes(len(graph)), targets)
        state.selected[:] = bytes(node in inside for node in graph.nodes)
        state.has_targets = True
    _recount(state, graph, is_finally)
    state.parked, state.limit_from = reload.parked, reload.limit_from
    state.settled_at = None if state.unsettled else at
    state.leaving = frozenset(_found(graph, reload.leaving))
    state.held_before = set()
    state.held = {node for node in _found(graph, reload.held) if state.selected[node]}
    changed = _found(graph, reload.changed.first)
    state.redefined = {**state.redefined, **{node: state.attempt[node] for node in changed}}
    state.superseded = {
        node: attempt for label, attempt in reload.superseded if (node := graph.find(label)) is not None
    }


def _found(graph: Graph, labels: Iterable[str]) -> Iterable[NodeIndex]:
    return (node for label in labels if (node := graph.find(label)) is not None)


def _recount(state: ActiveTime, graph: Graph, is_finally: Sequence[int]) -> None:
    """Count anew what a state counts of the nodes that are part of the run."""
    counts = Counter(status for status, selected in zip(state.status, state.selected, strict=True) if selected)
    state.counts = [counts[status] for status in NodeStatus]
    state.outside = state.selected.count(0)
    state.finally_unsettled = 0
    if is_finally:
        inside = state.inside(graph.nodes)
        state.finally_unsettled = sum(is_finally[node] and state.status[node] not in SETTLED for node in inside)
