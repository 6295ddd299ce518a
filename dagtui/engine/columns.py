"""The data of a run that events change: a column for each kind, copied and restored as one."""

from __future__ import annotations

from array import array
from copy import copy
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.messages import NO_OUTPUTS, Slots
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableSequence

    from dagtui.engine.events import CommandEvent
    from dagtui.engine.messages import Answer, AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime, WallTime


class Asked(NamedTuple):
    """What a gate asked, and the answer, or None if there is none yet."""

    question: str
    answer: Answer | None = None


class Silence(NamedTuple):
    """An executor on other machines that can't be reached."""

    since: WallTime
    why: str


class Uncounted(NamedTuple):
    """Attempts since the present budget of retries began that may not count as tries (rule 10 in `rules`)."""

    lost: int = 0
    """Those that were lost, and followed by another."""
    outside: int = 0
    """Those that something outside the run ended, and that were followed by another."""
    withdrawn: int = 0
    """Those that an executor on other machines withdrew before they began. Their numbers are not used again."""


class Columns:
    """All that events change. An array has an element for each node, and a dictionary only for some nodes.

    A new column is one attribute: it is copied, restored and rolled back with the others. `dataclasses` would make this
    class no shorter, and takes a hundredth of the time to the first node.
    """

    def __init__(self, nodes: int, jobs: int = 1) -> None:
        self.jobs = Slots(jobs)
        self.paused = False
        self.cancelled_all = False
        """Whether a person or a signal cancelled the whole run. A later retry clears it."""
        self.timed_out = 0
        """Number of the last command that the time limit of the run gave, or 0. A resume clears it."""
        self.limit_from = 0.0
        """Active seconds at which the time limit of the run last began. Infinite when the time has run out."""
        self.settled_at: ClockTime | None = None
        """Time on the run's clock when the last node settled. None while some are not settled."""
        self.parked = 0.0
        """Total seconds during which everything was settled before a command woke the run."""
        self.command_number = 0
        self.commands: dict[int, CommandEvent] = {}
        """The commands whose marks nodes may have, by number."""
        self.marks: dict[NodeIndex, tuple[int, ...]] = {}
        """Numbers of the commands whose marks a node has, for marked nodes."""
        self.due: dict[NodeIndex, ClockTime] = {}
        """Time on the run's clock when a RETRYING node may start again, or when one in `doubts` counts as lost."""
        self.why: dict[NodeIndex, str] = {}
        """The reason that came with the last result, for EXPLAINED nodes and those that are up to date."""
        self.asked: dict[NodeIndex, Asked] = {}
        """What gates ask, or asked, with the answers, until they are reset. `started` says since when."""
        self.reasons: dict[NodeIndex, str] = {}
        """Why the last attempt ran, for nodes that were judged before, such as "runs: in.csv changed"."""
        self.any_remote = False
        """Whether anything was told of executors on other machines."""
        self.executor_of: dict[NodeIndex, str] = {}
        """The executor on other machines that has an attempt of a node now, begun or not, for nodes of which one is."""
        self.queued_since: dict[NodeIndex, ClockTime] = {}
        """Time on the run's clock when such an attempt was submitted, until it begins."""
        self.where: dict[NodeIndex, str] = {}
        """The machine that executes the last attempt that began, or did, for nodes where it was not this one."""
        self.doubts: dict[NodeIndex, str] = {}
        """Why an attempt on another machine soon counts as lost, for RUNNING nodes of which one does."""
        self.uncounted: dict[NodeIndex, Uncounted] = {}
        """Attempts that may not count as tries, for nodes that have any."""
        self.taken_on: dict[str, int] = {}
        """Number of attempts that an executor on other machines has, begun or not, by its name."""
        self.queued_on: dict[str, int] = {}
        """Number of those that have not begun."""
        self.alive_there = 0
        """Number of nodes in flight whose attempts such executors have."""
        self.ready_there = 0
        """Number of READY nodes whose attempts wait in the queues of such executors."""
        self.slots_on: dict[str, Slots] = {}
        """Number of slots that a command gave an executor on other machines, by its name. A resume forgets it."""
        self.silent: dict[str, Silence] = {}
        """Since when executors on other machines can't be reached, and why, by their names."""
        self.left: dict[NodeIndex, int] = {}
        """Number of processes that the last attempt left behind, for nodes that left any."""
        self.outputs: dict[NodeIndex, Mapping[str, str]] = {}
        """The values that a node hands on to its descendants, for nodes that have any. A restart forgets them."""
        self.leaving: frozenset[NodeIndex] = frozenset()
        """Nodes that the file no longer has since a reload, whose attempts go on until they end."""
        self.superseded: dict[NodeIndex, AttemptNumber] = {}
        """Attempts that execute an older definition of their node than the graph has since a reload, by node."""
        self.redefined: dict[NodeIndex, AttemptNumber] = {}
        """Nodes that a reload gave another definition, with their last attempt before it. Of many, only the first."""
        self.has_targets = False
        """Whether only targets and their ancestors are part of the run."""
        self.bypassed: set[NodeIndex] = set()
        """Nodes whose conditions are not asked any more, because a person retried them."""
        self.held: set[NodeIndex] = set()
        """Nodes that begin no attempt until a person releases them (rule 14 in `rules`)."""
        self.held_before: set[NodeIndex] = set()
        """Nodes that were held when the whole run was cancelled. A resume holds those that are cancelled by that."""
        self.counts = [nodes, *[0] * (len(NodeStatus) - 1)]
        """Number of selected nodes by status."""
        self.finally_unsettled = 0
        """Number of finally nodes of the run that are not settled."""
        self.outside = 0
        """Number of nodes that are not selected."""
        self.named: tuple[str, ...] = ()
        """The names that the run was called with. Empty: it runs what runs by default."""
        self._add_arrays(nodes)

    def _add_arrays(self, nodes: int) -> None:
        self.status = bytearray(nodes)
        """NodeStatus by node."""
        self.selected = bytearray(b"\1") * nodes
        """Whether the node is part of the run, as its ancestors then are. All others are WAITING."""
        self.cause = bytearray(nodes)
        """Cause by node. A READY node has the cause IN_LINE or QUEUED if its attempt is submitted."""
        self.attempt = cast("MutableSequence[AttemptNumber]", array("i", [0]) * nodes)
        """Number of the last submitted attempt. 0: none."""
        self.base = cast("MutableSequence[AttemptNumber]", array("i", [0]) * nodes)
        """Number of the last attempt before the present budget of retries."""
        self.blocker = cast("MutableSequence[NodeIndex]", array("i", [NO_NODE]) * nodes)
        """The parent that blocks a node or made it SKIPPED, or -1."""
        self.value = array("i", [0]) * nodes
        """Exit status or signal of the last result."""
        self.started = cast("MutableSequence[ClockTime]", array("d", [0.0]) * nodes)
        """Time on the run's clock when the last attempt began."""
        self.ended = cast("MutableSequence[ClockTime]", array("d", [0.0]) * nodes)
        """Time on the run's clock when a result gave the node its status, or 0."""
        self.stale = bytearray(nodes)
        """Whether the node completed before an ancestor ran again."""
        self.outcome = bytearray(nodes)
        """How the node counts for its children now: a ParentOutcome."""
        self.ok = array("i", [0]) * nodes
        """Tallies of parents by outcome: this one and the next two."""
        self.bad = array("i", [0]) * nodes
        self.skip = array("i", [0]) * nodes

    def status_name(self, node: NodeIndex) -> str:
        """Return the status of a node as `needs.X.status` has it. That of a ready service is what it counts as."""
        status = NodeStatus.COMPLETED if self.cause[node] == Cause.SERVES else NodeStatus(self.status[node])
        return status.name.lower()

    def outputs_of(self, node: NodeIndex) -> Mapping[str, str]:
        """Return the values that a node hands on."""
        return self.outputs.get(node, NO_OUTPUTS)

    def tries(self, node: NodeIndex) -> int:
        """Return the number of attempts in the present budget of retries, without those withdrawn elsewhere."""
        tries = self.attempt[node] - self.base[node]
        return tries - self.uncounted[node].withdrawn if node in self.uncounted else tries

    @property
    def stale_count(self) -> int:
        """Number of nodes that completed before an ancestor ran again."""
        return self.stale.count(1)

    @property
    def up_to_date(self) -> int:
        """Number of nodes that are done because nothing had changed since their last success."""
        return self.cause.count(Cause.UP_TO_DATE)

    def is_outside(self, node: NodeIndex) -> bool:
        """Return whether the node is not part of the run."""
        return not self.selected[node]

    def inside(self, nodes: Iterable[NodeIndex]) -> Iterable[NodeIndex]:
        """Return those of the nodes that are part of the run."""
        return filter(self.selected.__getitem__, nodes) if self.outside else nodes

    def copy_columns(self) -> Columns:
        """Return a copy, of about 50 bytes a node. Copying all is faster than asking each changed node first."""
        copied = Columns(0)
        for name in COLUMN_NAMES:
            setattr(copied, name, copy(getattr(self, name)))
        return copied

    def restore_columns(self, old: Columns) -> None:
        """Restore a copy, which is not used afterwards. Arrays stay the same objects."""
        for name in COLUMN_NAMES:
            column, content = getattr(self, name), getattr(old, name)
            if isinstance(column, bytearray | array):
                column[:] = content
            else:
                setattr(self, name, content)


COLUMN_NAMES = tuple(vars(Columns(0)))
"""What events change, by the names of attributes."""


def positions(column: bytearray, value: int) -> Iterator[int]:
    """Yield where a column has a value."""
    position = column.find(value)
    while position >= 0:
        yield position
        position = column.find(value, position + 1)
