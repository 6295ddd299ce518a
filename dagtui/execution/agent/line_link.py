"""Lines to and from the other side, over descriptors that never block this process."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.execution.agent.guardian import Guardian

_READ = 1 << 18
_FULL = 4 << 20
"""Bytes that wait to be sent, from which nothing is added that the other side can ask for again."""


class LineLink:
    """One connection. It reads whether or not what it has to say is read: otherwise both sides could wait for ever."""

    def __init__(
        self, guardian: Guardian, source: int, target: int, take: Callable[[bytes], None], lose: Callable[[], None]
    ) -> None:
        """Watch two descriptors, which may be one. `take` gets each line, and `lose` is called when the link ends."""
        self._guardian, self._source, self._target = guardian, source, target
        self._take, self._lose = take, lose
        self._input, self._output = bytearray(), bytearray()
        self._writing = False
        for fd in {source, target}:
            os.set_blocking(fd, False)
        guardian.watch(source, self._on_events)

    @property
    def full(self) -> bool:
        """Whether the other side is slow to read."""
        return len(self._output) >= _FULL

    def say(self, line: bytes) -> None:
        """Add a line. It is sent by the next `send`."""
        self._output += line
        self._output += b"\n"

    def send(self) -> None:
        """Send what can be sent without waiting."""
        if not self._output:
            return
        try:
            del self._output[: os.write(self._target, self._output)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            self._lose()
            return
        self._watch_target(bool(self._output))

    def close(self) -> None:
        """Stop watching and close the descriptors."""
        for fd in {self._source, self._target} - {-1}:
            self._guardian.unwatch(fd)
            os.close(fd)
        self._source = self._target = -1
        self._output.clear()

    def _watch_target(self, writing: bool) -> None:
        if writing == self._writing:
            return
        self._writing = writing
        if self._source == self._target:
            events = select.POLLIN | (select.POLLOUT if writing else 0)
            self._guardian.watch(self._source, self._on_events, events)
        elif writing:
            self._guardian.watch(self._target, self._on_events, select.POLLOUT)
        else:
            self._guardian.unwatch(self._target)

    def _on_events(self, events: int) -> None:
        if events & select.POLLOUT:
            self.send()
        if events & ~select.POLLOUT and self._source >= 0:
            self._read()

    def _read(self) -> None:
        try:
            data = os.read(self._source, _READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._lose()
            return
        self._input += data
        if b"\n" not in data:
            return
        *lines, rest = bytes(self._input).split(b"\n")
        self._input = bytearray(rest)
        for line in lines:
            if line:
                self._take(line)
