"""End the processes that a dead supervisor or guardian has left, which bear its tag (Linux only)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.execution.local import ownership

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dagtui.text.amounts import Seconds

GRACE: Seconds = 5.0
"""Seconds from TERM to KILL, as the graces of the attempts are not known, and from KILL to giving up."""
_LOOK_AGAIN = 0.02  # seconds between two looks at every process of the machine
_LOOKS = 8  # in a row that must find nothing: a process that forks away again and again is easily overlooked


def end_tagged(
    tags: Collection[int], spared: Collection[int] = (), between: Callable[[], object] = lambda: None
) -> tuple[list[int], list[int]]:
    """End all processes with one of the tags, but for the spared ones. Nothing that could give them a new tag may live.

    `between` is called between two looks. Return the processes that were found first, and those that can't be ended.
    """
    found: list[int] = []
    started = time.monotonic()
    while True:
        passed = time.monotonic() - started
        left = _look(tags, spared, kills=passed >= GRACE) if tags else []
        if not left or passed >= 2 * GRACE:
            return found, left
        if not found:
            found = left
            ownership.terminate_trees(left)
        time.sleep(_LOOK_AGAIN)  # most are not children of this process, so there is nothing to wait on
        between()


def _look(tags: Collection[int], spared: Collection[int], *, kills: bool) -> list[int]:
    """Return the processes of the first look that finds some, which kills each as it is found."""
    for _ in range(_LOOKS):
        left = []
        for pid in ownership.each_tagged(tags):
            if pid not in spared:
                left.append(pid)
                if kills:  # at once, before it forks away
                    ownership.kill_trees((pid,))
        if left:
            return left
    return []
