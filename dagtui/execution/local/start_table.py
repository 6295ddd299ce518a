"""The start table: memory shared by app, reaper and supervisor.

It holds which requests have begun, how attempts ended, and where crash notes go. It outlives the process that wrote to
it. So the app knows what a dead supervisor had begun and which ends it could not report, and the supervisor or the
reaper knows which ends a dead app has not recorded.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.local.attempt import Key
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds

End = tuple["NodeIndex", "AttemptNumber", int, float]
"""Node, attempt, wait status of the leader, and seconds that it ran."""

_REQUESTS = 1 << 16  # a byte for each of the latest requests
_DIRECTORY = 4096  # bytes for a path, which ends with a null byte
_KEPT = 1 << 14  # number of latest leaders and ends that are kept, far more than there are attempts in flight
_LEADER = struct.Struct("@iiid")  # node, attempt, pid, begin on the monotonic clock
_END = struct.Struct("@iiid")
_COUNT = struct.Struct("@Q")  # a native integer is stored in one step, so that a reader never sees half of it

_COUNTS = _REQUESTS + _DIRECTORY
_LED, _ENDED, _RECORDED, _CLOSED = (_COUNTS + position * _COUNT.size for position in range(4))
_LEADERS = _COUNTS + 64
_ENDS = _LEADERS + _KEPT * _LEADER.size
_SIZE = _ENDS + _KEPT * _END.size


class StartTable:
    """A view of the shared memory."""

    def __init__(self, descriptor: int) -> None:
        """Map the memory of a descriptor. Raise OSError if it fails."""
        self._memory = mmap.mmap(descriptor, _SIZE)

    @staticmethod
    def allocate(descriptor: int) -> None:
        """Give an empty file the size of a start table. Raise OSError if it fails."""
        os.truncate(descriptor, _SIZE)

    # Requests

    def expect(self, sequence: int) -> None:
        """Note that a request is sent, and has not begun."""
        self._memory[sequence % _REQUESTS] = 0

    def begin(self, sequence: int) -> None:
        """Note that a request is about to begin."""
        self._memory[sequence % _REQUESTS] = 1

    def has_begun(self, sequence: int) -> bool:
        """Return whether a request has begun."""
        return self._memory[sequence % _REQUESTS] != 0

    # Attempts

    def lead(self, node: NodeIndex, attempt: AttemptNumber, pid: int, begun: float) -> None:
        """Note the leader of an attempt, and the time on the monotonic clock when it began."""
        count = self._count(_LED)
        _LEADER.pack_into(self._memory, _LEADERS + count % _KEPT * _LEADER.size, node, attempt, pid, begun)
        _COUNT.pack_into(self._memory, _LED, count + 1)

    def led_by(self, pid: int) -> tuple[NodeIndex, AttemptNumber, float] | None:
        """Return node, attempt and begin of the latest attempt that a process led, or None."""
        count = self._count(_LED)
        for number in range(count - 1, max(-1, count - 1 - _KEPT), -1):
            node, attempt, leader, begun = _LEADER.unpack_from(self._memory, _LEADERS + number % _KEPT * _LEADER.size)
            if leader == pid:
                return node, attempt, begun
        return None

    def leaders_of(self, attempts: Collection[Key]) -> dict[Key, int]:
        """Return the processes that lead attempts, as far as they are kept, by node and attempt."""
        found: dict[Key, int] = {}
        count = self._count(_LED)
        for number in range(count - 1, max(-1, count - 1 - _KEPT), -1):
            node, attempt, leader, _ = _LEADER.unpack_from(self._memory, _LEADERS + number % _KEPT * _LEADER.size)
            if (node, attempt) in attempts:
                found.setdefault((node, attempt), leader)
                if len(found) == len(attempts):
                    break
        return found

    def end(self, node: NodeIndex, attempt: AttemptNumber, status: int, seconds: Seconds) -> None:
        """Note how an attempt ended. The entry is written before the count, so that no reader sees half an entry."""
        count = self._count(_ENDED)
        _END.pack_into(self._memory, _ENDS + count % _KEPT * _END.size, node, attempt, status, seconds)
        _COUNT.pack_into(self._memory, _ENDED, count + 1)

    def record(self, ends: int) -> None:
        """Note that the app has recorded the first `ends` ends."""
        _COUNT.pack_into(self._memory, _RECORDED, ends)

    def unrecorded(self) -> list[End]:
        """Return the ends that the app has not recorded, oldest first."""
        return list(self.ends_from(self._count(_RECORDED)))

    def ends_from(self, first: int) -> Iterator[End]:
        """Yield the ends from an index on, as far as they are kept."""
        count = self._count(_ENDED)
        for number in range(max(first, count - _KEPT), count):
            yield _END.unpack_from(self._memory, _ENDS + number % _KEPT * _END.size)

    # End of the run

    @property
    def closed(self) -> bool:
        """Whether every attempt was stopped because the app is gone. Ends after that are not results."""
        return self._count(_CLOSED) != 0

    def close_attempts(self) -> None:
        """Note that every attempt is about to be stopped."""
        _COUNT.pack_into(self._memory, _CLOSED, 1)

    @property
    def directory(self) -> str:
        """The run's directory, for crash notes and undelivered ends. Empty if there is none yet."""
        return os.fsdecode(self._memory[_REQUESTS:_COUNTS].partition(b"\0")[0])

    @directory.setter
    def directory(self, path: str) -> None:
        name = os.fsencode(path)
        if len(name) < _DIRECTORY:
            self._memory[_REQUESTS : _REQUESTS + len(name)] = name

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()

    def _count(self, position: int) -> int:
        count: int = _COUNT.unpack_from(self._memory, position)[0]
        return count
