"""Messages between the app, the supervisor and the log process: batches of tuples in length-prefixed frames.

A frame is a length of four bytes, little-endian, and a marshalled list of tuples. The first item of each tuple is the
kind of the message. Both ends are this program on this machine, connected by sockets that no other process can reach.
"""

from __future__ import annotations

import marshal
import os
import time
from math import inf

Message = tuple[object, ...]
"""The kind of a message and its fields: integers, floats, strings, bytes, tuples, lists, dicts, None."""

_HEAD = 4
_LAZY = 0.02  # seconds that a message may wait for others
_UNHURRIED = frozenset(("ready", "begun", "short", "closed", "reaper"))
_VERSION = 2  # later versions search for shared objects, which costs more than it saves here


def encode(messages: list[Message]) -> bytes:
    """Return one frame that holds the messages."""
    body = marshal.dumps(messages, _VERSION)
    return len(body).to_bytes(_HEAD, "little") + body


class Decoder:
    """Reassembles frames from chunks of any size."""

    def __init__(self) -> None:
        self._input = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Add received data. Return the messages that are now complete, in order."""
        self._input += data
        messages: list[Message] = []
        start, length = 0, len(self._input)
        while length - start >= _HEAD:
            end = start + _HEAD + int.from_bytes(self._input[start : start + _HEAD], "little")
            if end > length:
                break
            messages += marshal.loads(self._input[start + _HEAD : end])  # noqa: S302 - from ourselves
            start = end
        del self._input[:start]
        return messages


class Outbox:
    """Messages that wait to be sent. Those that are not urgent wait a moment, to be sent in a batch."""

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

        Return False if the other end is gone.
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
