"""An attempt of the guardian, from its claim to the record of its end."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING, cast

from dagtui.execution.local.attempt import Attempt
from dagtui.execution.local.output_content import read_content

if TYPE_CHECKING:
    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.agent.spec import Spec
    from dagtui.execution.local.log_file import LogWriter
    from dagtui.execution.local.usage import Used
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds, WallTime

_DRAINED = 1 << 20  # bytes that are still read from a pipe when no process of the attempt is left


class GuardedAttempt(Attempt):
    """An attempt with its log, its time-out, and what ended it."""

    __slots__ = (
        "began_at",
        "cause",
        "deadline",
        "exit_seconds",
        "killed_at",
        "output",
        "remark",
        "spec",
        "status",
        "unkillable",
        "used",
        "writer",
    )

    def __init__(self, serial: int, spec: Spec, output: str, writer: LogWriter) -> None:
        """Create an attempt. `serial` distinguishes it from others of this guardian, `output` takes its values."""
        super().__init__((cast("NodeIndex", serial), cast("AttemptNumber", 1)), grace=spec.grace)
        self.spec = spec
        self.output = output
        self.writer = writer
        self.began_at: WallTime | None = None
        """When it began. None: it has not."""
        self.cause = ""
        """Kind of the end, if something other than its own program has ended it."""
        self.remark = ""
        """Why it was ended."""
        self.deadline = inf
        """Time of its time-out."""
        self.status: int | None = None
        """Wait status of its leader. None: it has not ended."""
        self.exit_seconds: Seconds = 0.0
        self.used: Used | None = None
        self.killed_at: int | None = None
        """Bytes of memory at which the kernel killed it because memory ran out. 0: not known, None: it did not."""
        self.unkillable = False
        """Whether a process of it could not be killed."""

    def read(self, most: int) -> int:
        """Read output into the log. Return the number of bytes. 0: it has ended, -1: none is there now."""
        try:
            data = os.read(self.pipe, most)
        except BlockingIOError:
            return -1
        except OSError:
            data = b""
        if data:
            self.writer.write(data, _wall_time())
        return len(data)

    def drain(self) -> None:
        """Read what is left in the pipe, now that no process of the attempt can write to it, and close it."""
        read = 0
        while self.pipe >= 0 and read < _DRAINED:
            found = self.read(_DRAINED)
            if found <= 0:
                break
            read += found

    def end_record(self) -> dict[str, object]:
        """Return how it ended, without its log, and remove its values. The leader has ended."""
        status = self.status or 0
        number = status & 0x7F
        how, value = ("signal", number) if number else ("exit", status >> 8)
        record: dict[str, object] = {
            "kind": self.cause or how,
            "how": how,
            "value": value,
            "seconds": round(self.exit_seconds, 6),
            "left": self.left,
            "usage": self.used,
            "output": None,
            "at": self.began_at,
        }
        if self.remark:
            record["text"] = self.remark
        if self.killed_at is not None:
            record["killed_at"] = self.killed_at
        content, problem = read_content(self.output) if not status else (None, "")
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.unlink(self.output)  # it may hold a secret
        except OSError:  # most attempts hand nothing on
            pass
        if content is not None:
            record["output"] = content.decode("utf-8", "surrogateescape")
        elif problem:
            record["output_problem"] = problem
        return record


def _wall_time() -> WallTime:
    return cast("WallTime", time.time())
