"""The small app of driver_app.py on a terminal, and what it wrote down."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.terminal import PtyTerminal, python
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = Path(__file__).parent / "driver_app.py"


class SmallApp:
    """The small app, its terminal, and what it wrote down."""

    def __init__(self, record: Path, *options: str, command: Sequence[str] = (), **settings: object) -> None:
        self._path = record
        record.touch()
        self.command = python(SCRIPT, record, *options)
        self.terminal = PtyTerminal(command or self.command, **settings)

    def records(self, kind: str) -> list[dict[str, Any]]:
        lines = self._path.read_text().splitlines(keepends=True)
        found = (json.loads(line) for line in lines if line.endswith("\n"))
        return [item for item in found if item["kind"] == kind]

    def kill(self) -> None:
        """End what still runs, also in a session of its own."""
        if not self.records("end"):
            for item in self.records("mounted"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(item["pid"], signal.SIGKILL)
        self.terminal.__exit__()

    def last_beat(self) -> dict[str, Any]:
        return self.records("beat")[-1]

    def started(self) -> SmallApp:
        """Wait for the first frame."""
        self.terminal.wait_for(lambda: self.records("beat"), "beat")
        self.terminal.wait_for(lambda: b"\x1b[1;1H" in self.terminal.raw, "frame")
        return self

    def stall(self) -> dict[str, Any]:
        """Stop reading until the app has noticed; its first beat since."""
        wait_for(lambda: self.last_beat()["stalled"], "stall")
        return next(beat for beat in self.records("beat") if beat["stalled"])

    def settle(self) -> dict[str, Any]:
        """Read until the app has stopped painting; its latest beat."""

        def is_settled() -> bool:
            beats = self.records("beat")[-6:]
            same = {(beat["frames"], beat["written"], beat["stalled"]) for beat in beats}
            return len(same) == 1 and not beats[-1]["stalled"] and not self.terminal.read(0.05)

        since = len(self.records("beat"))
        self.terminal.wait_for(lambda: len(self.records("beat")) > since + 6 and is_settled(), "end of painting")
        return self.last_beat()


StartApp = Callable[..., SmallApp]
