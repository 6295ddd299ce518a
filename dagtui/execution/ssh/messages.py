"""What is said to the hub of a run, and how what it says is read. It comes from another machine: nothing is trusted."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagtui.execution.remote.agent_spec import agent_spec
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.execution.requests import Request
    from dagtui.text.amounts import ByteCount

    Told = Mapping[str, object]


def start_message(request: Request) -> Told:
    """Return the message that starts an attempt. The values of secrets are beside what is written to a disk there."""
    return {"start": agent_spec(request) | {"gpus": gpus(request)}, "secrets": dict(request.secrets)}


def cpus(request: Request) -> int:
    """Return how many slots of its machine an attempt takes."""
    return _amount(request, "cpus", 1)


def gpus(request: Request) -> int:
    """Return how many GPUs of its machine an attempt takes."""
    return _amount(request, "gpus", 0)


def _amount(request: Request, word: str, default: int) -> int:
    found = request.resources.get(word, default)
    return found if isinstance(found, int) else default


def known_attempts(told: Told) -> dict[str, str]:
    """Return the attempts that a hub knows, with their states."""
    found = told.get("known")
    return {str(key): str(state) for key, state in found.items()} if isinstance(found, Mapping) else {}


def whole_number(value: object) -> int:
    """Return a number, or 0 if it is not one that can be."""
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else 0


def wall_time(value: object) -> WallTime:
    """Return a time, or the beginning of all times if it is not one."""
    return WallTime(float(value)) if isinstance(value, (int, float)) and 0 <= value < 1e12 else WallTime(0.0)


def log_pieces(told: Told) -> Iterator[tuple[ByteCount, bytes, WallTime | None]]:
    """Yield the parts of a piece of a log, each with its offset, and when it was printed if that is known."""
    at, content = whole_number(told.get("at")), _decoded(told.get("data"))
    start, wall = 0, None
    for offset, time in _times(told.get("times")):
        cut = min(max(offset - at, start), len(content))
        if cut > start:
            yield at + start, content[start:cut], wall
        start, wall = cut, time
    if start < len(content):
        yield at + start, content[start:], wall


def _times(found: object) -> list[tuple[int, WallTime]]:
    if not isinstance(found, list):
        return []
    pairs = [pair for pair in found if isinstance(pair, list) and len(pair) == 2]
    return [(whole_number(offset), wall_time(time)) for offset, time in pairs]


def _decoded(data: object) -> bytes:
    try:
        return binascii.a2b_base64(data) if isinstance(data, str) else b""
    except ValueError:
        return b""
