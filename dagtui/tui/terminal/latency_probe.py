"""Latency probe: detect whether output has reached a remote terminal. A link can buffer minutes of frames unnoticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

QUESTION: Final = "\x1b[5n"
"""Device status report. Every terminal answers `ESC [ 0 n` once it has processed the output before it."""
ASK_SECONDS: Final = 5.0
"""Minimum seconds between two questions."""
PATIENCE: Final = 5.0
"""Seconds after which a terminal that has answered before counts as behind."""
AGAIN_SECONDS: Final = 10.0
"""Seconds between questions to a terminal that is behind: an answer may be lost."""


class LatencyProbe:
    """Sends a question after a frame now and then, and reports when the answer is overdue.

    A terminal that has never answered is asked once and is never overdue.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        ask: Callable[[], None],
        on_overdue: Callable[[], None],
        on_answered: Callable[[], None],
    ) -> None:
        """Create the probe. `ask` sends the question after all earlier output."""
        self._loop = loop
        self._ask = ask
        self._on_overdue = on_overdue
        self._on_answered = on_answered
        self._proven = False
        """Whether this terminal has ever answered."""
        self._given_up = False
        """Whether questions have stopped. An answer resumes them."""
        self._asked = False
        self._next = 0.0
        self._prompted_at: float | None = None
        """When a key press caused another question although an answer was overdue."""
        self._timer: asyncio.TimerHandle | None = None
        self.overdue = False
        """Whether the terminal is behind."""

    @property
    def outstanding(self) -> bool:
        """Whether an answer is expected soon."""
        return self._asked and not self.overdue

    def sent(self) -> None:
        """Handle a sent frame: ask after it if a question is due."""
        now = self._loop.time()
        if not self._asked and now >= self._next and not self._given_up:
            self._asked, self._next = True, now + ASK_SECONDS
            self._timer = self._loop.call_later(PATIENCE, self._is_overdue)
            self._ask()

    def answered(self) -> None:
        """Handle an answer."""
        self._proven, self._given_up = True, False
        self._end_wait()

    def heard(self) -> None:
        """Handle input: a terminal that was behind may have recovered."""
        if not self.overdue:
            return
        now = self._loop.time()
        if self._prompted_at is None:
            self._prompted_at = now
            self._ask()
        elif now - self._prompted_at > PATIENCE:
            self._give_up()  # the terminal sends keys but no longer answers

    def close(self) -> None:
        """Stop waiting."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._prompted_at = None
        self._asked = self.overdue = False

    def _is_overdue(self) -> None:
        if not self._proven:
            self._give_up()
            return
        self._timer = self._loop.call_later(AGAIN_SECONDS, self._ask_again)
        if not self.overdue:
            self.overdue = True
            self._on_overdue()

    def _ask_again(self) -> None:
        self._ask()
        self._is_overdue()

    def _give_up(self) -> None:
        self._given_up = True
        self._end_wait()

    def _end_wait(self) -> None:
        was_overdue = self.overdue
        self.close()
        if was_overdue:
            self._on_answered()
