"""Troubles: the nodes that need a person's attention, by kind, with failures of one shape as one group."""

from __future__ import annotations

import enum
from array import array
from bisect import bisect_left
from heapq import nsmallest
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from dagtui.engine.columns import positions
from dagtui.engine.status import ALIVE, SETTLED, Cause, NodeStatus
from dagtui.text.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableSequence, Sequence
    from collections.abc import Set as AbstractSet

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime

_S = NodeStatus


class TroubleKind(enum.IntEnum):
    """What is wrong with a node, in the order of the rows."""

    NONE = 0
    FAILED = 1
    """A root failure: it is not allowed, and nothing else is to blame."""
    RETRYING = 2
    ASKS = 3
    """A gate that waits for a person's answer."""
    SILENT = 4
    """Queued or running on other machines, by an executor that does not answer."""
    LATE = 5
    """Running for longer than usual."""
    QUEUED = 6
    """Queued on other machines for long."""
    STALE = 7
    UNRECORDED = 8
    """Settled, but its end is not on record yet."""
    ALLOWED = 9
    """A failure that is allowed."""


NO_TROUBLE: Final = bytes(kind == TroubleKind.NONE for kind in range(256))
"""To translate kinds: 1 for none."""
_IN_FLIGHT: Final = frozenset({_S.READY, *ALIVE})
_BLOCKED: Final = bytes(status == _S.FAILED_PARENT for status in range(256))


class Clues:
    """What no event tells: decisive lines of logs, and which nodes are late, wait for long, or are out of reach."""

    def __init__(self) -> None:
        self.lines: dict[tuple[NodeIndex, AttemptNumber], str] = {}
        """The decisive lines that were read, by node and attempt, safe to show. Empty if nothing was printed."""
        self.late: frozenset[NodeIndex] = frozenset()
        self.queued: frozenset[NodeIndex] = frozenset()
        self.silent: frozenset[NodeIndex] = frozenset()


class _Clued(NamedTuple):
    """Nodes of which more is known than their status, as of the last `take`."""

    late: AbstractSet[NodeIndex]
    queued: AbstractSet[NodeIndex]
    silent: AbstractSet[NodeIndex]
    off_record: AbstractSet[NodeIndex]


def _sets(state: RunState, clues: Clues) -> _Clued:
    return _Clued(clues.late, clues.queued, clues.silent, state.off_record)


class AlikeKey(NamedTuple):
    """What failures of one group have in common."""

    why: str
    """The reason, such as `exit 1`."""
    shape: str | None
    """The shape of the decisive line. None if it was not read yet."""


class Alike:
    """Failures with one reason and decisive lines of one shape."""

    __slots__ = ("failed_at", "key", "nodes")

    def __init__(self, key: AlikeKey) -> None:
        self.key = key
        self.nodes = cast("MutableSequence[NodeIndex]", array("i"))
        """In file order."""
        self.failed_at: dict[NodeIndex, ClockTime] = {}

    @property
    def order(self) -> tuple[ClockTime, int]:
        """The place of the group among the others: by its first failure."""
        return min(self.failed_at.values()), self.nodes[0]

    def add(self, node: NodeIndex, at: ClockTime) -> None:
        """Add a node."""
        self.failed_at[node] = at
        if self.nodes and node < self.nodes[-1]:
            self.nodes.insert(bisect_left(self.nodes, node), node)
        else:
            self.nodes.append(node)

    def remove(self, node: NodeIndex) -> None:
        """Remove a node."""
        del self.failed_at[node]
        del self.nodes[bisect_left(self.nodes, node)]


class Troubles:
    """The kind of trouble of each node, as of the last `take`. What it costs grows with what has changed."""

    def __init__(self, state: RunState, clues: Clues) -> None:
        self._state = state
        self._clues = clues
        self._clued = _sets(state, clues)
        """Nodes of which more is known than their status, by what that is."""
        self._outside = state.outside
        self.kinds = bytearray(len(state.graph))
        """By node."""
        self._is_blocked = bytearray(state.status).translate(_BLOCKED)
        """By node. What failures block is said below them."""
        self._groups: dict[AlikeKey, Alike] = {}
        self._keys: dict[tuple[str, str | None], AlikeKey] = {}
        """By reason and decisive line."""
        self.group_of: dict[NodeIndex, Alike] = {}
        """For each root failure, its group."""
        stale = cast("Iterator[NodeIndex]", positions(state.stale, 1))
        failing = chain(state.nodes_with(_S.FAILED), state.nodes_with(_S.RETRYING))
        self._sort(chain(failing, state.nodes_for(Cause.ASKS), stale, *self._clued))

    def groups(self) -> list[Alike]:
        """Return the groups of root failures, by their first failures."""
        return sorted(self._groups.values(), key=lambda group: group.order)

    def unread(self, most: int) -> Sequence[NodeIndex]:
        """Return the root failures whose decisive lines are to be read, so that `most` are read, the first first."""
        read = sum(len(group.nodes) for key, group in self._groups.items() if key.shape is not None)
        others = (group.failed_at for key, group in self._groups.items() if key.shape is None)
        found = nsmallest(most - read, ((at, node) for failed_at in others for node, at in failed_at.items()))
        return [node for _, node in found]

    def nodes(self, kind: TroubleKind) -> Sequence[NodeIndex]:
        """Return the nodes with a kind of trouble, in file order."""
        return cast("Sequence[NodeIndex]", array("i", positions(self.kinds, kind)))

    def take(self, nodes: Iterable[NodeIndex]) -> bool:
        """Adopt what has become of some nodes, and what else is known. Return whether anything is another trouble."""
        changed = self._sort(nodes) or self._outside != self._state.outside
        self._outside = self._state.outside
        before, self._clued = self._clued, _sets(self._state, self._clues)
        for old, new in zip(before, self._clued, strict=True):
            if old is not new:
                changed |= self._sort(old ^ new)
        return changed

    def kind_of(self, node: NodeIndex) -> TroubleKind:
        """Return the present trouble of a node. The rows may still show an earlier one."""
        state = self._state
        status = state.status[node]
        if state.is_outside(node):
            return TroubleKind.NONE
        if status == _S.FAILED:
            return TroubleKind.ALLOWED if state.allows_failure(node) else TroubleKind.FAILED
        if status == _S.RETRYING:
            return TroubleKind.RETRYING
        clued = self._clued
        if status in _IN_FLIGHT and node in clued.silent:
            return TroubleKind.SILENT
        if status == _S.READY:
            waits = TroubleKind.QUEUED if node in clued.queued else TroubleKind.NONE
            return TroubleKind.ASKS if state.cause[node] == Cause.ASKS else waits
        if status == _S.RUNNING:
            return TroubleKind.LATE if node in clued.late else TroubleKind.NONE
        if state.stale[node]:
            return TroubleKind.STALE
        is_unrecorded = status in SETTLED and node in clued.off_record
        return TroubleKind.UNRECORDED if is_unrecorded else TroubleKind.NONE

    def _sort(self, nodes: Iterable[NodeIndex]) -> bool:
        kinds, blocked, status, changed = self.kinds, self._is_blocked, self._state.status, False
        for node in nodes:
            kind = self.kind_of(node)
            if blocked[node] != (status[node] == _S.FAILED_PARENT):
                blocked[node] = not blocked[node]
                changed = True
            if kind != kinds[node]:
                kinds[node] = kind
                changed = True
            if kind == TroubleKind.FAILED or node in self.group_of:
                changed |= self._group(node, is_failure=kind == TroubleKind.FAILED)
        return changed

    def _group(self, node: NodeIndex, *, is_failure: bool) -> bool:
        """Move a node to the group that it belongs to. Return whether that is another one."""
        key = self._key(node) if is_failure else None
        at = self._state.ended[node]
        before = self.group_of.get(node)
        if before is not None:
            if before.key == key and before.failed_at[node] == at:
                return False
            before.remove(node)
            del self.group_of[node]
            if not before.nodes:
                del self._groups[before.key]
        if key is not None:
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = Alike(key)
            group.add(node, at)
            self.group_of[node] = group
        return True

    def _key(self, node: NodeIndex) -> AlikeKey:
        why, line = self._state.why.get(node, ""), self._clues.lines.get((node, self._state.attempt[node]))
        found = self._keys.get((why, line))
        if found is None:
            found = self._keys[why, line] = AlikeKey(why, None if line is None else shape(line))
        return found
