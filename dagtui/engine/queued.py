"""What a queued node lacks, in words with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.capacity import executor_slots, pools_taken, slots_free
from dagtui.engine.rules.transitions import CAUSES
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import plural, seconds_until, whole_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex, Task
    from dagtui.text.amounts import ClockTime


def queued_why(state: RunState, node: NodeIndex) -> str:
    """Return what a queued node lacks, such as "wants 2 slots, 0 free" or "wants 1 gpu, 0 of 2 free".

    What is free may be reserved for a node that wants more.
    """
    cause = state.cause_of(node)
    if cause is not Cause.NONE:
        return CAUSES[NodeStatus.READY][cause]
    task = state.graph.task(node)
    if task.executor in state.graph.executors:
        return _remote_why(state, node)
    wanted, free = task.slots, slots_free(state)
    words = "waits for a slot" if wanted == 1 else f"wants {wanted} slots"
    lacking = list(lacking_pools(state, node)) if task.pools else []
    if lacking:
        if wanted > free:
            lacking.append(f"{plural(wanted, 'slot')}, {free} free")
        return f"wants {'; '.join(lacking)}"
    if wanted > state.jobs:
        return f"{words} of {state.jobs}: it starts when nothing else runs"
    if wanted <= free and state.kept_for not in {NO_NODE, node}:
        kept_for = state.graph.labels[state.kept_for]
        if task.pools and state.graph.task(state.kept_for).pools:
            return f"wants {wants_words(state.graph, task)}: what is free is reserved for {kept_for}"
        verb = "is" if free == 1 else "are"
        return f"{words}: {free} free {verb} reserved for {kept_for}"
    if wanted > 1:
        return f"{words}, {free} free"
    return words if free else "no free slot"


def remote_why(state: RunState, node: NodeIndex, clock: ClockTime) -> str:
    """Return why an attempt waits that an executor on other machines has, or where it runs.

    Empty: its node is neither queued nor running.
    """
    executor, status = state.executor_of[node], state.status_of(node)
    if status is NodeStatus.RUNNING:
        where = state.where.get(node)
        text = f"attempt {state.attempt[node]} on {where or executor}"
        if node in state.doubts:
            left = whole_duration(seconds_until(state.due.get(node, clock), clock))
            text += f"; {state.doubts[node]}; counts as lost in {left}"
    elif status is not NodeStatus.READY or node not in state.queued_since:
        return ""
    else:
        waited = whole_duration(int(max(0.0, clock - state.queued_since[node])))
        why = state.why.get(node, CAUSES[NodeStatus.READY][Cause.QUEUED])
        reason = "" if why == CAUSES[NodeStatus.READY][Cause.QUEUED] else f": {why}"
        verb = "queued on" if state.cause[node] == Cause.QUEUED else "submitted to"
        text = f"{verb} {executor}{reason}, {waited}"
    silence = state.silent.get(executor)
    return text if silence is None else f"{text}; {silence.why}"


def _remote_why(state: RunState, node: NodeIndex) -> str:
    """Return what a node lacks that is to run on other machines: "no free slot on cluster (500 of 500 taken)"."""
    task = state.graph.task(node)
    if task.pools and (lacking := list(lacking_pools(state, node))):
        return f"wants {'; '.join(lacking)}"
    slots = executor_slots(state)[task.executor]
    if slots.of is None or slots.taken < slots.of:
        return f"waits for a slot on {task.executor}"
    return f"no free slot on {task.executor} ({slots.taken:,} of {slots.of:,} taken)"


def wants_words(graph: Graph, task: Task) -> str:
    """Return what a task takes of pools: 1 gpu, 8 GB of mem."""
    pools = {pool.name: pool for pool in graph.pools}
    return ", ".join([pools[name].wanted(amount) for name, amount in task.pools])


def lacking_pools(state: RunState, node: NodeIndex) -> Iterator[str]:
    """Yield what a node wants of each pool that has less, and how much is free."""
    taken = pools_taken(state)
    pools = {pool.name: pool for pool in state.graph.pools}
    for name, amount in state.graph.task(node).pools:
        pool = pools[name]
        if amount > pool.size - taken[name]:
            yield f"{pool.wanted(amount)}, {pool.part(max(0, pool.size - taken[name]))} free"
