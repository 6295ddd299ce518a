"""The event loop in which a run goes first."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from dagtui.host.priority_loop import SLICE, PriorityLoop, is_slice_over, run_goes_first, screen_work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WIDGETS = 30


def live(work: Callable[[], Awaitable[object]]) -> None:
    with asyncio.Runner(loop_factory=PriorityLoop) as runner:
        runner.run(work())  # type: ignore[arg-type]


def work_for(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


async def widget(done: list[object], steps: int) -> None:
    for _ in range(steps):
        work_for(SLICE)
        done.append("screen")
        await asyncio.sleep(0)


def test_the_run_gets_its_turn_between_any_two_steps_of_a_screen() -> None:
    done: list[object] = []

    async def run() -> None:
        while len(done) < 200:
            done.append("run")
            await asyncio.sleep(0)

    async def main() -> None:
        with screen_work():
            widgets = [asyncio.create_task(widget(done, 4)) for _ in range(WIDGETS)]
        await run()
        await asyncio.gather(*widgets)

    live(main)
    first, last = done.index("screen"), len(done) - 1 - done[::-1].index("screen")
    assert not any(pair == ("screen", "screen") for pair in zip(done[first:200], done[first + 1 : 200], strict=False))
    assert done.count("screen") == 4 * WIDGETS
    assert last > 0


def test_a_screen_goes_on_beside_a_run_that_is_always_busy() -> None:
    turns = 0

    async def run() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        task = asyncio.create_task(run())
        done: list[object] = []
        with screen_work():
            await asyncio.create_task(widget(done, 20))
        task.cancel()

    live(main)
    assert turns < 1000


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_the_loop_ends_after_a_step_of_a_screen_that_ends_the_program(error: type[BaseException]) -> None:
    ended: list[str] = []

    async def rest() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("rest")

    async def bad() -> None:
        raise error

    async def main() -> None:
        with screen_work():
            tasks = [asyncio.create_task(rest()), asyncio.create_task(bad())]
        await asyncio.wait(tasks)

    with pytest.raises(error):
        live(main)
    assert ended == ["rest"]


def test_what_a_screen_starts_is_done_in_its_order_and_short_steps_together() -> None:
    done: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with screen_work():
            handles = [loop.call_soon(done.append, number) for number in range(100)]
            handles[50].cancel()
            assert done == []
        for _ in range(5):
            await asyncio.sleep(0)
        assert done == [number for number in range(100) if number != 50]

    live(main)


def test_the_run_is_no_screen_work_although_a_screen_started_it() -> None:
    done: list[object] = []

    async def run() -> None:
        run_goes_first()
        for _ in range(10):
            done.append("run")
            await asyncio.sleep(0)

    async def main() -> None:
        with screen_work():
            tasks = [asyncio.create_task(run()), *(asyncio.create_task(widget(done, 2)) for _ in range(WIDGETS))]
        await asyncio.gather(*tasks)

    live(main)
    assert done.index("screen") == 1  # of all that was ready, the run's first step came first
    last = len(done) - 1 - done[::-1].index("run")
    assert done[:last].count("screen") < 2 * WIDGETS / 2


def test_a_long_step_knows_that_its_slice_is_over() -> None:
    found: list[bool] = []

    def step() -> None:
        found.append(is_slice_over())
        work_for(2 * SLICE)
        found.append(is_slice_over())

    async def main() -> None:
        with screen_work():
            asyncio.get_running_loop().call_soon(step)
        for _ in range(3):
            await asyncio.sleep(0)

    live(main)
    assert found == [False, True]


def test_timers_that_were_cancelled_hold_nothing() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PriorityLoop)
        called: list[int] = []
        timers = [loop.call_later(600 if number % 2 else 0.001 * number, called.append, number) for number in range(20)]
        for number in (1, 3, 4):
            timers[number].cancel()
        loop.forget_cancelled()
        assert len(loop._scheduled) == 17
        await asyncio.sleep(0.03)  # the latest of the others is due
        assert called == [number for number in range(0, 20, 2) if number != 4]

    live(main)


@pytest.mark.parametrize("steps", [0, 1, 50])
def test_nothing_is_lost_when_the_loop_ends(steps: int) -> None:
    done: list[object] = []

    async def main() -> None:
        with screen_work():
            await asyncio.gather(*(asyncio.create_task(widget(done, steps)) for _ in range(2)))

    live(main)
    assert done.count("screen") == 2 * steps
