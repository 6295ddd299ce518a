"""Capacity: the slots and pools of a run, which attempts hold them, and which are reserved for submitted attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.messages import NO_SLOTS, ONE_SLOT
from dagtui.engine.status import ALIVE, SUBMITTED_CAUSES, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagtui.engine.messages import Slots
    from dagtui.engine.state import RunState
    from dagtui.graph.indexed import Indexed
    from dagtui.graph.model import Graph, NodeIndex, TaskIndex

PoolAmounts = tuple[tuple[int, int], ...]
"""Amounts of pools, by the numbers of the pools."""


class Demand(NamedTuple):
    """What an attempt takes. Nodes with the same demand are one group."""

    slots: Slots
    pools: PoolAmounts = ()


ORDINARY = Demand(ONE_SLOT)
SERVICE = Demand(NO_SLOTS)
"""Services hold neither slots nor pools."""


class Capacity:
    """The slots and pools of a run. It counts what the nodes of one graph reserve and hold, and decides nothing.

    A submitted attempt reserves what its node wants, and holds it from its start to its end. Reserved slots may exceed
    what is free, because attempts are submitted ahead of free slots. Pools are never exceeded.
    """

    __slots__ = (
        "_demand_of",
        "_taken",
        "_task_of",
        "demands",
        "free",
        "held",
        "pools",
        "remote",
        "reserved",
        "size",
        "uniform",
    )

    def __init__(self, graph: Graph, size: Slots) -> None:
        self.size = size
        """Number of slots. It may be lowered below those that are held."""
        self.free = size
        """Number of slots that are neither held nor reserved. Negative if attempts were submitted ahead."""
        self.pools = [pool.size for pool in graph.pools]
        """What is neither held nor reserved of each pool."""
        self.reserved: dict[NodeIndex, Slots] = {}
        """Slots of the attempts that were submitted and have not begun, by node. Only this class changes it."""
        self.held: dict[NodeIndex, Slots] = {}
        """Slots of the attempts that have begun and have not ended, by node. Only this class changes it."""
        self.remote: dict[NodeIndex, str] = {}
        """The executors on other machines that have attempts, begun or not, by node. Only this class changes it."""
        self._taken: dict[NodeIndex, PoolAmounts] = {}
        """What attempts that were submitted or have begun take of pools, by node."""
        self._task_of = graph.task_of
        self.demands = [ORDINARY]
        """The distinct demands. The number of one is the number of its group."""
        self.uniform = not graph.any_wide and not graph.pools and not graph.any_services
        """Whether every node takes one slot and nothing else."""
        demand_of = [0] * len(graph.tasks) if self.uniform else self._number_demands(graph)
        self._demand_of = cast("Indexed[TaskIndex, int]", demand_of)

    def _number_demands(self, graph: Graph) -> list[int]:
        pools = {pool.name: number for number, pool in enumerate(graph.pools)}
        numbers = {ORDINARY: 0}
        found: list[int] = []
        for task in graph.tasks:
            amounts = tuple(sorted((pools[name], amount) for name, amount in task.pools))
            demand = Demand(cast("Slots", task.slots), amounts) if task.service is None else SERVICE
            found.append(numbers.setdefault(demand, len(numbers)))
        self.demands = list(numbers)
        return found

    def group(self, node: NodeIndex) -> int:
        """Return the number of a node's demand."""
        return self._demand_of[self._task_of[node]]

    def demand(self, node: NodeIndex) -> Demand:
        """Return what a node wants."""
        return self.demands[self._demand_of[self._task_of[node]]]

    @property
    def idle(self) -> bool:
        """Whether no attempt was submitted that has not ended."""
        return not self.held and not self.reserved

    @property
    def is_free(self) -> bool:
        """Whether all slots are free. Services may run."""
        return self.free == self.size

    def held_by(self, nodes: Iterable[NodeIndex]) -> int:
        """Return the number of slots that the given nodes hold."""
        return sum(self.held.get(node, 0) for node in nodes)

    def without(self, nodes: Iterable[NodeIndex], graph: Graph) -> list[int]:
        """Return the sizes of the pools without what the given nodes hold."""
        sizes = [pool.size for pool in graph.pools]
        for node in nodes:
            for pool, amount in self._taken.get(node, ()):
                sizes[pool] -= amount
        return sizes

    def resize(self, size: Slots) -> None:
        """Set the number of slots."""
        self.free += size - self.size
        self.size = size

    def reserve(self, node: NodeIndex) -> Slots:
        """Reserve what a node wants, because its attempt is submitted. Return the number of its slots."""
        demand = self.demands[self._demand_of[self._task_of[node]]]
        slots = self.reserved[node] = demand.slots
        self.free -= slots
        if demand.pools:
            self._taken[node] = demand.pools
            for pool, amount in demand.pools:
                self.pools[pool] -= amount
        return slots

    def withdraw(self, node: NodeIndex) -> None:
        """Drop the reservation of a node whose attempt was withdrawn."""
        self.free += self.reserved.pop(node)
        if node in self._taken:
            self._give_back(node)

    def begin(self, node: NodeIndex) -> None:
        """Hold what was reserved for a node, because its attempt has begun."""
        self.held[node] = self.reserved.pop(node)

    def release(self, node: NodeIndex) -> bool:
        """Release what a node holds whose attempt is over. Return False if it held nothing."""
        slots = self.held.pop(node, None)
        if slots is None:
            return False
        self.free += slots
        if node in self._taken:
            self._give_back(node)
        return True

    def carry(self, other: Capacity, number_of: Sequence[NodeIndex], pools: Mapping[int, int]) -> None:
        """Hold what attempts hold of the capacity of an older graph, of which nothing is reserved.

        `number_of` has the new numbers of the nodes, all of which there are still, and `pools` those of the pools.
        """
        for node, slots in other.held.items():
            self.held[number_of[node]] = slots
            self.free -= slots
        for node, amounts in other._taken.items():
            kept = tuple(sorted((pools[pool], amount) for pool, amount in amounts if pool in pools))
            if kept:
                self._taken[number_of[node]] = kept
                for pool, amount in kept:
                    self.pools[pool] -= amount

    def _give_back(self, node: NodeIndex) -> None:
        for pool, amount in self._taken.pop(node):
            self.pools[pool] += amount


def slots_of(graph: Graph, node: NodeIndex) -> Slots:
    """Return the number of slots that attempts of a node take. Those of services and gates take none."""
    task = graph.task(node)
    return NO_SLOTS if task.service is not None or graph.gate(node) is not None else cast("Slots", task.slots)


def slots_taken(state: RunState) -> int:
    """Return the number of slots that live attempts take, as far as the statuses of a run tell.

    A run that is only looked at has no other source. The number may exceed `state.jobs` after these were lowered. What
    began in the place of an attempt whose outputs are read does not exceed it.
    """
    taken = _slots_of_alive(state)
    if taken > state.jobs and (ended := state.reading()):
        return max(state.jobs, taken - sum(state.graph.task(node).slots for node in ended))
    return taken


def _slots_of_alive(state: RunState) -> int:
    alive = sum(state.counts[status] for status in ALIVE)
    if not alive or not (state.graph.any_wide or state.graph.any_services):
        return alive
    tasks = (state.graph.task(node) for status in ALIVE for node in state.nodes_with(status))
    return sum(task.slots for task in tasks if task.service is None)


def slots_free(state: RunState) -> int:
    """Return the number of slots that no live attempt takes."""
    return max(0, state.jobs - slots_taken(state))


def pools_taken(state: RunState) -> Mapping[str, int]:
    """Return what attempts take of each pool, as far as the statuses of a run tell. Submitted ones count, too."""
    taken = {pool.name: 0 for pool in state.graph.pools}
    if taken:
        for node in _holders(state):
            for name, amount in state.graph.task(node).pools:
                taken[name] = taken.get(name, 0) + amount
    return taken


def _holders(state: RunState) -> Iterator[NodeIndex]:
    for status in ALIVE:
        yield from state.nodes_with(status)
    if state.counts[NodeStatus.READY]:
        nodes = (node for cause in SUBMITTED_CAUSES for node in state.nodes_for(cause))
        yield from (node for node in nodes if state.status[node] == NodeStatus.READY)
