"""The statuses of a node, their causes, and how they count for its children."""

from __future__ import annotations

import enum


class NodeStatus(enum.IntEnum):
    """The status of a node. The last five are settled."""

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
        """Whether the node stays as it is without a command."""
        return self >= NodeStatus.COMPLETED

    @property
    def word(self) -> str:
        """The status in running text, such as `blocked`."""
        return _WORDS[self]


_WORDS = (
    *("waiting", "queued", "running", "retrying", "cancelling"),
    *("done", "failed", "blocked", "cancelled", "skipped"),
)


UNBEGUN = frozenset({NodeStatus.WAITING, NodeStatus.READY})
"""Nothing was executed since the node was reset, if ever."""
ALIVE = frozenset({NodeStatus.RUNNING, NodeStatus.CANCELLING})
"""An attempt has begun and has not ended."""
SETTLED = frozenset(status for status in NodeStatus if status.settled)
SETTLED_NAMES = frozenset(status.name for status in SETTLED)
UNSETTLED = frozenset(NodeStatus) - SETTLED
UNSETTLED_COUNTS = slice(NodeStatus.COMPLETED)
"""The part of a list of counts by status that counts unsettled nodes."""
UNSUCCESSFUL = frozenset({NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED})
"""Settled, and neither done nor skipped."""
MARKED = frozenset({NodeStatus.CANCELLING, NodeStatus.CANCELLED})
"""The node may have marks of cancels."""
PROPAGATED = frozenset({NodeStatus.WAITING, NodeStatus.READY, NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED})
"""Follows from the parents. A CANCELLED node is propagated, too, when its last mark is lifted."""
FAILING = frozenset({NodeStatus.FAILED, NodeStatus.RETRYING})
"""The last attempt failed."""
FAILED_OR_BLOCKED = frozenset({NodeStatus.FAILED, NodeStatus.FAILED_PARENT})
"""Makes a run fail, unless the failure is allowed."""
ENDED = frozenset({NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.CANCELLED})
"""Settled, possibly by the end of an attempt, whose time is shown."""
WITH_RESULT = frozenset({NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.RETRYING})
"""An attempt may have given the status by its end."""
EXPLAINED = frozenset({NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.CANCELLING})
"""The reason comes with the status, and is kept."""


class ParentOutcome(enum.IntEnum):
    """How a node counts as a parent."""

    UNSETTLED = 0
    OK = 1
    BAD = 2
    SKIP = 3


class Cause(enum.IntEnum):
    """The cause of a node's status. Each status has its own possible causes."""

    NONE = 0

    IN_LINE = 1
    """READY: submitted, begins as soon as a slot is free."""

    RAN = 2
    """COMPLETED by an attempt."""
    UP_TO_DATE = 3
    RESUMED = 4
    MARKED = 5
    """COMPLETED because a person marked the node done."""

    EXIT = 6
    """FAILED or RETRYING, as are the next four."""
    SIGNAL = 7
    TIMEOUT = 8
    """Also a cause of CANCELLING."""
    LOST = 9
    COULD_NOT_START = 10

    CONDITION = 11
    """SKIPPED: its `if` was false. FAILED: its `if` could not be decided."""
    PROPAGATED = 12
    """SKIPPED because its parents were skipped."""
    NOTHING_FAILED = 13
    """SKIPPED: it runs when a parent fails, and none did."""
    PERSON = 14
    """SKIPPED by a person."""

    CANCEL = 15
    """CANCELLING or CANCELLED by a mark."""
    RESTART = 16
    """CANCELLING: the node restarts as soon as it is reaped."""
    WITHDRAWN = 17
    """CANCELLING: the attempt began just as its parents were reset. The node is propagated again once it is reaped."""

    ASKS = 18
    """READY: a gate waits for a person's answer."""
    ANSWERED = 19
    """COMPLETED: a person answered."""
    REJECTED = 20
    """FAILED: a person rejected."""

    SERVES = 21
    """RUNNING: a service that is ready."""
    NOT_NEEDED = 22
    """CANCELLING: a service that is ended, because everything below it is settled."""

    QUEUED = 23
    """READY: submitted, waits in the queue of an executor on other machines."""
    OUTSIDE = 24
    """FAILED or RETRYING: an engine or a person outside the run ended the attempt."""

    @property
    def word(self) -> str:
        """The cause as the journal and the command line spell it."""
        return self.name.lower()


SUBMITTED_CAUSES = frozenset({Cause.IN_LINE, Cause.QUEUED})
"""The causes of a READY node whose attempt is submitted."""

UNCOUNTED_CAUSES = frozenset({Cause.LOST, Cause.OUTSIDE})
"""The causes of a failure that may have a budget of retries of their own (rule 10 in `rules`)."""

_OUTCOMES = {
    NodeStatus.COMPLETED: ParentOutcome.OK,
    NodeStatus.FAILED: ParentOutcome.BAD,
    NodeStatus.FAILED_PARENT: ParentOutcome.BAD,
    NodeStatus.CANCELLED: ParentOutcome.BAD,
    NodeStatus.SKIPPED: ParentOutcome.SKIP,
}


def _outcomes(status: NodeStatus, *, allow_failure: bool) -> bytes:
    """Return how a parent with this status counts for its children, by cause."""
    if status is NodeStatus.FAILED and allow_failure:
        return bytes((ParentOutcome.OK,)) * len(Cause)
    outcomes = bytearray((_OUTCOMES.get(status, ParentOutcome.UNSETTLED),)) * len(Cause)
    outcomes[Cause.SERVES] = outcomes[Cause.NOT_NEEDED] = ParentOutcome.OK
    if status is NodeStatus.SKIPPED:
        outcomes[Cause.PERSON] = ParentOutcome.OK
    return bytes(outcomes)


PARENT_OUTCOMES = tuple(
    tuple(_outcomes(status, allow_failure=allowed) for status in NodeStatus) for allowed in (False, True)
)
"""How a node counts for its children, by whether its failure is allowed, status and cause."""


def _explained(status: NodeStatus) -> bytes:
    """Return by cause whether the reason comes with a status."""
    if status in EXPLAINED:
        return b"\1" * len(Cause)
    causes = bytearray(len(Cause))
    causes[Cause.UP_TO_DATE] = causes[Cause.CONDITION] = causes[Cause.QUEUED] = True
    return bytes(causes)


EXPLAINED_CAUSES = tuple(map(_explained, NodeStatus))
"""Whether the reason comes with a status and is kept, by status and cause."""


class Verdict(enum.Enum):
    """The outcome of a run as a whole (rule 4 in `rules`)."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
