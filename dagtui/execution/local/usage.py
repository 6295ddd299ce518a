"""What the processes of an attempt used, as wait4(2) tells it when its leader is reaped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resource import struct_rusage

    from dagtui.text.amounts import ByteCount, Seconds

    Used = tuple[Seconds, ByteCount, ByteCount, ByteCount]
    """Processor time, most memory, bytes read from and written to disks: the fields of `Usage`, as a plain tuple."""

_BLOCK = 512
"""Bytes of a block of getrusage(2). The blocks of a file system may have another size."""
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of a unit of `ru_maxrss`."""
_SHARE = 1.1
"""How much more memory than this process a leader must have had for the figure to be its own."""


class UsageReader:
    """Reads what the kernel counted for ended leaders."""

    def __init__(self) -> None:
        self._own_memory: ByteCount = 0

    def of(self, counted: struct_rusage) -> Used:
        """Return what a leader used, and the processes that it waited for."""
        memory = counted.ru_maxrss * _MEMORY_UNIT
        memory = self._beyond_ours(memory) if memory > self._own_memory else 0
        cpu = counted.ru_utime + counted.ru_stime
        return cpu, memory, counted.ru_inblock * _BLOCK, counted.ru_oublock * _BLOCK

    def _beyond_ours(self, memory: ByteCount) -> ByteCount:
        """Return the most memory of a leader, or 0 if it may be the supervisor's.

        Until it calls exec(2), a new process has the memory of the process that starts it, and the kernel counts that.
        """
        import resource  # most supervisors start before they need it

        self._own_memory = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MEMORY_UNIT * _SHARE)
        return memory if memory > self._own_memory else 0
