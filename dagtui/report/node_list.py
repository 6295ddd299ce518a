"""Nodes of a run as JSON objects: status, attempt, times, cause, reason, log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE, WITH_RESULT, Cause, NodeStatus
from dagtui.engine.why import full_why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView

_WITH_VALUE = frozenset({Cause.RAN, Cause.EXIT})
"""Causes for which a node's value is an exit status."""


def node_objects(run: RunView, nodes: Iterable[NodeIndex]) -> Iterator[Mapping[str, object]]:
    """Yield an object for each node. Wall times are seconds since the epoch."""
    state, now = run.state, run.clock()
    queued: dict[tuple[int, Cause], str] = {}
    for node in nodes:
        status, cause = state.status_of(node), state.cause_of(node)
        if status is NodeStatus.READY:
            # This is the same for all nodes that need as many slots, and computing it counts the slots in use.
            key = (run.graph.task(node).slots, cause)
            why = queued.get(key) or queued.setdefault(key, full_why(state, node, now))
        else:
            why = full_why(state, node, now)
        attempt = _begun(run, node)
        yield {
            "node": run.graph.labels[node],
            "task": run.graph.task(node).name,
            "status": status.name,
            "attempt": attempt,
            **_times(run, node, attempt, now),
            "cause": None if cause is Cause.NONE else cause.word,
            "exit": state.value[node] if status in WITH_RESULT and cause in _WITH_VALUE else None,
            "why": why,
            "stale": bool(state.stale[node]),
            "log": str(run.log_path(node, attempt)) if attempt else None,
        }


def _begun(run: RunView, node: NodeIndex) -> int:
    """Return the last attempt that started or failed to. A submitted node has a number, but has not started."""
    state = run.state
    handed = state.status_of(node) is NodeStatus.READY and state.cause_of(node) is Cause.IN_LINE
    return max(0, state.attempt[node] - handed)


def _times(run: RunView, node: NodeIndex, attempt: int, now: float) -> dict[str, float | None]:
    """Return when an attempt started and ended, and how long it took or has taken so far."""
    state = run.state
    alive = state.status_of(node) in ALIVE
    started, ended = state.started[node], state.ended[node]
    if not attempt or not (alive or started or ended):
        return {"started": None, "ended": None, "seconds": None}
    return {
        "started": round(run.wall(started), 3),
        "ended": None if alive or not ended else round(run.wall(ended), 3),
        "seconds": round(max(0.0, (now if alive else ended or started) - started), 3),
    }
