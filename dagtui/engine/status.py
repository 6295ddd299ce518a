"""The statuses of a node, what they mean for its children, and their causes."""

from __future__ import annotations

import enum


class NodeStatus(enum.IntEnum):
    """Where a node stands; the last five are settled."""

    WAITING = 0
    READY = 1
    RUNNING = 2
    RETRYING = 3
    CANCELLING = 4
    COMPLETED = 5
    FAILED = 6
    FAILED_PARENT = 7
    CANCELLED = 8
    SKIPPED = 9

    @property
    def settled(self) -> bool:
        """Nothing more happens to the node by itself."""
        return self >= NodeStatus.COMPLETED

    @property
    def word(self) -> str:
        """The status in running text: `blocked`."""
        return _WORDS[self]

    @property
    def glyph(self) -> str:
        """One cell that stands for the status."""
        return _GLYPHS[self]

    @property
    def ascii(self) -> str:
        """The same for terminals without UTF-8."""
        return _ASCII[self]


_WORDS = (
    *("waiting", "queued", "running", "retrying", "cancelling"),
    *("done", "failed", "blocked", "cancelled", "skipped"),
)
_GLYPHS = "·○▶↻◌✓✗⊘■↷"
_ASCII = ".o>~c+x!#-"


class ParentOutcome(enum.IntEnum):
    """How a node counts as a parent."""

    UNSETTLED = 0
    OK = 1
    BAD = 2
    SKIP = 3


class Cause(enum.IntEnum):
    """What brought a node to its status; which causes occur depends on the status."""

    NONE = 0

    IN_LINE = 1
    """READY: handed over, begins as soon as a slot is free."""

    RAN = 2
    """COMPLETED by an attempt."""
    UP_TO_DATE = 3
    RESUMED = 4
    MARKED = 5
    """COMPLETED because a person said so."""

    EXIT = 6
    """FAILED or RETRYING, as the next four."""
    SIGNAL = 7
    TIMEOUT = 8
    """Also of CANCELLING."""
    LOST = 9
    COULD_NOT_START = 10

    CONDITION = 11
    """SKIPPED: its `if` was false."""
    PROPAGATED = 12
    """SKIPPED: its parents were."""
    NOTHING_FAILED = 13
    """SKIPPED: it runs when something fails, and nothing did."""
    PERSON = 14
    """SKIPPED by a person."""

    CANCEL = 15
    """CANCELLING or CANCELLED: a cancel mark."""
    RESTART = 16
    """CANCELLING: starts again as soon as it is reaped."""
    WITHDRAWN = 17
    """CANCELLING: began in the moment in which its parents were reset; derived again once it is reaped."""

    @property
    def word(self) -> str:
        """The cause as journal and command line spell it."""
        return self.name.lower()


_STANDING = {
    NodeStatus.COMPLETED: ParentOutcome.OK,
    NodeStatus.FAILED: ParentOutcome.BAD,
    NodeStatus.FAILED_PARENT: ParentOutcome.BAD,
    NodeStatus.CANCELLED: ParentOutcome.BAD,
    NodeStatus.SKIPPED: ParentOutcome.SKIP,
}


def standing(status: NodeStatus, cause: Cause, *, allow_failure: bool) -> ParentOutcome:
    """How a parent with that status counts for its children."""
    if status is NodeStatus.SKIPPED and cause is Cause.PERSON:
        return ParentOutcome.OK
    if status is NodeStatus.FAILED and allow_failure:
        return ParentOutcome.OK
    return _STANDING.get(status, ParentOutcome.UNSETTLED)


class Verdict(enum.Enum):
    """How a run as a whole stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
