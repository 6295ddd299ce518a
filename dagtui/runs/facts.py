"""The facts of a run for a program that is told of it, as JSON."""

from __future__ import annotations

import json
import os
import time
from itertools import islice
from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.runs.answers import choices_of, question_of
from dagtui.runs.occasions import Occasion
from dagtui.text.announced import announced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.occasions import Happened
    from dagtui.runs.view import RunView

MOST_FAILED: Final = 1_000
"""The most failed nodes that are listed. All are counted."""
_CHARACTERS: Final = 4_096


def facts(run: RunView, happened: Happened, run_id: str) -> bytes:
    """Return what a program is told: one line of JSON, in ASCII. Its texts are safe on any terminal."""
    state = run.state
    failed = list(state.failures())
    told: dict[str, object] = {
        "event": happened.occasion.value,
        "time": round(time.time(), 3),
        "run": {
            "name": _safe(run.name),
            "number": run.number,
            "id": _safe(run_id),
            "graph": None if run.graph_path is None else _safe(os.path.abspath(run.graph_path)),
            "path": _safe(os.path.abspath(run.path)),
        },
        "verdict": state.verdict().value,
        "settled": not state.unsettled,
        "elapsed": round(run.elapsed, 3),
        "nodes": state.total,
        "counts": {status.name: state.counts[status] for status in NodeStatus if state.counts[status]},
        "stale": state.stale_count,
        "failures": len(failed),
        "failed": [_failed(run, node) for node in islice(failed, MOST_FAILED)],
    }
    if happened.node >= 0:
        told["node"] = _safe(run.graph.labels[happened.node])
    if happened.occasion is Occasion.GATE:
        told["question"] = _safe(question_of(state, happened.node))
        told["choices"] = [_safe(choice) for choice in choices_of(state, happened.node)]
    return json.dumps(told).encode("ascii") + b"\n"


def _failed(run: RunView, node: NodeIndex) -> Mapping[str, object]:
    attempt = run.state.attempt[node]
    return {
        "node": _safe(run.graph.labels[node]),
        "attempt": attempt,
        "why": _safe(why(run.state, node, run.clock())),
        "log": _safe(run.log_path(node, attempt)) if attempt else None,
    }


def _safe(text: object) -> str:
    return announced(text, _CHARACTERS)
