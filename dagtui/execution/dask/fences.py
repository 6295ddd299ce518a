"""Attempts that are given up when no process of theirs can be alive any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.text.amounts import Seconds

FENCE: Seconds = 30.0
"""Seconds beyond its grace after which no attempt of a lost worker or scheduler is alive.

A worker that dies takes the standard input of its guardian along, so that attempts end at once. A worker that is cut
off from its scheduler closes when the connection breaks, which takes until the kernel gives it up.
"""
_LOOK: Seconds = 0.25


class Fences:
    """The attempts to give up, by key."""

    def __init__(self, give_up: Callable[[str, str], None], announce: Callable[[str, str, Seconds], None]) -> None:
        """`give_up` gets a key and why. `announce` gets the same before, and how many seconds before."""
        self._give_up = give_up
        self._announce = announce
        self._due: dict[str, tuple[float, str]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._due

    def __bool__(self) -> bool:
        return bool(self._due)

    def add(self, key: str, grace: Seconds, ago: Seconds, why: str) -> None:
        """Give an attempt up that was lost some seconds ago."""
        if key not in self._due:
            wait = max(0.0, FENCE + grace - ago)
            self._due[key] = time.monotonic() + wait, why
            self._announce(key, why, wait)

    def discard(self, key: str) -> None:
        """Forget an attempt."""
        self._due.pop(key, None)

    async def keep(self) -> None:
        """Give up attempts until cancelled."""
        import anyio

        while True:
            for key, (due, why) in tuple(self._due.items()):
                if due <= time.monotonic():
                    del self._due[key]
                    self._give_up(key, why)
            await anyio.sleep(_LOOK)
