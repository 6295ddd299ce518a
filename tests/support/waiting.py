"""The one wait of the tests: look until a condition holds, and say on failure what was waited for and last seen."""

from __future__ import annotations

import contextlib
import inspect
import time
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 90.0
"""Maximum seconds to wait for anything, on a busy machine. Only a failure takes so long."""
LOOK_AGAIN = 0.01
"""Minimum seconds between two looks. What is waited for has no event: it is in another process, on disk or on a screen.

Looks that take longer come less often, so that a third of a processor at most is spent on them.
"""


def wait_for(
    condition: Callable[[], object], what: str = "", seconds: float = SECONDS, seen: Callable[[], object] | None = None
) -> None:
    """Wait for a condition. Raise AssertionError if it does not hold in time.

    `what` names it in the failure, in place of its source. `seen` returns what the failure shows, in place of the last
    value of the condition.
    """
    for took in looks(condition, what, seconds, seen):
        time.sleep(max(LOOK_AGAIN, 2 * took))


async def until(
    condition: Callable[[], object], what: str = "", seconds: float = SECONDS, seen: Callable[[], object] | None = None
) -> None:
    """Wait for a condition as `wait_for` does, while the event loop continues."""
    for took in looks(condition, what, seconds, seen):
        await anyio.sleep(max(LOOK_AGAIN, 2 * took))


def looks(
    condition: Callable[[], object], what: str = "", seconds: float = SECONDS, seen: Callable[[], object] | None = None
) -> Iterator[float]:
    """Look at a condition until it holds. Between two looks the caller lets time pass, and is told what one took."""
    began = time.monotonic()
    deadline = began + seconds
    while not (value := condition()):
        now = time.monotonic()
        if now > deadline:
            shown = seen() if seen is not None else repr(value)
            raise AssertionError(f"not within {seconds:g} s: {what or _source(condition)}\nlast seen: {shown}")
        yield now - began
        began = time.monotonic()


def _source(condition: Callable[[], object]) -> str:
    """Return the source of a condition, as it names itself."""
    with contextlib.suppress(OSError, TypeError):
        return inspect.getsource(condition).strip()
    return repr(condition)
