"""Explanatory paths through the graph: from a blocked node to its cause, and along what a node waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE, NodeStatus, ParentOutcome
from dagtui.engine.why import root_cause, waits_for
from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime, Seconds

MOST_ANCESTORS = 5_000
"""The most ancestors to visit: more would hold up the screen."""
UNKNOWN_SECONDS = 1.0


def path_to_cause(run: RunView, node: NodeIndex) -> list[NodeIndex]:
    """Return the node, the parent that blocks it, the parent that blocks that one, and so on.

    A very long path is cut after MOST_ANCESTORS, and the root cause is added.
    """
    state = run.state
    path = [node]
    while state.blocker[path[-1]] >= 0 and len(path) < MOST_ANCESTORS:
        path.append(state.blocker[path[-1]])
    root = root_cause(state, node)
    return path if path[-1] == root else [*path, root]


def longest_wait(run: RunView, node: NodeIndex, clock: ClockTime) -> tuple[list[NodeIndex], float | None]:
    """Return the slowest path of unsettled ancestors, nearest first, and its expected seconds, if known.

    The path is empty if the node waits for nothing, or if there are too many ancestors.
    """
    pending = _unsettled_ancestors(run, node)
    if pending is None:
        return [], None
    seconds: dict[NodeIndex, Seconds] = {}
    following: dict[NodeIndex, NodeIndex] = {}
    for current in _parents_first(run, node, pending):
        parents = [parent for parent in waits_for(run.state, current) if parent in seconds]
        slowest = max(parents, key=seconds.__getitem__, default=NO_NODE)
        following[current] = slowest
        seconds[current] = (0.0 if current == node else _left(run, current, clock)) + seconds.get(slowest, 0.0)
    path = []
    current = following.get(node, NO_NODE)
    while current >= 0:
        path.append(current)
        current = following[current]
    known = bool(path) and all(run.estimate(one) is not None for one in path)
    return path, seconds[node] if known else None


def gate_waited_for(run: RunView, node: NodeIndex) -> NodeIndex | None:
    """Return a gate that asks and that a WAITING node waits for, also from afar. None if there is no such gate."""
    asking = frozenset(run.state.asking())
    if not asking:
        return None
    if run.state.waits_for_all(node):
        return min(asking)
    pending = _reach(run, node, lambda other: run.state.outcome_of(other) is ParentOutcome.UNSETTLED)
    return next((other for other in pending if other in asking), None)


def failed_ancestors(run: RunView, node: NodeIndex) -> list[NodeIndex]:
    """Return the ancestors that are the causes of a FAILED_PARENT node, nearest first, among MOST_ANCESTORS."""
    state = run.state
    reached = _reach(run, node, lambda other: state.outcome_of(other) is ParentOutcome.BAD)
    return [other for other in reached if state.status[other] != NodeStatus.FAILED_PARENT]


def rerun_ancestors(run: RunView, node: NodeIndex) -> list[NodeIndex]:
    """Return the ancestors of a stale node that ran after it, or do now, nearest first, among MOST_ANCESTORS."""
    state = run.state
    ended = state.ended[node]
    reached = _reach(run, node, lambda _: True)[1:]
    return [other for other in reached if max(state.started[other], state.ended[other]) > ended]


def redefined_ancestors(run: RunView, node: NodeIndex) -> list[NodeIndex]:
    """Return the ancestors that ran with an older definition than the graph has, nearest first, among MOST_ANCESTORS.

    What has not run with the older definition makes nothing stale.
    """
    state = run.state
    if not state.redefined:
        return []
    reached = (other for other in _reach(run, node, lambda _: True)[1:] if state.stale[other] or _is_alive(run, other))
    return [other for other in reached if state.redefined.get(other) == state.attempt[other]]


def _is_alive(run: RunView, node: NodeIndex) -> bool:
    return run.state.status_of(node) in ALIVE


def _reach(run: RunView, node: NodeIndex, accepts: Callable[[NodeIndex], bool]) -> list[NodeIndex]:
    """Return the node and its ancestors along accepted ones, nearest first, at most MOST_ANCESTORS."""
    found = [node]
    seen = {node}
    for current in found:
        for parent in run.graph.parents(current):
            if len(found) > MOST_ANCESTORS:
                return found
            if parent not in seen and accepts(parent):
                seen.add(parent)
                found.append(parent)
    return found


def _unsettled_ancestors(run: RunView, node: NodeIndex) -> set[NodeIndex] | None:
    """Return the node and all unsettled ancestors, or None if there are too many."""
    state = run.state
    found = _reach(run, node, lambda other: state.outcome_of(other) is ParentOutcome.UNSETTLED)
    return None if len(found) > MOST_ANCESTORS else set(found)


def _parents_first(run: RunView, node: NodeIndex, among: set[NodeIndex]) -> list[NodeIndex]:
    """Return some ancestors of a node and the node itself, each after its parents."""
    found: list[NodeIndex] = []
    seen = {node}
    stack = [(node, iter(run.graph.parents(node)))]
    while stack:
        current, parents = stack[-1]
        parent = next((one for one in parents if one in among and one not in seen), None)
        if parent is None:
            found.append(current)
            stack.pop()
        else:
            seen.add(parent)
            stack.append((parent, iter(run.graph.parents(parent))))
    return found


def _left(run: RunView, node: NodeIndex, clock: ClockTime) -> float:
    """Return how long a node will still take."""
    estimate = run.estimate(node)
    seconds = UNKNOWN_SECONDS if estimate is None else estimate
    if run.state.status_of(node) is NodeStatus.RUNNING:
        return max(0.0, seconds - (clock - run.state.started[node]))
    return seconds
