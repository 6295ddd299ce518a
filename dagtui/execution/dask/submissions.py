"""What the cluster gets for an attempt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dagtui.execution.dask.cluster import DaskTask

if TYPE_CHECKING:
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.requests import Request

_OFFERED = {"mem": "MEMORY", "gpus": "GPU"}
"""Resources of Dask that workers are started with, by the words of the graph file."""


def task_of(request: Request, run_id: str) -> DaskTask:
    """Return what the cluster gets. It names the run, the node and the attempt, and contains no secret."""
    spec = {
        "run": run_id,
        "key": request.key,
        "label": request.node_label,
        "attempt": int(request.attempt),
        "argv": request.argv,
        "call": request.call,
        "cwd": request.cwd,
        "env": dict(request.env),
        "secret_names": list(request.secrets),
        "timeout": request.timeout,
        "grace": request.grace,
        "fence": 0,  # nobody else writes into the spool of a worker
        "setup": request.setup,
        "makes_cwd": request.makes_cwd,
        "gpus": int(request.resources.get("gpus", 0)),
    }
    text = json.dumps(spec)  # in ASCII, as Dask can't carry all texts
    return DaskTask(request.key, text, int(request.resources.get("cpus", 1)), _resources(request))


def reason_to_wait(attempt: RemoteAttempt, state: str, workers: int) -> str:
    """Return why an attempt waits, by the state of its task and the number of workers."""
    if not workers:
        return "the cluster has no worker"
    if state == "no-worker":
        asked = ", ".join(f"{word}={amount:g}" for word, amount in _resources(attempt.request).items())
        return f"no worker offers {asked}" if asked else "no worker is free"
    return "every thread is taken" if state == "queued" else ""


def _resources(request: Request) -> dict[str, float]:
    return {_OFFERED[word]: float(amount) for word, amount in request.resources.items() if word in _OFFERED}
