"""An attempt on another machine, as this side knows it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from dagtui.execution.remote.log_copy import LogCopy

if TYPE_CHECKING:
    from dagtui.engine.messages import AttemptNumber, Ended, Withdrawn
    from dagtui.execution.requests import Request
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ByteCount, Seconds


class RemoteState(enum.Enum):
    """How far an attempt has come."""

    HANDED = "handed over"
    """It is to be handed over, or was, and the engine has not said that it has it."""
    QUEUED = "queued"
    RUNNING = "running"


class RemoteAttempt:
    """An attempt that was handed to an executor on other machines, and whose end was not delivered."""

    __slots__ = (
        "attempt",
        "copy",
        "end",
        "handed_at",
        "key",
        "label",
        "node",
        "offset",
        "problem",
        "remark",
        "request",
        "size",
        "state",
        "stop",
        "unwanted",
        "why",
    )

    def __init__(
        self, node: NodeIndex, attempt: AttemptNumber, label: str, request: Request, log_path: str, handed_at: float
    ) -> None:
        """`handed_at` is the time on the monotonic clock at which this process handed it over, or 0.0."""
        self.node = node
        """The node's number in the graph, or -1 if the graph does not have it any more."""
        self.attempt = attempt
        self.key = request.key
        self.label = label
        self.request = request
        self.problem = ""
        """Why it can't be sent again. Then its request is not complete. Empty: it can."""
        self.state = RemoteState.HANDED
        self.stop: Seconds | None = None
        """If it is to be stopped, the seconds from TERM to KILL. A stop is repeated until an end is known."""
        self.unwanted = False
        """Whether it is to be withdrawn if it has not begun."""
        self.offset: ByteCount = 0
        """How much of its log has arrived. The next piece is asked for from here."""
        self.size: ByteCount | None = None
        """The size of its whole log. None: not known, because it has not ended."""
        self.handed_at = handed_at
        self.why = ""
        self.copy = LogCopy(log_path)
        self.end: Ended | Withdrawn | None = None
        """How it ended. Delivered when the log is here."""
        self.remark = ""
        """What is to be said with its end."""

    @property
    def lacks_log(self) -> bool:
        """Whether it has ended, and a part of its log has not arrived."""
        return self.size is not None and self.offset < self.size
