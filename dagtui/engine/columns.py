"""The data of a run that events change: a column for each kind, copied and restored as one."""

from __future__ import annotations

from array import array
from copy import copy
from dataclasses import InitVar, dataclass, field, fields
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.events import CommandEvent


def _byte() -> bytearray:
    return bytearray(1)


def _integer() -> array[int]:
    return array("i", [0])


def _no_node() -> array[int]:
    return array("i", [-1])


def _time() -> array[float]:
    return array("d", [0.0])


@dataclass(eq=False, repr=False)
class Columns:
    """All that events change. An array has an element for each node, and a dictionary only for some nodes.

    A new column is one field: it is copied, restored and rolled back with the others. The fields give the arrays' first
    elements, which are repeated for each node.
    """

    nodes: InitVar[int]
    jobs: int = 1
    paused: bool = False
    cancelled_all: bool = False
    """Whether a person or a signal cancelled the whole run. A later retry clears it."""
    settled_at: float | None = None
    """Time on the run's clock when the last node settled. None while some are not settled."""
    parked: float = 0.0
    """Total seconds during which everything was settled before a command woke the run."""
    command_number: int = 0
    commands: dict[int, CommandEvent] = field(default_factory=dict)
    """The commands whose marks nodes may have, by number."""
    counts: list[int] = field(default_factory=list)
    """Number of nodes by status."""

    status: bytearray = field(default_factory=_byte)
    """NodeStatus by node."""
    cause: bytearray = field(default_factory=_byte)
    """Cause by node. A READY node has the cause IN_LINE if its attempt is submitted."""
    attempt: array[int] = field(default_factory=_integer)
    """Number of the last submitted attempt. 0: none."""
    base: array[int] = field(default_factory=_integer)
    """Number of the last attempt before the present budget of retries."""
    blocker: array[int] = field(default_factory=_no_node)
    """The parent that blocks a node or made it SKIPPED, or -1."""
    value: array[int] = field(default_factory=_integer)
    """Exit status or signal of the last result."""
    started: array[float] = field(default_factory=_time)
    """Time on the run's clock when the last attempt began."""
    ended: array[float] = field(default_factory=_time)
    """Time on the run's clock when a result gave the node its status, or 0."""
    stale: bytearray = field(default_factory=_byte)
    """Whether the node completed before an ancestor ran again."""
    outcome: bytearray = field(default_factory=_byte)
    """How the node counts for its children now: a ParentOutcome."""
    ok: array[int] = field(default_factory=_integer)
    """Tallies of parents by outcome: this one and the next two."""
    bad: array[int] = field(default_factory=_integer)
    skip: array[int] = field(default_factory=_integer)

    marks: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Numbers of the commands whose marks a node has, for marked nodes."""
    due: dict[int, float] = field(default_factory=dict)
    """Time on the run's clock when a RETRYING node may start again."""
    why: dict[int, str] = field(default_factory=dict)
    """The reason that came with the last result, for EXPLAINED nodes."""
    left: dict[int, int] = field(default_factory=dict)
    """Number of processes that the last attempt left behind, for nodes that left any."""

    def __post_init__(self, nodes: int) -> None:
        """Repeat the first element of each array."""
        self.counts = [nodes, *[0] * (len(NodeStatus) - 1)]
        for name in _NAMES:
            column = getattr(self, name)
            if isinstance(column, bytearray | array):
                setattr(self, name, column * nodes)

    def copy_columns(self) -> Columns:
        """Return a copy, of about 50 bytes a node. Copying all is faster than asking each changed node first."""
        copied = Columns(0)
        for name in _NAMES:
            setattr(copied, name, copy(getattr(self, name)))
        return copied

    def restore_columns(self, old: Columns) -> None:
        """Restore a copy, which is not used afterwards. Arrays stay the same objects."""
        for name in _NAMES:
            column, content = getattr(self, name), getattr(old, name)
            if isinstance(column, bytearray | array):
                column[:] = content
            else:
                setattr(self, name, content)


_NAMES = tuple(column.name for column in fields(Columns))
