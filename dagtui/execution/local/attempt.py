"""An attempt, as the supervisor keeps it from the request to the end of its last process."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import signal

    from dagtui.engine.messages import AttemptNumber, Slots
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds

    Key = tuple[NodeIndex, AttemptNumber]
    """Node and attempt."""
else:
    import _signal as signal  # see ownership.py

_NO_SLOTS = cast("Slots", 0)


class Attempt:
    """One attempt: its request, its processes, and the signal that is due."""

    __slots__ = (
        "argv",
        "begun",
        "children",
        "cwd",
        "due",
        "ended",
        "env",
        "fallback",
        "give_up",
        "grace",
        "has_terminal",
        "held",
        "key",
        "leader",
        "left",
        "log",
        "mark",
        "next_signal",
        "order",
        "passed_on",
        "path",
        "patience",
        "pause",
        "pipe",
        "sequence",
        "slots",
        "withdrawn",
    )

    def __init__(  # the fields of a request, in their order
        self,
        key: Key,
        sequence: int = 0,
        slots: Slots = _NO_SLOTS,
        path: str = "",
        argv: tuple[str, ...] = (),
        cwd: str = "/",
        env: dict[str, str] | None = None,
        log: str = "",
        grace: Seconds = 0.0,
        fallback: tuple[str, tuple[str, ...]] | None = None,
        has_terminal: bool = False,
    ) -> None:
        self.key = key
        self.sequence = sequence
        """The app's number of this request."""
        self.slots = slots
        self.path = path
        """Path of the program. Empty: there is nothing to execute."""
        self.argv, self.cwd = argv, cwd
        self.env: dict[str, str] = env or {}
        """Variables that differ from the common environment."""
        self.log, self.grace = log, grace
        self.fallback = fallback
        """Program and arguments to use if the program is missing or can't be executed."""
        self.has_terminal = has_terminal
        """Whether it has a terminal of its own in place of a pipe."""
        self.order = self.leader = self.mark = 0
        self.withdrawn = self.ended = False
        self.begun = 0.0
        self.children: set[int] = set()
        """Pids of the supervisor's children that belong to the attempt: its leader and orphans."""
        self.left = 0
        """Number of processes that the leader left behind when it ended, and that were ended with it."""
        self.held = False
        """Whether its end waits for the processes that the leader left behind."""
        self.give_up = inf
        """Time at which its end no longer waits, because these processes can't be killed."""
        self.next_signal: int = signal.SIGTERM
        self.due = inf
        """Time at which the next signal is due, or infinity."""
        self.patience = inf
        """Seconds from TERM to KILL: the shortest grace of all stops so far."""
        self.pause = 0.0
        """Seconds until KILL is sent again. 0: KILL was not sent."""
        self.pipe = -1
        """Read end of the pipe for its output, or our end of its terminal. -1: closed."""
        self.passed_on = False
        """Whether the log process reads the pipe."""
