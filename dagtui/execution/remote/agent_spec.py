"""What the agent is told of an attempt, in the fields that `execution/agent/spec.py` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.execution.requests import Request


def agent_spec(request: Request) -> dict[str, object]:
    """Return the specification of an attempt. It contains no secret. An executor adds what only its own way needs."""
    return {
        "key": request.key,
        "argv": request.argv,
        "call": request.call,
        "cwd": request.cwd,
        "env": dict(request.env),
        "secret_names": list(request.secrets),
        "timeout": request.timeout,
        "grace": request.grace,
        "setup": request.setup,
        "makes_cwd": request.makes_cwd,
    }


def identity(request: Request, run_id: str) -> dict[str, object]:
    """Return what tells a person who finds a specification where it came from."""
    return {"run": run_id, "label": request.node_label, "attempt": int(request.attempt)}
