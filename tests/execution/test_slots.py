from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.executor_harness import IDLE, ExecutorHarness, python, served
from support.waiting import until

from dagtui.engine.messages import Ended, Started
from dagtui.execution.local.attempt import Attempt
from dagtui.execution.local.start_queue import StartQueue
from dagtui.graph.model import ArgumentList

if TYPE_CHECKING:
    from pathlib import Path


def order_of_starts(harness: ExecutorHarness) -> list[int]:
    return [result.node for result in harness.results if isinstance(result, Started)]


def most_at_once(harness: ExecutorHarness, slots: dict[int, int]) -> int:
    """Return the maximum number of slots in use at a time, according to the results."""
    used = most = 0
    for result in harness.results:
        if isinstance(result, Started):
            used += slots[result.node]
        elif isinstance(result, Ended):
            used -= slots[result.node]
        most = max(most, used)
    return most


@pytest.mark.anyio
async def test_never_more_than_the_slots_and_all_of_them(tmp_path: Path):
    async with served(tmp_path, *["sleep 0.02"] * 24, slots=3) as harness:
        harness.start_all()
        await until(lambda: all(harness.end_of(node) for node in range(24)))
        assert most_at_once(harness, dict.fromkeys(range(24), 1)) == 3
        assert order_of_starts(harness) == list(range(24))


@pytest.mark.anyio
async def test_what_does_not_fit_lets_others_pass(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "true", "true", slots=2) as harness:
        harness.start(0)
        harness.start(1, slots=2)
        harness.start(2)
        await harness.ended(2)
        assert not harness.has_begun(1)
        harness.stop(0, 0)
        await harness.ended(1)
        assert order_of_starts(harness) == [0, 2, 1]


@pytest.mark.anyio
async def test_who_wants_more_than_there_is_begins_when_nothing_else_runs(tmp_path: Path):
    async with served(tmp_path, python(IDLE), python(IDLE), "true", slots=2) as harness:
        harness.start(0)
        harness.start(1, slots=5)
        await harness.begun(0)
        harness.stop(0, 0)
        await harness.begun(1)
        harness.start(2)
        assert harness.results.index(harness.of(1)[0]) > harness.results.index(harness.of(0)[1])
        harness.stop(1, 0)
        await harness.ended(2)
        assert harness.results.index(harness.of(2)[0]) > harness.results.index(harness.of(1)[1])


@pytest.mark.anyio
async def test_with_0_slots_nothing_begins(tmp_path: Path):
    async with served(tmp_path, "true", "true", slots=0) as harness:
        harness.start(0)
        harness.start(1, slots=7)
        harness.executor.withdraw(1, 1)
        harness.executor.flush()
        await harness.withdrawn(1)
        assert not harness.has_begun(0)
        harness.executor.set_slots(1)
        harness.executor.flush()
        await harness.ended(0)


@pytest.mark.anyio
async def test_fewer_slots_stop_nothing_and_hold_the_next(tmp_path: Path):
    async with served(tmp_path, python(IDLE), python(IDLE), "true", slots=2) as harness:
        harness.start(0, 1)
        await harness.begun(1)
        harness.executor.set_slots(1)
        harness.start(2)
        harness.stop(0, 0)
        await harness.ended(0)
        harness.stop(1, 0)
        await harness.ended(2)
        assert harness.results.index(harness.of(2)[0]) > harness.results.index(harness.of(1)[1])


@pytest.mark.anyio
async def test_an_attempt_that_could_not_start_holds_no_slot(tmp_path: Path):
    async with served(tmp_path, ArgumentList(("./gone",)), "true", slots=1) as harness:
        harness.start_all()
        await harness.ended(1)


class Model:
    """A second, naive implementation of the queue."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int]] = []
        self.slots = self.used = 0

    def take(self) -> int | None:
        for position, (node, wanted) in enumerate(self.waiting):
            if self.slots and (self.used + wanted <= self.slots or self.used == 0):
                del self.waiting[position]
                self.used += wanted
                return node
        return None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 6)),
        st.tuples(st.just("slots"), st.integers(0, 5)),
        st.tuples(st.just("end"), st.integers(0, 9)),
        st.tuples(st.just("withdraw"), st.integers(0, 9)),
        st.tuples(st.just("take"), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_queue_follows_the_rule(steps: list[tuple[str, int]]):
    waiting, model = StartQueue(), Model()
    running: list[tuple[int, int]] = []
    wanted: dict[int, int] = {}
    for step, value in steps:
        if step == "add":
            node = len(wanted)
            wanted[node] = value
            waiting.add(Attempt((node, 1), slots=value))
            model.waiting.append((node, value))
        elif step == "slots":
            waiting.slots = model.slots = value
        elif step == "withdraw":
            assert waiting.withdraw((value, 1)) == any(node == value for node, _ in model.waiting)
            model.waiting = [entry for entry in model.waiting if entry[0] != value]
        elif step == "end" and running:
            _, freed = running.pop(value % len(running))
            waiting.used -= freed
            model.used -= freed
        elif step == "take":
            taken = waiting.take()
            assert (taken.key[0] if taken else None) == model.take()
            if taken:
                waiting.used += taken.slots
                running.append((taken.key[0], taken.slots))
        assert len(waiting) == len(model.waiting)
