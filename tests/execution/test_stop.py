from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from execution.process_listing import alive, is_alive, state, until
from execution.stage import DEAF, IDLE, python, staged

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
    async with staged(tmp_path, python(code)) as stage:
        stage.start(0)
        await stage.printed(b"up")
        stage.stop(0, LONG)
        end = await stage.ended()
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
    async with staged(tmp_path, python(code)) as stage:
        stage.start(0)
        await stage.printed(b"up")
        stage.stop(0, LONG)
        await stage.printed(b"bye")
        assert stage.end_of(0) is None
        stage.stop(0, 0)
        await stage.ended()


async def test_who_ignores_term_is_killed_after_the_grace(tmp_path: Path):
    async with staged(tmp_path, python(DEAF)) as stage:
        stage.start(0)
        await stage.printed(b"deaf")
        stage.stop(0, 0.2)
        end = await stage.ended()
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGKILL)
        assert end.seconds > 0.2


async def test_grace_0_kills_now(tmp_path: Path):
    async with staged(tmp_path, python(DEAF)) as stage:
        stage.start(0)
        await stage.printed(b"deaf")
        stage.stop(0, 0)
        assert (await stage.ended()).value == signal.SIGKILL


@pytest.mark.parametrize("second", [0.0, 0.05])
async def test_a_second_stop_shortens_the_grace(tmp_path: Path, second: float):
    async with staged(tmp_path, python(DEAF)) as stage:
        stage.start(0)
        await stage.printed(b"deaf")
        stage.stop(0, LONG)
        stage.stop(0, second)
        assert (await stage.ended()).value == signal.SIGKILL


async def test_a_second_stop_does_not_lengthen_the_grace(tmp_path: Path):
    code = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "print('up', flush=True)\n"
        "while True: print('heard', signal.sigwait({15}), flush=True)"
    )
    async with staged(tmp_path, python(code)) as stage:
        stage.start(0)
        await stage.printed(b"up")
        stage.stop(0, 0.5)
        await stage.printed(b"heard")
        stage.stop(0, LONG)
        assert (await stage.ended()).value == signal.SIGKILL


async def test_of_two_stops_at_once_the_shorter_grace_holds(tmp_path: Path):
    async with staged(tmp_path, python(DEAF)) as stage:
        stage.start(0)
        await stage.printed(b"deaf")
        stage.executor.stop(0, 1, 0.1)
        stage.executor.stop(0, 1, LONG)
        stage.executor.flush()
        assert (await stage.ended()).value == signal.SIGKILL


async def test_a_stopped_process_wakes_up_to_hear_term(tmp_path: Path, token: str):
    code = "import os, signal, sys\nsignal.signal(15, lambda *_: sys.exit(9))\nos.kill(os.getpid(), signal.SIGSTOP)"
    async with staged(tmp_path, python(f"{code}\nsignal.pause()", token)) as stage:
        stage.start(0)
        await until(lambda: [pid for pid in alive(token) if state(pid) == "T"])
        stage.stop(0, LONG)
        assert (await stage.ended()).value == 9


async def test_stopping_in_the_batch_of_the_start(tmp_path: Path):
    async with staged(tmp_path, python(IDLE)) as stage:
        stage.executor.start(0, 1, 1)
        stage.executor.stop(0, 1, 0)
        stage.executor.flush()
        await until(lambda: stage.results)
        assert stage.results == [Withdrawn(0, 1)] or (await stage.ended()).value == signal.SIGKILL


async def test_stopping_what_waits_withdraws_it(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), "true", slots=1) as stage:
        stage.start(0, 1)
        await stage.begun(0)
        stage.stop(1, LONG)
        await stage.withdrawn(1)
        assert stage.of(1) == [Withdrawn(1, 1)]
        stage.stop(0, 0)
        await stage.ended(0)


async def test_withdrawing_what_waits(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), "true", "exit 6", slots=1) as stage:
        stage.start(0, 1, 2)
        await stage.begun(0)
        stage.executor.withdraw(1, 1)
        stage.stop(0, 0)
        assert (await stage.ended(2)).value == 6
        assert stage.of(1) == [Withdrawn(1, 1)]


async def test_withdrawing_what_has_begun_changes_nothing(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), "true") as stage:
        stage.start(0)
        await stage.begun(0)
        stage.executor.withdraw(0, 1)
        stage.start(1)
        await stage.ended(1)
        assert stage.of(0) == [Started(0, 1)]
        stage.stop(0, 0)
        await stage.ended(0)
        assert [type(result) for result in stage.of(0)] == [Started, Ended]


async def test_stopping_what_is_over_or_unknown_is_ignored(tmp_path: Path):
    async with staged(tmp_path, "true", "exit 2") as stage:
        stage.start(0)
        await stage.ended(0)
        stage.stop(0, 0)
        stage.stop(1, 0)
        stage.stop(0, 0, attempt=9)
        stage.executor.withdraw(1, 1)
        stage.start(1)
        assert (await stage.ended(1)).value == 2
        assert len(stage.of(0)) == 2


async def test_only_the_attempt_that_is_meant_is_stopped(tmp_path: Path):
    async with staged(tmp_path, python(IDLE), python(IDLE)) as stage:
        stage.start_all()
        stage.start(0, attempt=2)
        await stage.begun(0, 2)
        stage.stop(0, 0)
        await stage.ended(0)
        assert stage.end_of(0, 2) is None
        assert stage.end_of(1) is None


async def test_close_stops_with_the_nodes_own_grace_and_withdraws_what_waits(tmp_path: Path):
    async with staged(tmp_path, Task("deaf", python(DEAF), grace=0.2), "true", slots=1) as stage:
        stage.start_all()
        await stage.printed(b"deaf")
        await stage.executor.close()
        end = stage.end_of(0)
        assert end is not None
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGKILL)
        assert end.seconds > 0.2
        assert stage.of(1) == [Withdrawn(1, 1)]


async def test_close_returns_when_reaper_and_supervisor_are_gone(tmp_path: Path):
    async with staged(tmp_path, "echo x; sleep 600") as stage:
        stage.start(0)
        await stage.begun(0)
        await stage.printed(b"x")
        processes = stage.executor.processes
        assert all(is_alive(pid) for pid in processes)
        await stage.executor.close()
        assert not any(is_alive(pid) for pid in processes)
        assert await stage.log() == b"x\n"


async def test_close_twice_and_requests_after_it_do_nothing(tmp_path: Path):
    async with staged(tmp_path, "true") as stage:
        await stage.executor.close()
        await stage.executor.close()
        stage.start(0)
        stage.stop(0, 0)
        assert stage.results == []


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
    async with staged(tmp_path, first, "echo second", slots=1) as stage:
        stage.start(0, 1)
        await stage.printed(b"deaf")
        if "pause" in leader:
            stage.stop(0, 0.5)
        await until(lambda: stage.end_of(0) or stage.has_begun(1))
        assert not alive(token), "its end is reported, or its slot is taken, while a process of it runs"
        end = await stage.ended()
        assert (end.value, end.left) == ((3, 1) if "exit" in leader else (signal.SIGTERM, 0))
        assert (await stage.ended(1)).value == 0


async def test_it_is_said_when_an_end_waits_for_what_was_left_behind(tmp_path: Path, token: str):
    left = Task("left", python(DEAF_CHILD.format(leader="sys.exit(3)"), token), grace=LONG)
    async with staged(tmp_path, left) as stage:
        stage.start(0)
        await until(lambda: any(isinstance(result, Remark) for result in stage.results))
        assert [result.text for result in stage.results if isinstance(result, Remark)] == [
            "ends 1 process that it left behind"
        ]
        assert stage.end_of(0) is None
        stage.stop(0, 0)
        assert (await stage.ended()).value == 3
        assert not alive(token)
