"""What reaches the traversal through its one queue: results of attempts and a person's commands."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple


class EndKind(enum.Enum):
    """How an attempt ended."""

    EXIT = "exit"
    """The leader exited; the value is its exit status."""
    SIGNAL = "signal"
    """The leader was ended by a signal; the value is its number."""
    COULD_NOT_START = "could not start"
    """Nothing was executed; the text says why."""
    LOST = "lost"
    """Whoever watched the attempt has gone; nobody knows how it ended. No process of it is alive."""


class Started(NamedTuple):
    """An attempt that was handed over has begun."""

    node: int
    attempt: int


class Ended(NamedTuple):
    """An attempt is over: its leader was reaped, or nothing was started."""

    node: int
    attempt: int
    kind: EndKind
    value: int = 0
    """The exit status or the number of the signal."""
    text: str = ""
    """Why it could not start."""
    seconds: float = 0.0
    """From start to end, on the executor's clock."""
    lasting: bool = False
    """Why it could not start lasts: no retry could begin either."""
    left: int = 0
    """Processes that the leader left behind, and that were ended with it."""


class Withdrawn(NamedTuple):
    """An attempt that was handed over was taken back before it began; it never ran."""

    node: int
    attempt: int


class Remark(NamedTuple):
    """Something worth knowing about an attempt, also after its end, or the run (node -1); it changes no status."""

    node: int
    attempt: int
    text: str


class CommandKind(enum.Enum):
    """A person's commands; the values are the words that journal, preview and command line use."""

    RETRY = "retry"
    RETRY_FAILED = "retry all failed"
    RERUN = "rerun with downstream"
    RERUN_ONLY = "rerun this node only"
    CANCEL = "cancel"
    CANCEL_SUBTREE = "cancel subtree"
    CANCEL_ALL = "cancel all"
    SKIP = "skip"
    MARK_DONE = "mark done"
    PAUSE = "pause"
    RESUME = "resume"
    SET_JOBS = "jobs"


RUN_AGAIN = frozenset({CommandKind.RETRY, CommandKind.RETRY_FAILED, CommandKind.RERUN, CommandKind.RERUN_ONLY})
"""The commands that let settled nodes begin again."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `nodes` are its targets, empty for those that mean the whole run."""

    kind: CommandKind
    nodes: tuple[int, ...] = ()
    jobs: int = 0
    """The new number of slots, for `jobs` only."""
    expected: frozenset[int] | None = None
    """The nodes that the preview said would be stopped or run again; when that has changed, nothing is done."""
    by: str = "person"
    """Who gave it: person, signal."""


Result = Started | Ended | Withdrawn | Remark
Message = Result | Command
