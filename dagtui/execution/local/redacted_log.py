"""A redacted log: secrets are removed before output is written, so that they never reach the disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.execution.local.log_file import LogWriter
from dagtui.text.redaction import RedactedStream

if TYPE_CHECKING:
    from dagtui.text.redaction import Redaction


class RedactedLogFile(LogWriter):
    """A log file with redacted output. Sizes and times are those of the redacted output.

    Output that ends with the beginning of a secret is held back until more follows or the attempt ends (see
    `RedactedStream`).
    """

    __slots__ = ("_stream",)

    def __init__(self, path: str, redaction: Redaction, *, anew: bool = False) -> None:
        super().__init__(path, anew=anew)
        self._stream = RedactedStream(redaction)

    def write(self, data: bytes | memoryview, wall: float) -> None:
        """Redact and append output that was read at a wall time."""
        shown = self._stream.feed(data)
        if shown:
            super().write(shown, wall)

    def pause(self) -> None:
        """Write held back output of a few bytes: a pause indicates that it is not the beginning of a secret."""
        shown = self._stream.pause()
        if shown:
            super().write(shown, time.time())

    def close(self) -> int:
        """Append held back output, the tail and final remarks. Return the size of the log."""
        shown = self._stream.end()
        if shown:
            super().write(shown, time.time())
        return super().close()
