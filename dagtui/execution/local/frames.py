"""Messages between the app, the supervisor and the log process: batches of tuples in length-prefixed frames.

A frame is four bytes of length, little-endian, and the marshal form of a list of tuples whose first item is the kind of
the message. Both ends are this program on this machine, over sockets that nobody else can reach.
"""

from __future__ import annotations

import marshal

Message = tuple[object, ...]
"""A kind, and what goes with it: integers, floats, strings, bytes, tuples, lists, dicts, None."""

_HEAD = 4
_VERSION = 2  # later versions look for shared objects, which costs more than it saves here


def encode(messages: list[Message]) -> bytes:
    """One frame that holds the messages."""
    body = marshal.dumps(messages, _VERSION)
    return len(body).to_bytes(_HEAD, "little") + body


class Decoder:
    """Puts frames together again from whatever pieces arrive."""

    __slots__ = ("_input",)

    def __init__(self) -> None:
        self._input = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now, in their order."""
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
