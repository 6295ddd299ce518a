from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from execution.process_listing import until
from execution.stage import IDLE, Stage, python, staged
from hypothesis import given
from hypothesis import strategies as st

from dagtui.engine.messages import Ended, Started
from dagtui.execution.local.attempt import Attempt
from dagtui.execution.local.start_queue import StartQueue
from dagtui.graph.model import ArgumentList

if TYPE_CHECKING:
    from pathlib import Path


def order_of_starts(stage: Stage) -> list[int]:
    return [result.node for result in stage.results if isinstance(result, Started)]


def most_at_once(stage: Stage, slots: dict[int, int]) -> int:
    """Return the maximum number of slots in use at a time, according to the results."""
    used = most = 0
    for result in stage.results:
        if isinstance(result, Started):
            used += slots[result.node]
        elif isinstance(result, Ended):
            used -= slots[result.node]
        most = max(most, used)
    return most


@pytest.mark.anyio
async def test_never_more_than_the_slots_and_all_of_them(tmp_path: Path):
    async with staged(tmp_path, *["sleep 0.02"] * 24, slots=3) as stage:
        stage.start_all()
        await until(lambda: all(stage.end_of(node) for node in range(24)))
        assert most_at_once(stage, dict.fromkeys(range(24), 1)) == 3
        assert order_of_starts(stage) == list(range(24))


@pytest.mark.anyio
async def test_what_does_not_fit_lets_others_pass(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), "true", "true", slots=2) as stage:
        stage.start(0)
        stage.start(1, slots=2)
        stage.start(2)
        await stage.ended(2)
        assert not stage.has_begun(1)
        stage.stop(0, 0)
        await stage.ended(1)
        assert order_of_starts(stage) == [0, 2, 1]


@pytest.mark.anyio
async def test_who_wants_more_than_there_is_begins_when_nothing_else_runs(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), python(IDLE), "true", slots=2) as stage:
        stage.start(0)
        stage.start(1, slots=5)
        await stage.begun(0)
        stage.stop(0, 0)
        await stage.begun(1)
        stage.start(2)
        assert stage.results.index(stage.of(1)[0]) > stage.results.index(stage.of(0)[1])
        stage.stop(1, 0)
        await stage.ended(2)
        assert stage.results.index(stage.of(2)[0]) > stage.results.index(stage.of(1)[1])


@pytest.mark.anyio
async def test_with_0_slots_nothing_begins(tmp_path: Path):
    async with staged(tmp_path, "true", "true", slots=0) as stage:
        stage.start(0)
        stage.start(1, slots=7)
        stage.executor.withdraw(1, 1)
        stage.executor.flush()
        await stage.withdrawn(1)
        assert not stage.has_begun(0)
        stage.executor.set_slots(1)
        stage.executor.flush()
        await stage.ended(0)


@pytest.mark.anyio
async def test_fewer_slots_stop_nothing_and_hold_the_next(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), python(IDLE), "true", slots=2) as stage:
        stage.start(0, 1)
        await stage.begun(1)
        stage.executor.set_slots(1)
        stage.start(2)
        stage.stop(0, 0)
        await stage.ended(0)
        stage.stop(1, 0)
        await stage.ended(2)
        assert stage.results.index(stage.of(2)[0]) > stage.results.index(stage.of(1)[1])


@pytest.mark.anyio
async def test_an_attempt_that_could_not_start_holds_no_slot(tmp_path: Path):
    async with staged(tmp_path, ArgumentList(("./gone",)), "true", slots=1) as stage:
        stage.start_all()
        await stage.ended(1)


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
