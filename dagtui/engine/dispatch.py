"""Dispatch: submit ready nodes to the executor, given slots and pools, in critical-path order, so that none starves."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from dagtui.engine.capacity import SERVICE
from dagtui.engine.events import NodeChange
from dagtui.engine.messages import NO_SLOTS, ONE_SLOT, Start, Withdraw
from dagtui.engine.ready_queue import ReadyQueue
from dagtui.engine.rules.propagation import Propagation
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagtui.engine.capacity import Demand
    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds

LOOKAHEAD_SECONDS, LOOKAHEAD_MOST = 0.05, 64
"""Lookahead: the attempts that should begin within this many seconds, judged by recent ones, and their maximum."""
TYPICAL = 1.0
"""Expected seconds of an attempt before any attempt has ended."""


class _Kept:
    """What stays free for nodes that were passed over for too long, so that less urgent ones don't take it."""

    __slots__ = ("node", "pools", "slots", "slots_for")

    def __init__(self) -> None:
        self.node = NO_NODE
        """The most urgent node for which something is kept."""
        self.slots = NO_SLOTS
        self.slots_for = NO_NODE
        """The most urgent node for which slots are kept."""
        self.pools: dict[int, int] = {}


class Dispatch(Propagation):
    """A propagation that also submits ready nodes while slots and pools are free.

    Work is conserved, and nodes that want much don't starve (rule 5 in `rules`).
    """

    def __init__(self, graph: Graph, state: RunState, order: Sequence[float], lookahead: int) -> None:
        """Create a dispatcher. `order` is the critical-path length of each node: longer paths start first."""
        super().__init__(graph, state)
        self.ready = ReadyQueue(order)
        self.submits = True
        """Whether ready nodes are submitted. A reload waits until nothing is submitted that has not begun."""
        self._typical = TYPICAL
        """Moving average of the seconds that recent attempts took."""
        self._lookahead = 0
        self._lookahead_most = lookahead
        self._passed_over: dict[NodeIndex, ClockTime] = {}
        """Ready nodes that lack something that a less urgent node took, and since when. At most one of each group."""
        self._kept_for = NO_NODE, NO_NODE
        """For which nodes something, and slots, were kept after the last fill."""

    def _fill(self) -> None:
        """Submit ready nodes: as many as fit what is free, and a few more if attempts are short."""
        state, capacity = self.state, self.capacity
        if not self.submits:
            state.kept_for = NO_NODE
            return
        if capacity.size != state.jobs:
            capacity.resize(state.jobs)
        if state.slots_on:
            capacity.resize_executors(state.slots_on)
        if not state.counts[NodeStatus.READY]:
            self.ready.clear()
        if not capacity.uniform:
            self._fill_by_demand()
        elif not state.paused:
            while self._may_submit() and (node := self.ready.pop(self._startable)) is not None:
                self._submit(node)

    def _may_submit(self) -> bool:
        """Return whether a node of one slot fits, now or by lookahead."""
        return self.capacity.free > 0 or self.capacity.idle or len(self.submitted) < self._lookahead

    def _fill_by_demand(self) -> None:
        """Fill slots and pools in a graph whose nodes want different amounts of them."""
        state = self.state
        state.kept_for = NO_NODE
        if self._passed_over:
            self._passed_over = {node: since for node, since in self._passed_over.items() if self._startable(node)}
        if state.paused:
            self._kept_for = NO_NODE, NO_NODE
            return
        kept, blocked = self._submit_what_fits()
        while self.capacity.is_free and (wide := next(filter(self._wants_more_than_all, blocked), None)) is not None:
            self._submit(wide)
            kept, blocked = self._submit_what_fits()
        state.kept_for = kept.node
        before, self._kept_for = self._kept_for, (kept.node, kept.slots_for)
        if kept.node != NO_NODE and self._kept_for != before and self.capacity.free < 0:
            self._withdraw_ahead()

    def _submit_what_fits(self) -> tuple[_Kept, list[NodeIndex]]:
        """Submit each node that fits and leaves what is kept, most urgent first. Return the first of each other group.

        The members of a group want the same, so none of them fits if the first one does not.
        """
        ready, demands = self.ready, self.capacity.demands
        kept = _Kept()
        blocked: list[NodeIndex] = []
        heads = ready.heads(self._startable)
        while heads:
            rank, group = heads[0]
            node, demand = ready.at(rank), demands[group]
            if not self._fits(demand, kept):
                heapq.heappop(heads)
                blocked.append(node)
                self._keep_for(node, demand, kept)
                continue
            self._pass_over(blocked, demand)
            self._submit(node)
            following = ready.first(group, self._startable)
            if following is None:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (following, group))
        if self.capacity.free < 0:  # submitted attempts are ahead of them
            self._pass_over([node for node in blocked if self.capacity.demand(node).slots > 1])
        return kept, blocked

    def _fits(self, demand: Demand, kept: _Kept) -> bool:
        """Return whether a node can be submitted, and leaves what is kept for more urgent ones."""
        capacity = self.capacity
        if demand is SERVICE:
            return True
        for pool, amount in demand.pools:
            if capacity.pools[pool] - capacity.wanted(pool, amount) < kept.pools.get(pool, 0):
                return False
        if demand.executor:
            return True
        if capacity.free - demand.slots >= kept.slots:
            return True
        if demand.slots > ONE_SLOT or kept.slots:
            return False
        return len(self.submitted) - sum(self.state.queued_on.values()) < self._lookahead

    def _wants_more_than_all(self, node: NodeIndex) -> bool:
        """Return whether a node that does not fit although all slots are free wants more slots than there are."""
        demand, pools = self.capacity.demand(node), self.capacity.pools
        return not demand.executor and all(pools[pool] >= amount for pool, amount in demand.pools)

    def _keep_for(self, node: NodeIndex, demand: Demand, kept: _Kept) -> None:
        """Keep what a node wants, if it has waited long enough and will fit once others have ended.

        Pools come first: as long as one of them lacks, slots for the node would be idle.
        """
        since = self._passed_over.get(node)
        if since is None or self.now - since < self._typical or not self._will_fit(demand):
            return
        for pool, amount in demand.pools:
            kept.pools[pool] = max(kept.pools.get(pool, 0), self.capacity.wanted(pool, amount))
        if demand.executor:
            return
        kept.node = node if kept.node == NO_NODE else kept.node
        if all(self.capacity.pools[pool] >= amount for pool, amount in demand.pools):
            kept.slots_for = node if kept.slots_for == NO_NODE else kept.slots_for
            kept.slots = max(kept.slots, demand.slots)

    def _will_fit(self, demand: Demand) -> bool:
        """Return whether a node fits without what is held by attempts that can't be killed."""
        if not self.unkillable:
            return True
        capacity = self.capacity
        pools, lost = capacity.without(self.unkillable), capacity.held_by(self.unkillable)
        if any(pools[pool] < capacity.wanted(pool, amount) for pool, amount in demand.pools):
            return False
        return bool(demand.executor) or demand.slots <= capacity.size - lost

    def _pass_over(self, blocked: Sequence[NodeIndex], demand: Demand | None = None) -> None:
        """Note which blocked nodes lack something that another node takes now: slots, or a pool in its demand."""
        capacity = self.capacity
        taken = {pool for pool, _ in demand.pools} if demand is not None else set()
        for node in blocked:
            wanted = capacity.demand(node)
            if node not in self._passed_over and (
                (wanted.slots > capacity.free and not wanted.executor)
                or any(
                    pool in taken and capacity.wanted(pool, amount) > capacity.pools[pool]
                    for pool, amount in wanted.pools
                )
            ):
                self._passed_over[node] = self.now

    def _startable(self, node: NodeIndex) -> bool:
        state = self.state
        return state.status[node] == NodeStatus.READY and node not in self.submitted and node not in state.held

    def _submit(self, node: NodeIndex) -> None:
        attempt = self.state.attempt[node] + 1
        slots = self.capacity.reserve(node)
        why = f"submitted to {self.remote[node]}" if self.remote and node in self.remote else ""
        self.set(NodeChange(node, NodeStatus.READY, Cause.IN_LINE, why, attempt=attempt))
        if self._passed_over:
            self._passed_over.pop(node, None)
        if self.stop_deadline:
            self.stop_deadline.pop(node, None)
        self.effects.append(Start(node, attempt, slots))

    def withdraw_submitted(self) -> None:
        """Withdraw what was submitted to this machine and has not begun."""
        self.withdraw(node for node in self.submitted if node not in self.remote)

    def withdraw(self, nodes: Iterable[NodeIndex]) -> None:
        """Withdraw submitted nodes."""
        self.effects.extend(Withdraw(node, self.state.attempt[node]) for node in nodes)

    def _withdraw_ahead(self) -> None:
        """Withdraw what lookahead submitted, as it may take long."""
        self.withdraw(node for node, slots in self.submitted.items() if slots == ONE_SLOT)

    def _learn(self, seconds: Seconds) -> None:
        """Learn how long attempts on this machine take."""
        self._typical += 0.2 * (seconds - self._typical)
        expected = LOOKAHEAD_SECONDS * self.state.jobs / max(self._typical, 1e-4)
        self._lookahead = min(self._lookahead_most, int(expected))
