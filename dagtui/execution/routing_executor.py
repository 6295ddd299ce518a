"""The executor of a run whose nodes do not all run on this machine: it passes each on to the executor of its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_SLOTS, Ended, Withdrawn
from dagtui.graph.model import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber, Result, Slots
    from dagtui.engine.protocol import Executor, Handed, Surroundings
    from dagtui.execution.forwarding_executor import Attempt
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds


class RoutingExecutor:
    """Passes calls on to the executors of nodes, by name (see `dagtui.engine.protocol.Executor`).

    An attempt stays with the executor that got it, even if a reload gives its task another one.
    """

    def __init__(self, executors: Mapping[str, Executor], name_of: Callable[[NodeIndex], str]) -> None:
        """`name_of` returns the name of the executor of a node. One of them is "local"."""
        self.executors = dict(executors)
        self._name_of = name_of
        self._held: dict[Attempt, str] = {}
        """The executors that have attempts which are not over."""
        self._deliver: Callable[[Result], None] = _ignore

    @property
    def keeps_going(self) -> bool:
        """Whether the attempts of any executor outlive this process."""
        return any(executor.keeps_going for executor in self.executors.values())

    def open(self, deliver: Callable[[Result], None], slots: Slots) -> None:
        """Prepare all executors."""
        self._deliver = deliver
        for executor in self.executors.values():
            executor.open(self._take, slots)

    def redirect(self, deliver: Callable[[Result], None]) -> None:
        """Pass results to another function."""
        self._deliver = deliver

    def reload(self, name_of: Callable[[NodeIndex], str], number_of: Sequence[NodeIndex]) -> None:
        """Pass the nodes of another graph on from now on, in which nodes have other numbers."""
        self._name_of = name_of
        self._held = {
            (number_of[node], attempt): name for (node, attempt), name in self._held.items() if number_of[node] >= 0
        }

    def add(self, name: str, executor: Executor) -> None:
        """Add an executor to those that are open. It is served from the next `serve` on."""
        self.executors[name] = executor
        executor.open(self._take, NO_SLOTS)

    def stand_before(self, local: Executor, attempts: Iterable[Attempt]) -> Callable[[Result], None]:
        """Stand before an executor that is open and has attempts. Return what its results must be passed to."""
        self.executors[LOCAL] = local
        self._held.update(dict.fromkeys(attempts, LOCAL))
        return self._take

    def hold(self, attempts: Mapping[Attempt, str]) -> None:
        """Note the executors that have attempts of an earlier process of the run."""
        self._held.update(attempts)

    @property
    def elsewhere(self) -> frozenset[str]:
        """The names of the executors on other machines."""
        return frozenset(self.executors) - {LOCAL}

    @property
    def kept(self) -> frozenset[str]:
        """The names of the executors whose attempts outlive this process."""
        return frozenset(name for name, executor in self.executors.items() if executor.keeps_going)

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Submit an attempt."""
        name = self._held[node, attempt] = self._name_of(node)
        self.executors[name].start(node, attempt, slots)

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """End an attempt."""
        self._holder(node, attempt).stop(node, attempt, grace)

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that still waits."""
        self._holder(node, attempt).withdraw(node, attempt)

    def set_slots(self, slots: Slots) -> None:
        """Allow this many slots of this machine. Others have as many as the engine hands over."""
        self.executors[LOCAL].set_slots(slots)

    def acknowledge(self) -> None:
        """Confirm what was delivered."""
        for executor in self.executors.values():
            executor.acknowledge()

    def flush(self) -> None:
        """Send the requests made since the last call, a batch for each executor."""
        for executor in self.executors.values():
            executor.flush()

    def collect(self) -> None:
        """Deliver the results that have arrived."""
        for executor in self.executors.values():
            executor.collect()

    async def serve(self) -> None:
        """Serve all executors until they have ended everything."""
        import anyio

        async with anyio.create_task_group() as group:
            for executor in self.executors.values():
                group.start_soon(executor.serve)

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Let the executors on other machines take up attempts of an earlier process of the run."""
        parts: dict[str, list[Handed]] = {}
        for each in handed:
            name = self._held.setdefault((each.node, each.attempt), self._name_of(each.node))
            parts.setdefault(name, []).append(each)
        for name, part in parts.items():
            self.executors[name].take_up(part)

    def surroundings(self, node: NodeIndex, attempt: AttemptNumber) -> Surroundings:
        """Return the surroundings that an attempt would get now."""
        return self.executors[self._name_of(node)].surroundings(node, attempt)

    async def detach(self) -> None:
        """Leave. What keeps going goes on, and everything else ends."""
        import anyio

        async with anyio.create_task_group() as group:
            for executor in self.executors.values():
                group.start_soon(executor.detach)

    async def close(self) -> None:
        """End everything, on all machines at once."""
        import anyio

        async with anyio.create_task_group() as group:
            for executor in self.executors.values():
                group.start_soon(executor.close)

    def _holder(self, node: NodeIndex, attempt: AttemptNumber) -> Executor:
        return self.executors[self._held.get((node, attempt)) or self._name_of(node)]

    def _take(self, result: Result) -> None:
        if isinstance(result, (Ended, Withdrawn)):
            self._held.pop((result.node, result.attempt), None)
        self._deliver(result)


def _ignore(_: Result) -> None:
    """Do nothing: nothing is delivered before the executors are opened."""
