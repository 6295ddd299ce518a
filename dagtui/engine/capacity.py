"""Capacity: how many slots a run has, which attempts hold them, and which are reserved for submitted attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dagtui.engine.status import ALIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.messages import Slots
    from dagtui.engine.state import RunState
    from dagtui.graph.indexed import Indexed
    from dagtui.graph.model import Graph, NodeIndex, TaskIndex


class Capacity:
    """A pool of slots. It counts what the nodes of one graph reserve and hold of it, and decides nothing.

    A submitted attempt reserves the slots of its node, and holds them from its start to its end. Reservations may
    exceed what is free, because attempts are submitted ahead of free slots.
    """

    __slots__ = ("_task_of", "_widths", "any_wide", "free", "held", "reserved", "size")

    def __init__(self, graph: Graph, size: Slots) -> None:
        self.size = size
        """Number of slots. It may be lowered below those that are held."""
        self.free = size
        """Number of slots that are neither held nor reserved. Negative if attempts were submitted ahead."""
        self.reserved: dict[NodeIndex, Slots] = {}
        """Slots of the attempts that were submitted and have not begun, by node. Only this class changes it."""
        self.held: dict[NodeIndex, Slots] = {}
        """Slots of the attempts that have begun and have not ended, by node. Only this class changes it."""
        self._task_of = graph.task_of
        self._widths = cast("Indexed[TaskIndex, Slots]", [task.slots for task in graph.tasks])
        self.any_wide = graph.any_wide

    def width(self, node: NodeIndex) -> Slots:
        """Return the number of slots that a node needs."""
        return self._widths[self._task_of[node]]

    @property
    def idle(self) -> bool:
        """Whether nothing is held or reserved."""
        return not self.held and not self.reserved

    def held_by(self, nodes: Iterable[NodeIndex]) -> int:
        """Return the number of slots that the given nodes hold."""
        return sum(self.held.get(node, 0) for node in nodes)

    def resize(self, size: Slots) -> None:
        """Set the number of slots."""
        self.free += size - self.size
        self.size = size

    def reserve(self, node: NodeIndex) -> Slots:
        """Reserve the slots of a node whose attempt is submitted. Return their number."""
        slots = self.reserved[node] = self.width(node)
        self.free -= slots
        return slots

    def withdraw(self, node: NodeIndex) -> None:
        """Drop the reservation of a node whose attempt was withdrawn."""
        self.free += self.reserved.pop(node)

    def begin(self, node: NodeIndex) -> None:
        """Hold the slots that were reserved for a node, because its attempt has begun."""
        self.held[node] = self.reserved.pop(node)

    def release(self, node: NodeIndex) -> bool:
        """Release the slots of a node whose attempt is over. Return False if it held none."""
        slots = self.held.pop(node, None)
        if slots is None:
            return False
        self.free += slots
        return True


def slots_taken(state: RunState) -> int:
    """Return the number of slots that live attempts take, as far as the statuses of a run tell.

    A run that is only looked at has no other source. The number may exceed `state.jobs` after these were lowered.
    """
    alive = sum(state.counts[status] for status in ALIVE)
    if not alive or not state.graph.any_wide:
        return alive
    return sum(state.graph.task(node).slots for status in ALIVE for node in state.nodes_with(status))


def slots_free(state: RunState) -> int:
    """Return the number of slots that no live attempt takes."""
    return max(0, state.jobs - slots_taken(state))
