"""What is to be written to a process through a pipe. A cancel loses no byte, and repeats none."""

from __future__ import annotations

import os

import anyio

_MOST = 1 << 16  # bytes of one write


class PipeWriter:
    """The writing end of a pipe, and what waits to be written."""

    def __init__(self) -> None:
        """Create the pipe. Raises OSError."""
        self.source, self._fd = os.pipe()
        """The reading end, which the process gets. `hand_over` closes it here."""
        os.set_blocking(self._fd, False)
        self._unsent = bytearray()
        self._wake = anyio.Event()

    def hand_over(self) -> None:
        """Close the reading end, which the process has now."""
        os.close(self.source)

    def put(self, data: bytes) -> None:
        """Write data soon, after all that waits."""
        self._unsent += data
        self._wake.set()

    def put_first(self, data: bytes) -> None:
        """Write data soon, before all that waits."""
        self._unsent[:0] = data
        self._wake.set()

    async def serve(self) -> None:
        """Write as there is something to write, until the process does not read any more."""
        while await self.drain():
            self._wake = anyio.Event()
            await self._wake.wait()

    async def drain(self) -> bool:
        """Write all that waits. Return False if the process does not read any more."""
        while self._unsent:
            try:
                del self._unsent[: os.write(self._fd, self._unsent[:_MOST])]
            except BlockingIOError:
                await anyio.wait_writable(self._fd)
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Close the writing end. What waits is lost."""
        os.close(self._fd)
