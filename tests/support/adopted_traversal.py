"""A traversal that goes on from recorded events, attempts in flight included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.gates import questions

from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph


def adopted_traversal(graph: Graph, jobs: int, events: Iterable[Event], now: float) -> Traversal:
    """Replay recorded events, and take over what was under way at their end."""
    traversal = Traversal(graph, jobs)
    traversal.question = questions(graph)
    traversal.now = now
    state, capacity = traversal.state, traversal.capacity
    state.replay(events)
    for node in graph.order:
        status, attempt = state.status[node], state.attempt[node]
        if status in {NodeStatus.RUNNING, NodeStatus.CANCELLING}:
            capacity.reserve(node)
            capacity.begin(node)
            if status == NodeStatus.CANCELLING:
                traversal.stop_deadline[node] = now
            traversal.limit(node, attempt, state.started[node])
        elif status == NodeStatus.READY and state.cause[node] == Cause.IN_LINE:
            capacity.reserve(node)
        elif status == NodeStatus.READY and state.cause[node] != Cause.ASKS:
            traversal.ready.push(node, capacity.group(node))
        elif status == NodeStatus.RETRYING:
            traversal.alarm_at(state.due[node], node, attempt, "retry")
    in_force = {mark for marks in state.marks.values() for mark in marks}
    traversal.fail_fast_command = max(
        (number for number, command in state.commands.items() if command.kind is None and number in in_force), default=0
    )
    return traversal
