from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import DEAF, IDLE, python, served
from support.process_listing import alive, is_alive, state
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Remark, Started, Withdrawn
from dagtui.graph.model import Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

LONG = 600.0
"""A grace that is longer than any test."""


async def test_stop_sends_term(tmp_path: Path):
    code = (
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "print('up', flush=True)\n"
        "signal.sigwait({15})\n"
        "sys.exit(9)"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.stop(0, LONG)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, 9)


async def test_stop_sends_term_to_all_descendants_and_not_only_to_the_leader(tmp_path: Path):
    code = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "if os.fork():\n"
        "    while True: signal.pause()\n"
        "os.setsid()\n"
        "print('up', flush=True)\n"
        "signal.sigwait({15})\n"
        "print('bye', flush=True)"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.stop(0, LONG)
        await harness.printed(b"bye")
        assert harness.end_of(0) is None
        harness.stop(0, 0)
        await harness.ended()


async def test_who_ignores_term_is_killed_after_the_grace(tmp_path: Path):
    async with served(tmp_path, python(DEAF)) as harness:
        harness.start(0)
        await harness.printed(b"deaf")
        harness.stop(0, 0.2)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGKILL)
        assert end.seconds > 0.2


async def test_grace_0_kills_now(tmp_path: Path):
    async with served(tmp_path, python(DEAF)) as harness:
        harness.start(0)
        await harness.printed(b"deaf")
        harness.stop(0, 0)
        assert (await harness.ended()).value == signal.SIGKILL


@pytest.mark.parametrize("second", [0.0, 0.05])
async def test_a_second_stop_shortens_the_grace(tmp_path: Path, second: float):
    async with served(tmp_path, python(DEAF)) as harness:
        harness.start(0)
        await harness.printed(b"deaf")
        harness.stop(0, LONG)
        harness.stop(0, second)
        assert (await harness.ended()).value == signal.SIGKILL


async def test_a_second_stop_does_not_lengthen_the_grace(tmp_path: Path):
    code = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "print('up', flush=True)\n"
        "while True: print('heard', signal.sigwait({15}), flush=True)"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.stop(0, 0.5)
        await harness.printed(b"heard")
        harness.stop(0, LONG)
        assert (await harness.ended()).value == signal.SIGKILL


async def test_of_two_stops_at_once_the_shorter_grace_holds(tmp_path: Path):
    async with served(tmp_path, python(DEAF)) as harness:
        harness.start(0)
        await harness.printed(b"deaf")
        harness.executor.stop(0, 1, 0.1)
        harness.executor.stop(0, 1, LONG)
        harness.executor.flush()
        assert (await harness.ended()).value == signal.SIGKILL


async def test_a_stopped_process_wakes_up_to_hear_term(tmp_path: Path, token: str):
    code = "import os, signal, sys\nsignal.signal(15, lambda *_: sys.exit(9))\nos.kill(os.getpid(), signal.SIGSTOP)"
    async with served(tmp_path, python(f"{code}\nsignal.pause()", token)) as harness:
        harness.start(0)
        await until(lambda: [pid for pid in alive(token) if state(pid) == "T"])
        harness.stop(0, LONG)
        assert (await harness.ended()).value == 9


async def test_stopping_in_the_batch_of_the_start(tmp_path: Path):
    async with served(tmp_path, python(IDLE)) as harness:
        harness.executor.start(0, 1, 1)
        harness.executor.stop(0, 1, 0)
        harness.executor.flush()
        await until(lambda: harness.results)
        assert harness.results == [Withdrawn(0, 1)] or (await harness.ended()).value == signal.SIGKILL


async def test_stopping_what_waits_withdraws_it(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "true", slots=1) as harness:
        harness.start(0, 1)
        await harness.begun(0)
        harness.stop(1, LONG)
        await harness.withdrawn(1)
        assert harness.of(1) == [Withdrawn(1, 1)]
        harness.stop(0, 0)
        await harness.ended(0)


async def test_withdrawing_what_waits(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "true", "exit 6", slots=1) as harness:
        harness.start(0, 1, 2)
        await harness.begun(0)
        harness.executor.withdraw(1, 1)
        harness.stop(0, 0)
        assert (await harness.ended(2)).value == 6
        assert harness.of(1) == [Withdrawn(1, 1)]


async def test_withdrawing_what_has_begun_changes_nothing(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "true") as harness:
        harness.start(0)
        await harness.begun(0)
        harness.executor.withdraw(0, 1)
        harness.start(1)
        await harness.ended(1)
        assert harness.of(0) == [Started(0, 1)]
        harness.stop(0, 0)
        await harness.ended(0)
        assert [type(result) for result in harness.of(0)] == [Started, Ended]


async def test_stopping_what_is_over_or_unknown_is_ignored(tmp_path: Path):
    async with served(tmp_path, "true", "exit 2") as harness:
        harness.start(0)
        await harness.ended(0)
        harness.stop(0, 0)
        harness.stop(1, 0)
        harness.stop(0, 0, attempt=9)
        harness.executor.withdraw(1, 1)
        harness.start(1)
        assert (await harness.ended(1)).value == 2
        assert len(harness.of(0)) == 2


async def test_only_the_attempt_that_is_meant_is_stopped(tmp_path: Path):
    async with served(tmp_path, python(IDLE), python(IDLE)) as harness:
        harness.start_all()
        harness.start(0, attempt=2)
        await harness.begun(0, 2)
        harness.stop(0, 0)
        await harness.ended(0)
        assert harness.end_of(0, 2) is None
        assert harness.end_of(1) is None


async def test_close_stops_with_the_nodes_own_grace_and_withdraws_what_waits(tmp_path: Path):
    async with served(tmp_path, Task("deaf", python(DEAF), grace=0.2), "true", slots=1) as harness:
        harness.start_all()
        await harness.printed(b"deaf")
        await harness.executor.close()
        end = harness.end_of(0)
        assert end is not None
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGKILL)
        assert end.seconds > 0.2
        assert harness.of(1) == [Withdrawn(1, 1)]


async def test_close_returns_when_reaper_and_supervisor_are_gone(tmp_path: Path):
    async with served(tmp_path, "echo x; sleep 600") as harness:
        harness.start(0)
        await harness.begun(0)
        await harness.printed(b"x")
        processes = harness.executor.processes
        assert all(is_alive(pid) for pid in processes)
        await harness.executor.close()
        assert not any(is_alive(pid) for pid in processes)
        assert await harness.log() == b"x\n"


async def test_close_twice_and_requests_after_it_do_nothing(tmp_path: Path):
    async with served(tmp_path, "true") as harness:
        await harness.executor.close()
        await harness.executor.close()
        harness.start(0)
        harness.stop(0, 0)
        assert harness.results == []


DEAF_CHILD = (
    "import os, signal, sys, time\n"
    "if not os.fork():\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "    print('deaf', flush=True)\n"
    "    while True: signal.pause()\n"
    "{leader}"
)
WAIT_FOR_CHILD = "while not os.path.exists('logs/0-1.log') or not os.path.getsize('logs/0-1.log'): time.sleep(0.01)\n"


@pytest.mark.parametrize("leader", ["sys.exit(3)", "while True: signal.pause()"], ids=["ends by itself", "is stopped"])
async def test_an_attempt_has_ended_when_its_last_process_has(tmp_path: Path, token: str, leader: str):
    child = python(DEAF_CHILD.format(leader=WAIT_FOR_CHILD + leader), token)
    first = Task("first", child, grace=0.5, cwd=str(tmp_path))
    async with served(tmp_path, first, "echo second", slots=1) as harness:
        harness.start(0, 1)
        await harness.printed(b"deaf")
        if "pause" in leader:
            harness.stop(0, 0.5)
        await until(lambda: harness.end_of(0) or harness.has_begun(1))
        assert not alive(token), "its end is reported, or its slot is taken, while a process of it runs"
        end = await harness.ended()
        assert (end.value, end.left) == ((3, 1) if "exit" in leader else (signal.SIGTERM, 0))
        assert (await harness.ended(1)).value == 0


async def test_it_is_said_when_an_end_waits_for_what_was_left_behind(tmp_path: Path, token: str):
    left = Task("left", python(DEAF_CHILD.format(leader="sys.exit(3)"), token), grace=LONG)
    async with served(tmp_path, left) as harness:
        harness.start(0)
        await until(lambda: any(isinstance(result, Remark) for result in harness.results))
        assert [result.text for result in harness.results if isinstance(result, Remark)] == [
            "ends 1 process that it left behind"
        ]
        assert harness.end_of(0) is None
        harness.stop(0, 0)
        assert (await harness.ended()).value == 3
        assert not alive(token)
