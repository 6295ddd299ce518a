"""A bell: what a loop waits for between two rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds


class Bell:
    """Wakes one loop. It may be rung at any time in the thread of the event loop, and keeps one ring."""

    def __init__(self) -> None:
        self._is_rung = False
        self._event: anyio.Event | None = None

    def ring(self) -> None:
        """Let the loop go on, now or when it comes to wait."""
        self._is_rung = True
        if self._event is not None:
            self._event.set()

    async def wait(self, seconds: Seconds | None = None) -> None:
        """Wait for a ring, or at most for some seconds."""
        if not self._is_rung:
            self._event = anyio.Event()
            with anyio.move_on_after(seconds):
                await self._event.wait()
            self._event = None
        self._is_rung = False
