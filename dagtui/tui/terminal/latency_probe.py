"""Whether what was sent to a far terminal has arrived there: a link takes minutes of frames, and tells nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

QUESTION: Final = "\x1b[5n"
"""Device status report: every terminal answers `ESC [ 0 n`, when it comes to it."""
ASK_SECONDS: Final = 5.0
"""Between two questions at least."""
PATIENCE: Final = 5.0
"""Seconds after which a terminal that has answered before is behind."""
AGAIN_SECONDS: Final = 10.0
"""Between two questions to a terminal that is behind: an answer may be lost."""


class LatencyProbe:
    """Asks a terminal behind a frame now and then, and tells when its answer is overdue.

    A terminal that has never answered is asked once, and never overdue.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        ask: Callable[[], None],
        on_overdue: Callable[[], None],
        on_answered: Callable[[], None],
    ) -> None:
        """`ask` sends the question behind everything that was sent before."""
        self._loop = loop
        self._ask = ask
        self._on_overdue = on_overdue
        self._on_answered = on_answered
        self._proven = False
        """Whether this terminal has answered."""
        self._given_up = False
        """Whether it is asked no more, unless it answers after all."""
        self._asked = False
        self._next = 0.0
        self._prompted_at: float | None = None
        """When it was asked because a person had typed something although the answer was overdue."""
        self._timer: asyncio.TimerHandle | None = None
        self.overdue = False
        """Whether the terminal is behind."""

    @property
    def outstanding(self) -> bool:
        """Whether an answer is to be expected soon."""
        return self._asked and not self.overdue

    def sent(self) -> None:
        """A frame was sent: ask behind it, if it is time."""
        now = self._loop.time()
        if not self._asked and now >= self._next and not self._given_up:
            self._asked, self._next = True, now + ASK_SECONDS
            self._timer = self._loop.call_later(PATIENCE, self._is_overdue)
            self._ask()

    def answered(self) -> None:
        """The terminal has answered."""
        self._proven, self._given_up = True, False
        self._end_wait()

    def heard(self) -> None:
        """Something was typed: who is behind may be there again."""
        if not self.overdue:
            return
        now = self._loop.time()
        if self._prompted_at is None:
            self._prompted_at = now
            self._ask()
        elif now - self._prompted_at > PATIENCE:
            self._give_up()  # it is there, and does not answer any more

    def close(self) -> None:
        """Wait for nothing any more."""
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
