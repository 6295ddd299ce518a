"""One node in the last runs of its graph: what became of it, when, and how long that took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import Cause, NodeStatus
from dagtui.runs.run_grid import against, status_named
from dagtui.runs.usual import median
from dagtui.store.errors import StoreError
from dagtui.store.node_records import last_record_of
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.store.directory import RunDirectory
    from dagtui.text.amounts import Seconds

MOST: Final = 20
"""The most runs that are looked at for one node."""
_NO_SUCCESSES: Final = frozenset({Cause.MARKED.word, Cause.UP_TO_DATE.word})
"""Why a node is done of which no attempt succeeded."""


class NodeRun(NamedTuple):
    """What became of a node in a run."""

    number: int
    """Of the run."""
    status: NodeStatus | None = None
    """None: nothing of it is on record there, or only what a later dagtui knows."""
    attempts: int = 0
    ended: WallTime | None = None
    """When its last record was written."""
    seconds: Seconds | None = None
    """What its last attempt took. None: there was none, or that is not known."""
    why: str = ""
    """Why it has its status, or why that is not known. Foreign text."""
    is_readable: bool = True
    """Whether the journal of the run could be read."""
    cause: str = ""
    """The journal's word for the cause of its status."""

    @property
    def has_succeeded(self) -> bool:
        """Whether its last attempt succeeded. A node that a person marked as done, or that was up to date, has not."""
        return self.status is NodeStatus.COMPLETED and self.attempts > 0 and self.cause not in _NO_SUCCESSES

    @property
    def is_comparable(self) -> bool:
        """Whether it tells how long the node usually takes."""
        return self.status is NodeStatus.COMPLETED and self.seconds is not None


def node_run(directory: RunDirectory, node_label: str) -> NodeRun:
    """Return what became of a node in a run. Problems of the run itself are never raised."""
    number = directory.number
    try:
        record = last_record_of(directory.journal_path, node_label)
    except StoreError as error:
        return NodeRun(number, why=f"can't be read: {str(error).rpartition(': ')[2]}", is_readable=False)
    if record is None:
        return NodeRun(number)
    attempts, wall, seconds = record.get("attempt"), record.get("time"), record.get("seconds")
    return NodeRun(
        number,
        status_named(str(record.get("status"))),
        attempts if isinstance(attempts, int) else 0,
        WallTime(wall) if isinstance(wall, int | float) else None,
        float(seconds) if isinstance(seconds, int | float) else None,
        str(record.get("why", "")),
        cause=str(record.get("cause", "")),
    )


def usual_of(found: Sequence[NodeRun], number: int) -> Seconds | None:
    """Return the median of the seconds in which the node completed, in other runs than the one of that number."""
    seconds = [one.seconds for one in found if one.is_comparable and one.number != number and one.seconds is not None]
    return median(seconds) if seconds else None


def share_of(found: Sequence[NodeRun], one: NodeRun) -> float | None:
    """Return by which share a node took longer in a run than usual. None if that can't be said."""
    return against(one.seconds, usual_of(found, one.number))


def failures_in_words(found: Sequence[NodeRun]) -> str:
    """Say in how many of the runs in which it ran a node failed. Empty if it never did, or ran once only."""
    ran = [one for one in found if one.status in {NodeStatus.COMPLETED, NodeStatus.FAILED}]
    failed = sum(one.status is NodeStatus.FAILED for one in ran)
    return f"failed in {failed} of {len(ran)} runs" if failed and len(ran) > 1 else ""
