"""A screen begins and ends in slices, between which the run behind it has its turns."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest
from tui.app.runs import opened, run_under_way

from dagtui.host.priority_loop import PriorityLoop, screen_work
from dagtui.tui.app import DagtuiApp

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": PriorityLoop}


async def take_turns(turns: list[float]) -> None:
    """As a run does; notes the time of the processor at each turn."""
    while True:
        turns.append(time.thread_time())
        await asyncio.sleep(0.0002)  # a result comes now and then


@pytest.mark.parametrize("size", [(200, 50), (80, 24)])
async def test_no_step_of_a_screen_is_a_large_part_of_its_beginning_and_end(size: tuple[int, int]):
    session = run_under_way()
    shares = []
    for _ in range(3):
        turns: list[float] = []
        run = asyncio.create_task(take_turns(turns))
        with screen_work():
            async with opened(DagtuiApp(session), size):
                pass
        run.cancel()
        longest = max(later - sooner for sooner, later in pairwise(turns))
        shares.append(longest / (turns[-1] - turns[0]))
    # Of the processor's time, not of the clock's: other programs do not count. The collector may come at any moment.
    assert min(shares) < 0.16, shares  # 4 ms: opening takes 30, most of it in turns of 1 to 3
