"""Messages between the app, the supervisor and the log process: batches of tuples in length-prefixed frames.

A frame is a length of four bytes, little-endian, and a marshalled list of tuples. The first item of each tuple is the
kind of the message. Both ends are this program on this machine, connected by sockets that no other process can reach.
"""

from __future__ import annotations

import marshal

Message = tuple[object, ...]
"""The kind of a message and its fields: integers, floats, strings, bytes, tuples, lists, dicts, None."""

_HEAD = 4
_VERSION = 2  # later versions search for shared objects, which costs more than it saves here


def encode(messages: list[Message]) -> bytes:
    """Return one frame that holds the messages."""
    body = marshal.dumps(messages, _VERSION)
    return len(body).to_bytes(_HEAD, "little") + body


class Decoder:
    """Reassembles frames from chunks of any size."""

    __slots__ = ("_input",)

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
