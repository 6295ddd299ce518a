"""Capacity: the slots and pools of a run, which attempts hold them, and which are reserved for submitted attempts.

An executor on other machines is a pool, whose size is the number of its slots. What runs there takes none here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.messages import NO_SLOTS, ONE_SLOT
from dagtui.engine.status import ALIVE, SUBMITTED_CAUSES, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dagtui.engine.messages import Slots
    from dagtui.engine.state import RunState
    from dagtui.graph.indexed import Indexed
    from dagtui.graph.model import Graph, NodeIndex, Task, TaskIndex

PoolAmounts = tuple[tuple[int, int], ...]
"""Amounts of pools, by the numbers of the pools."""


class Demand(NamedTuple):
    """What an attempt takes. Nodes with the same demand are one group."""

    slots: Slots
    """Slots of this machine."""
    pools: PoolAmounts = ()
    """Amounts of pools. The last one is of the executor on other machines, if it has one."""
    executor: str = ""
    """The name of that executor."""


ORDINARY = Demand(ONE_SLOT)
SERVICE = Demand(NO_SLOTS)
"""Services hold neither slots nor pools."""
UNLIMITED = 1 << 30
"""Number of slots of an executor that takes any number of attempts."""


class Capacity:
    """The slots and pools of a run. It counts what the nodes of one graph reserve and hold, and decides nothing.

    A submitted attempt reserves what its node wants, and holds it from its start to its end. Reserved slots may exceed
    what is free, because attempts are submitted ahead of free slots. Pools are never exceeded, except by an attempt
    that wants more than an executor has: it begins when nothing else is there.
    """

    __slots__ = (
        "_demand_of",
        "_taken",
        "_task_of",
        "demands",
        "executors",
        "free",
        "held",
        "pools",
        "remote",
        "reserved",
        "size",
        "sizes",
        "uniform",
    )

    def __init__(self, graph: Graph, size: Slots) -> None:
        self.size = size
        """Number of slots. It may be lowered below those that are held."""
        self.free = size
        """Number of slots that are neither held nor reserved. Negative if attempts were submitted ahead."""
        self.executors = {name: number for number, name in enumerate(graph.executors, len(graph.pools))}
        """The numbers of the pools that executors on other machines are, by their names."""
        jobs = (settings.jobs for settings in graph.executors.values())
        self.sizes = [*(pool.size for pool in graph.pools), *(number or UNLIMITED for number in jobs)]
        """What there is of each pool."""
        self.pools = list(self.sizes)
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
        self.uniform = not graph.any_wide and not self.sizes and not graph.any_services
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
            if task.executor in self.executors and task.service is None:
                there = self.executors[task.executor], slots_there(graph, task)
                demand = Demand(NO_SLOTS, (*amounts, there), task.executor)
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

    def without(self, nodes: Iterable[NodeIndex]) -> list[int]:
        """Return the sizes of the pools without what the given nodes hold."""
        sizes = list(self.sizes)
        for node in nodes:
            for pool, amount in self._taken.get(node, ()):
                sizes[pool] -= amount
        return sizes

    def resize(self, size: Slots) -> None:
        """Set the number of slots."""
        self.free += size - self.size
        self.size = size

    def resize_executors(self, sizes: Mapping[str, Slots]) -> None:
        """Set the number of slots of executors on other machines."""
        for name, size in sizes.items():
            if (pool := self.executors.get(name)) is not None:
                self.pools[pool] += size - self.sizes[pool]
                self.sizes[pool] = size

    def wanted(self, pool: int, amount: int) -> int:
        """Return how much of a pool must be free for an attempt that takes an amount: at most what there is."""
        return min(amount, self.sizes[pool])

    def reserve(self, node: NodeIndex) -> Slots:
        """Reserve what a node wants, because its attempt is submitted. Return the slots that it takes where it runs."""
        demand = self.demands[self._demand_of[self._task_of[node]]]
        slots = self.reserved[node] = demand.slots
        self.free -= slots
        if demand.pools:
            self._take(node, demand)
            return cast("Slots", demand.pools[-1][1]) if demand.executor else slots
        return slots

    def _take(self, node: NodeIndex, demand: Demand) -> None:
        self._taken[node] = demand.pools
        for pool, amount in demand.pools:
            self.pools[pool] -= amount
        if demand.executor:
            self.remote[node] = demand.executor

    def take_up(self, node: NodeIndex, executor: str, *, begun: bool) -> None:
        """Reserve or hold what an attempt takes that an executor on other machines has.

        It may be another one than that of its node, or one that the graph does not name any more.
        """
        demand = self.demand(node)
        self.reserved[node] = NO_SLOTS
        pools = ((self.executors[executor], 1),) if executor in self.executors else ()
        self._take(node, demand if demand.executor == executor else Demand(NO_SLOTS, pools, executor))
        if begun:
            self.begin(node)

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
        """Hold and reserve what attempts hold and reserve of the capacity of an older graph.

        `number_of` has the new numbers of the nodes, all of which there are still, and `pools` those of the pools.
        """
        for node, slots in other.held.items():
            self.held[number_of[node]] = slots
            self.free -= slots
        for node, slots in other.reserved.items():
            self.reserved[number_of[node]] = slots
            self.free -= slots
        self.remote.update((number_of[node], executor) for node, executor in other.remote.items())
        for node, amounts in other._taken.items():
            kept = tuple(sorted((pools[pool], amount) for pool, amount in amounts if pool in pools))
            if kept:
                self._taken[number_of[node]] = kept
                for pool, amount in kept:
                    self.pools[pool] -= amount

    def _give_back(self, node: NodeIndex) -> None:
        for pool, amount in self._taken.pop(node):
            self.pools[pool] += amount
        if self.remote:
            self.remote.pop(node, None)


def slots_there(graph: Graph, task: Task) -> Slots:
    """Return the number of slots that an attempt of a task takes on its executor on other machines."""
    return cast("Slots", task.slots) if _may_be_wide(graph, task.executor) else ONE_SLOT


def _may_be_wide(graph: Graph, executor: str) -> bool:
    """Return whether attempts may take several slots of an executor on other machines."""
    from dagtui.graph.executors import ExecutorKind

    return graph.any_wide and graph.executors[executor].kind is ExecutorKind.SSH


def slots_of(graph: Graph, node: NodeIndex) -> Slots:
    """Return the number of slots of this machine that attempts of a node take. Services and gates take none."""
    task = graph.task(node)
    if task.service is not None or graph.gate(node) is not None or task.executor in graph.executors:
        return NO_SLOTS
    return cast("Slots", task.slots)


def slots_taken(state: RunState) -> int:
    """Return the number of slots of this machine that live attempts take, as far as the statuses of a run tell.

    A run that is only looked at has no other source. The number may exceed `state.jobs` after these were lowered. What
    began in the place of an attempt whose outputs are read does not exceed it.
    """
    taken = _slots_of_alive(state)
    if taken > state.jobs and (ended := state.reading()):
        return max(state.jobs, taken - sum(state.graph.task(node).slots for node in ended))
    return taken


def _slots_of_alive(state: RunState) -> int:
    alive = max(0, sum(state.counts[status] for status in ALIVE) - state.alive_there)
    remote = state.executor_of
    if not alive or not (state.graph.any_wide or state.graph.any_services):
        return alive
    nodes = (node for status in ALIVE for node in state.nodes_with(status))
    tasks = (state.graph.task(node) for node in nodes if node not in remote)
    return sum(task.slots for task in tasks if task.service is None)


def slots_free(state: RunState) -> int:
    """Return the number of slots that no live attempt takes."""
    return max(0, state.jobs - slots_taken(state))


class ExecutorSlots(NamedTuple):
    """The slots of an executor on other machines."""

    taken: int
    """What attempts take that it has, begun or not."""
    of: Slots | None
    """Number of slots. None: it takes any number."""
    queued: int
    """Number of attempts that it has and that have not begun."""


def executor_slots(state: RunState) -> Mapping[str, ExecutorSlots]:
    """Return the slots of the executors on other machines, by their names."""
    names = dict.fromkeys((*state.graph.executors, *(name for name, taken in state.taken_on.items() if taken)))
    return {
        name: ExecutorSlots(_taken_there(state, name), slots_of_executor(state, name), state.queued_on.get(name, 0))
        for name in names
    }


def slots_of_executor(state: RunState, name: str) -> Slots | None:
    """Return the number of slots of an executor on other machines, or None if it takes any number of attempts."""
    settings = state.graph.executors.get(name)
    given = state.slots_on.get(name)
    return given if given is not None or settings is None else cast("Slots | None", settings.jobs)


def _taken_there(state: RunState, name: str) -> int:
    graph = state.graph
    if name not in graph.executors or not _may_be_wide(graph, name):
        return state.taken_on.get(name, 0)  # there may be ten thousand of them
    tasks = [graph.task(node) for node, executor in state.executor_of.items() if executor == name]
    return sum(slots_there(graph, task) if task.executor == name else 1 for task in tasks)


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
