"""Slots are counted in one place: no step of an attempt takes or gives back more than its node needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.engine.capacity import Capacity, slots_taken
from dagtui.engine.events import NodeEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.graph.model import Graph, Task
from dagtui.graph.pools import Pool

WIDTHS = (1, 2, 5, 1)
WANTS = ((), (("gpu", 1),), (("mem", 3), ("gpu", 2)), (("mem", 5),))
STEPS = st.lists(st.tuples(st.sampled_from(("reserve", "begin", "withdraw", "release")), st.sampled_from(range(4))))


def pool(*widths: int, size: int) -> Capacity:
    tasks = [Task(f"n{number}", slots=slots, pools=WANTS[number]) for number, slots in enumerate(widths)]
    graph = Graph([task.name for task in tasks], [], tasks=tasks)
    graph.pools = (Pool("gpu", 9), Pool("mem", 9, 1024))
    return Capacity(graph, size)


@given(STEPS, st.integers(1, 9))
def test_what_is_free_follows_from_what_is_reserved_and_held(steps: list[tuple[str, int]], size: int) -> None:
    capacity = pool(*WIDTHS, size=size)
    reserved: set[int] = set()
    held: set[int] = set()
    for step, node in steps:
        if step == "reserve" and node not in reserved | held:
            assert capacity.reserve(node) == WIDTHS[node]
            reserved.add(node)
        elif step == "begin" and node in reserved:
            capacity.begin(node)
            reserved.remove(node)
            held.add(node)
        elif step == "withdraw" and node in reserved:
            capacity.withdraw(node)
            reserved.remove(node)
        elif step == "release":
            assert capacity.release(node) == (node in held)
            held.discard(node)
        assert (set(capacity.reserved), set(capacity.held)) == (reserved, held)
        assert capacity.free == size - sum(WIDTHS[node] for node in reserved | held)
        taken = [sum(dict(WANTS[node]).get(name, 0) for node in reserved | held) for name in ("gpu", "mem")]
        assert capacity.pools == [9 - amount for amount in taken]
        assert capacity.idle == (not reserved and not held)
        assert capacity.held_by(range(4)) == sum(WIDTHS[node] for node in held)


def test_a_lowered_size_takes_nothing_from_what_is_held() -> None:
    capacity = pool(2, 2, size=4)
    capacity.reserve(0)
    capacity.begin(0)
    capacity.resize(1)
    assert (capacity.free, capacity.held_by([0, 1])) == (-1, 2)
    capacity.release(0)
    assert capacity.free == 1


@pytest.mark.parametrize(("jobs", "reading", "taken"), [(2, [0], 2), (2, [], 3), (1, [0], 2), (3, [0], 3)])
def test_what_began_while_outputs_are_read_exceeds_no_slots(jobs: int, reading: list[int], taken: int) -> None:
    graph = Graph(["a", "b", "c"], [])
    state = RunState(graph, jobs)
    for node in graph.nodes:
        state.apply(NodeEvent(1.0, node, 1, NodeStatus.READY))
        state.apply(NodeEvent(1.0, node, 1, NodeStatus.RUNNING))
    state.reading = lambda: reading
    assert slots_taken(state) == taken
    assert (why(state, 0, 2.0) == "its outputs are being read") == bool(reading)


def test_only_slots_and_pools_make_demands_differ() -> None:
    def uniform(*slots: int) -> bool:
        tasks = [Task(f"n{number}", slots=one) for number, one in enumerate(slots)]
        return Capacity(Graph([task.name for task in tasks], [], tasks=tasks), 1).uniform

    assert uniform(1, 1)
    assert not uniform(1, 2)
    assert not pool(1, 1, size=1).uniform
    assert [pool(1, 1, 2, 1, size=1).group(node) for node in range(4)] == [0, 1, 2, 3]
