"""The queue of messages to the app. Messages that are not urgent wait a moment, to be sent in a batch."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING

from dagtui.execution.local.frames import encode

if TYPE_CHECKING:
    from dagtui.execution.local.frames import Message

_LAZY = 0.02  # seconds that a message may wait for others
_UNHURRIED = frozenset(("ready", "begun", "short", "closed", "reaper"))


class Outbox:
    """Messages for a non-blocking socket."""

    def __init__(self, socket: int) -> None:
        self._socket = socket
        self._news: list[Message] = []
        self._urgent = False
        self._output = bytearray()
        self.due = inf
        """Time at which the oldest message must be sent."""
        self.blocked = False
        """Whether unsent data waits for the socket to become writable."""

    def say(self, *message: object) -> None:
        """Add a message."""
        self.due = min(self.due, time.monotonic() + _LAZY)
        self._urgent = self._urgent or message[0] not in _UNHURRIED
        self._news.append(message)

    def send(self, *, hurry: bool, at_once: bool) -> bool:
        """Send messages that are due. With `hurry`, urgent ones are due now, and with `at_once`, all are.

        Return False if the app has died.
        """
        if self._news and (at_once or (hurry and self._urgent) or self.due <= time.monotonic()):
            self._output += encode(self._news)
            self._news, self.due, self._urgent = [], inf, False
        self.blocked = False
        if self._output:
            try:
                del self._output[: os.write(self._socket, self._output)]
                self.blocked = bool(self._output)
            except BlockingIOError:
                self.blocked = True
            except OSError:
                self._output.clear()
                return False
        return True
