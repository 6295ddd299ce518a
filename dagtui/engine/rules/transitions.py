"""The table of statuses: which status may follow which, for which reasons and with which causes.

A change that the table does not list is a fault of dagtui. A run makes it all the same and notes the fault, because a
fault in the table must not end hours of work. Records are read as they are, because an older or later dagtui may have
written them.

*Submitted* is not a status. `Capacity.reserved` holds the nodes whose attempts were submitted and have not begun. Such
a node is READY with the cause IN_LINE or QUEUED. If its parents or a command change it, it has another status of
SUBMITTED until the executor answers.
"""

from __future__ import annotations

from dagtui.engine.status import Cause, NodeStatus

REASONS = {
    "p": "parents: its trigger, its condition and the ends of its parents say so (rules 1 and 8)",
    "a": "asked: a gate puts its question to a person, or its question has no value for a placeholder",
    "s": "submitted: it is handed to the executor",
    "e": "executor: its attempt begins, ends or was withdrawn, or is not needed (rules 2 and 6)",
    "l": "last: a node woke that finally nodes wait for, so that they run again (rule 12)",
    "n": "not needed: a service whose descendants are all settled is ended (rule 11)",
    "t": "time: its back-off or timeout is over, or it has another reason to wait for long enough",
    "c": "command: a person's, or a follower's parent runs again (rule 9)",
    "f": "first failure: the run starts nothing more (rule 7)",
    "r": "resume: a recorded run continues, in which a cancelled node may have any status; what changed is stopped",
    "d": "definition: the graph file was read again, and differs",
}
_ARROWS = """
               WAITING READY RUNNING RETRYING CANCELLING COMPLETED FAILED FAILED_PARENT CANCELLED SKIPPED
WAITING        celrd   p     -       -        cefr       c         p      p             cfrd      cp
READY          pr      aestd e       e        cfr        ce        acep   p             cfr       cp
RUNNING        -       -     e       e        cntr       e         er     -             r         -
RETRYING       cr      ct    -       -        -          c         f      -             cr        c
CANCELLING     e       e     e       e        cefrd      e         er     -             er        -
COMPLETED      clrd    c     -       -        -          aerd      -      -             r         -
FAILED         clprd   cp    -       -        er         c         ep     p             r         cp
FAILED_PARENT  clpr    cp    -       -        er         c         p      epd           r         cp
CANCELLED      crd     cd    -       -        -          c         -      -             cr        c
SKIPPED        clpr    cp    -       -        er         c         p      p             r         cepd
"""
"""Rows are the old statuses, and columns the new ones. A letter is a reason for the change."""

_FAILURES = dict.fromkeys(
    (Cause.EXIT, Cause.SIGNAL, Cause.TIMEOUT, Cause.LOST, Cause.COULD_NOT_START, Cause.OUTSIDE), ""
)
CAUSES: dict[NodeStatus, dict[Cause, str]] = {
    NodeStatus.WAITING: {Cause.NONE: "waits for its parents"},
    NodeStatus.READY: {
        Cause.NONE: "wants a slot",
        Cause.IN_LINE: "next in line",
        Cause.QUEUED: "queued",
        Cause.ASKS: "waits for an answer",
    },
    NodeStatus.RUNNING: {Cause.NONE: "", Cause.SERVES: "ready"},
    NodeStatus.RETRYING: _FAILURES,
    NodeStatus.CANCELLING: {
        Cause.TIMEOUT: "",
        Cause.CANCEL: "cancelled, is stopping",
        Cause.RESTART: "stops, then runs again",
        Cause.WITHDRAWN: "its parents were reset as it began",
        Cause.NOT_NEEDED: "nothing needs it any more, is stopping",
    },
    NodeStatus.COMPLETED: {
        Cause.RAN: "succeeded",
        Cause.UP_TO_DATE: "up to date",
        Cause.RESUMED: "succeeded before the run was resumed",
        Cause.MARKED: "marked done by a person",
        Cause.ANSWERED: "answered by a person",
    },
    NodeStatus.FAILED: {
        **_FAILURES,
        Cause.CONDITION: "its condition can't be decided",
        Cause.REJECTED: "rejected by a person",
    },
    NodeStatus.FAILED_PARENT: {Cause.NONE: ""},
    NodeStatus.CANCELLED: {Cause.CANCEL: "cancelled"},
    NodeStatus.SKIPPED: {
        Cause.CONDITION: "its condition is false",
        Cause.PROPAGATED: "no parent succeeded",
        Cause.NOTHING_FAILED: "nothing failed",
        Cause.PERSON: "skipped by a person",
    },
}
"""The causes of each status, and the reason that is recorded. Empty: the reason says more than the cause."""


SUBMITTED = frozenset(
    {
        NodeStatus.READY,
        NodeStatus.WAITING,
        NodeStatus.CANCELLING,
        NodeStatus.FAILED,
        NodeStatus.FAILED_PARENT,
        NodeStatus.SKIPPED,
    }
)
"""The statuses that a node may have while its attempt is submitted."""


UNLISTED = "a fault of dagtui, the run goes on: the rules list no change"


class TransitionError(AssertionError):
    """Raised for a change that the table does not list, which is a fault of dagtui."""

    def __init__(self, old: NodeStatus, new: NodeStatus, cause: Cause, label: str) -> None:
        super().__init__(f"{UNLISTED} from {old.name} to {new.name} by {cause.name}: {label}")


def _read(table: str) -> dict[tuple[NodeStatus, NodeStatus], str]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return {
        (NodeStatus[old], NodeStatus[new]): reasons
        for old, *cells in rows
        for new, reasons in zip(head, cells, strict=True)
        if reasons != "-"
    }


ARROWS = _read(_ARROWS)
"""Maps an old and a new status to the letters of the reasons for which the one may follow the other."""
Listed = tuple[tuple[frozenset[Cause], ...], ...]
LISTED: Listed = tuple(
    tuple(frozenset(CAUSES[new] if (old, new) in ARROWS else ()) for new in NodeStatus) for old in NodeStatus
)
"""The causes that a change may have, by old and new status."""
ANY: Listed = ((frozenset(Cause),) * len(NodeStatus),) * len(NodeStatus)
"""Any change, as a record may hold it."""
