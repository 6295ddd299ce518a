"""Read a terminal from the event loop."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import time
from typing import TYPE_CHECKING, Final

from dagtui.tui.terminal.keyboard import Keyboard
from dagtui.tui.terminal.replies import ECHO

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from textual.message import Message

    from dagtui.text.amounts import Seconds

_READ_BYTES: Final = 1024
"""One key takes Textual about 15 µs. A flood of keys must not hold the loop."""
_QUIET_SECONDS: Final = 0.03
_DISCARD_SECONDS: Final = 0.15
_RECENT_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 2.0
"""How long to wait for an answer. Not every terminal gives one."""


class TerminalReader:
    """Turns what a non-blocking descriptor delivers into Textual's messages.

    The loop's own selector watches the descriptor (epoll or kqueue). Unlike select, it has no highest descriptor.
    """

    def __init__(
        self,
        descriptor: int,
        loop: asyncio.AbstractEventLoop,
        *,
        on_message: Callable[[Message], None],
        on_lost: Callable[[str], None],
        on_heard: Callable[[int], None] = lambda _echoes: None,
    ) -> None:
        """Start reading. `on_heard` is called after each input with the number of answers to the probe."""
        self._descriptor = descriptor
        self._loop = loop
        self._on_message = on_message
        self._on_lost = on_lost
        self._on_heard = on_heard
        self._keyboard = Keyboard()
        self._expiry: asyncio.TimerHandle | None = None
        self._end_of_wait: asyncio.TimerHandle | None = None
        self._more_expected_until = 0.0
        loop.add_reader(descriptor, self._read)

    def expect_more(self) -> None:
        """Note that the terminal may be about to send something that was not typed."""
        self._more_expected_until = time.monotonic() + _RECENT_SECONDS

    def expect_answer(self) -> None:
        """Note that the terminal was asked something: an escape may begin its answer."""
        self.expect_more()
        self._keyboard.replies.awaiting = True
        if self._end_of_wait is not None:
            self._end_of_wait.cancel()
        self._end_of_wait = self._loop.call_later(_ANSWER_SECONDS, self._stop_waiting)

    def close(self) -> None:
        """Stop reading. The descriptor stays open."""
        self._cancel_expiry()
        if self._end_of_wait is not None:
            self._end_of_wait.cancel()
        if not self._loop.is_closed():
            self._loop.remove_reader(self._descriptor)

    def discard(self, answer_seconds: Seconds = 0.0) -> None:
        """Discard typed-ahead input, and what a moving mouse or a late answer would leave on a prompt.

        Return at once unless the mouse moved or a question was sent in the last second, or an answer is expected within
        `answer_seconds`.
        """
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        answer_deadline = time.monotonic() + answer_seconds
        deadline = max(answer_deadline, time.monotonic() + _DISCARD_SECONDS)
        answered = b""
        while ECHO not in answered and (left := answer_deadline - time.monotonic()) > 0 and poll.poll(left * 1000):
            with contextlib.suppress(OSError):
                piece = os.read(self._descriptor, 65536)
                if not piece:
                    return
                answered = answered[-len(ECHO) :] + piece
        if time.monotonic() < self._more_expected_until:
            while time.monotonic() < deadline and poll.poll(_QUIET_SECONDS * 1000):
                with contextlib.suppress(OSError):
                    if not os.read(self._descriptor, 65536):
                        return
        with contextlib.suppress(termios.error):
            termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._on_lost(f"read: {error.strerror}")
            return
        if not data:
            self._on_lost("read: end of file")
            return
        if b"\x1b[<" in data:
            self.expect_more()
        before = self._keyboard.replies.echoes
        for message in self._keyboard.feed(data):
            self._on_message(message)
        self._be_patient()
        self._on_heard(self._keyboard.replies.echoes - before)

    def _expire(self) -> None:
        for message in self._keyboard.expire():
            self._on_message(message)
        self._be_patient()

    def _be_patient(self) -> None:
        """Schedule the expiry of an incomplete sequence."""
        self._cancel_expiry()
        if self._keyboard.replies.patience is not None:
            self._expiry = self._loop.call_later(self._keyboard.replies.patience, self._expire)

    def _stop_waiting(self) -> None:
        self._keyboard.replies.awaiting = False

    def _cancel_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
