"""JSON status of a live run for scripts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.control.sockets import fitting
from dagtui.engine.capacity import pools_taken, slots_taken
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import why
from dagtui.runs.answers import choices_of, question_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.control.live import Screen
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView

SHOWN = 100
"""Most nodes of each kind listed one by one. The counts are exact."""
_ACTIVE = (NodeStatus.RUNNING, NodeStatus.CANCELLING, NodeStatus.RETRYING)


def about(run: RunView, screen: Screen) -> dict[str, object]:
    """Return which run it is, and whether it has a screen."""
    return {
        "name": run.name,
        "graph": None if run.graph_path is None else os.path.abspath(run.graph_path),
        "number": run.number,
        "path": os.path.abspath(run.path),
        "screen": screen.value,
    }


def status_report(run: RunView, screen: Screen) -> dict[str, object]:
    """Return the run's status: verdict, counts, nodes in flight, and failures with their reasons."""
    state = run.state
    remaining, eta = run.remaining(), run.eta_range()
    return {
        **about(run, screen),
        "verdict": (Verdict.RUNNING if state.held_up else state.verdict()).value,
        "timed_out": state.ran_out_of_time,
        "settled": run.settled,
        "paused": state.paused,
        "held": {"count": len(state.held), "nodes": fitting(_labels(run, sorted(state.held)), SHOWN)},
        "jobs": state.jobs,
        "slots_taken": slots_taken(state),
        "pools": pools_report(state),
        "executors": executors_report(state),
        "elapsed": round(run.elapsed, 3),
        "wall_seconds": round(run.wall_seconds, 3),
        "remaining": None
        if remaining is None
        else {
            "seconds": round(remaining[0], 3),
            "node": run.graph.labels[remaining[1]],
            "answers": run.answers_left(),
            "low": None if eta is None else round(eta.low, 3),
            "high": None if eta is None else round(eta.high, 3),
            "runs": None if eta is None else eta.runs,
        },
        "waits": state.held_up or None,
        "off_record": len(state.off_record),
        "notices": [notice.text for notice in run.notices],
        "nodes": len(run.graph),
        "selected": state.total,
        "targets": list(state.named) or None,
        "counts": {status.name: state.counts[status] for status in NodeStatus if state.counts[status]},
        "stale": state.stale_count,
        "removed": fitting(_labels(run, sorted(state.leaving)), SHOWN),
        "up_to_date": state.up_to_date,
        "failed_allowed": state.allowed_failures,
        "active": fitting((_node(run, node) for status in _ACTIVE for node in state.nodes_with(status)), SHOWN),
        "asking": sum(1 for _ in state.asking()),
        "asks": fitting((_gate(run, node) for node in state.asking()), SHOWN),
        "failures": fitting((_failure(run, node) for node in state.failures()), SHOWN),
    }


def pools_report(state: RunState) -> dict[str, object]:
    """Return the size of each pool, what is taken of it, and both in words, such as `8 of 32 GB`."""
    taken = pools_taken(state)
    return {
        pool.name: {"size": pool.size, "taken": taken[pool.name], "words": pool.part(taken[pool.name])}
        for pool in state.graph.pools
    }


def executors_report(state: RunState) -> dict[str, object]:
    """Return slots and queue of each executor on other machines, and since when it does not answer, if it does not."""
    if not state.any_remote and not state.graph.any_remote:
        return {}
    from dagtui.runs.executor_words import executors_used  # most runs have none

    return {
        use.name: {
            "kind": use.kind,
            "slots": use.of,
            "taken": use.taken,
            "queued": use.queued,
            "silent": None if use.silence is None else {"since": use.silence.since, "why": use.silence.why},
            "words": use.words,
        }
        for use in executors_used(state)
    }


def _labels(run: RunView, nodes: Iterable[NodeIndex]) -> Iterable[str]:
    return (run.graph.labels[node] for node in nodes)


def _node(run: RunView, node: NodeIndex) -> dict[str, object]:
    state = run.state
    return {
        "node": run.graph.labels[node],
        "status": state.status_of(node).name,
        "attempt": state.attempt[node],
        "elapsed": round(max(0.0, run.clock() - state.started[node]), 3),
        "why": why(state, node, run.clock()),
        "executor": state.executor_of.get(node),
        "where": state.where.get(node),
    }


def _gate(run: RunView, node: NodeIndex) -> dict[str, object]:
    state, since = run.state, run.state.started[node]
    return {
        "node": run.graph.labels[node],
        "question": question_of(state, node),
        "choices": choices_of(state, node),
        "since": round(run.wall(since), 3),
        "waited": round(max(0.0, run.clock() - since), 3),
    }


def _failure(run: RunView, node: NodeIndex) -> dict[str, object]:
    state = run.state
    attempt = state.attempt[node]
    return {
        "node": run.graph.labels[node],
        "attempt": attempt,
        "why": why(state, node, run.clock()),
        "log": str(run.log_path(node, attempt)) if attempt else None,
    }
