"""What the cluster gets for an attempt."""

from __future__ import annotations

import json
import re
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well
from typing import TYPE_CHECKING

from dagtui.execution.dask.cluster import DaskTask
from dagtui.execution.remote.agent_spec import agent_spec, identity

if TYPE_CHECKING:
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.requests import Request

_OFFERED = {"mem": "MEMORY", "gpus": "GPU"}
"""Resources of Dask that workers are started with, by the words of the graph file."""


def task_of(request: Request, run_id: str) -> DaskTask:
    """Return what the cluster gets. It names the run, the node and the attempt, and contains no secret."""
    # Nobody else writes into the spool of a worker, so there are no fences to look for.
    spec = agent_spec(request) | identity(request, run_id) | {"gpus": int(request.resources.get("gpus", 0))}
    text = json.dumps(spec)  # in ASCII, as Dask can't carry all texts
    return DaskTask(request.key, text, int(request.resources.get("cpus", 1)), _resources(request))


def reason_to_wait(attempt: RemoteAttempt, state: str, workers: int, why: str = "") -> str:
    """Return why an attempt waits, by the state of its task, the number of workers, and why there is none."""
    if not workers:
        return why or "the cluster has no worker"
    if state == "no-worker":
        asked = ", ".join(f"{word}={amount:g}" for word, amount in _resources(attempt.request).items())
        return f"no worker offers {asked}" if asked else "no worker is free"
    return "every thread is taken" if state == "queued" else ""


def _resources(request: Request) -> dict[str, float]:
    return {_OFFERED[word]: float(amount) for word, amount in request.resources.items() if word in _OFFERED}


def name_part(name: str) -> str:
    """Return a name that can be a part of a file's name: of an executor's, or a digest of it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        return name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
