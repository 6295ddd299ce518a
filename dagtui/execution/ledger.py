"""Memory that app, keeper and guardian share: which requests have begun, and where notes of crashes go.

It outlives whoever wrote to it, so that the app knows what a dead guardian had begun with.
"""

from __future__ import annotations

import mmap
import os

_REQUESTS = 1 << 16  # a byte for each of the latest requests
_DIRECTORY = 4096  # bytes for a path, which ends with a null byte


class Ledger:
    """The shared memory behind a descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Map what the descriptor stands for; raises OSError."""
        self._memory = mmap.mmap(descriptor, _REQUESTS + _DIRECTORY)

    @staticmethod
    def make_room(descriptor: int) -> None:
        """Give an empty file the size of a ledger; raises OSError."""
        os.truncate(descriptor, _REQUESTS + _DIRECTORY)

    def expect(self, sequence: int) -> None:
        """Note that a request is on its way, which may begin."""
        self._memory[sequence % _REQUESTS] = 0

    def begin(self, sequence: int) -> None:
        """Note that a request is about to begin."""
        self._memory[sequence % _REQUESTS] = 1

    def has_begun(self, sequence: int) -> bool:
        """Whether a request has begun, as far as it was noted."""
        return self._memory[sequence % _REQUESTS] != 0

    @property
    def directory(self) -> str:
        """Where notes of crashes go; empty: nowhere."""
        return os.fsdecode(self._memory[_REQUESTS:].partition(b"\0")[0])

    @directory.setter
    def directory(self, path: str) -> None:
        name = os.fsencode(path)
        if len(name) < _DIRECTORY:
            self._memory[_REQUESTS : _REQUESTS + len(name)] = name

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
