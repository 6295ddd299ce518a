from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest
from support.descendants import KINDS
from support.executor_harness import IDLE, python, served
from support.families import GRACE, Gathering, family, family_command
from support.process_listing import alive, all_gone, children, end, gone, is_alive, named
from support.waiting import until

from dagtui.engine.messages import EndKind, Remark
from dagtui.graph.model import ArgumentList, Task

pytestmark = pytest.mark.anyio

IDLER = shlex.join([sys.executable, "-I", "-S", "-c", IDLE])
ENDED_ONE = b"[dagtui: ended 1 process that it left behind]\n"
PYTHONPATH = {"PYTHONPATH": os.pathsep.join(sys.path)}


async def test_cancel_ends_every_kind_of_descendant_and_no_other_process(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay"), *[python(IDLE)] * 20) as harness:
        harness.start_all()
        await until(Gathering(token))
        harness.stop(0, GRACE)
        await harness.ended(0)
        await until(lambda: gone(token))
        assert all(harness.has_begun(node) and harness.end_of(node) is None for node in range(1, 21))


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_leader_leaves_behind_ends_with_it(tmp_path: Path, token: str, kind: str):
    async with served(tmp_path, family(token, "leave", kind), *[python(IDLE)] * 20) as harness:
        harness.start_all()
        end = await harness.ended(0)
        assert (end.kind, end.value) == (EndKind.EXIT, 7)
        await until(lambda: gone(token))
        assert all(harness.end_of(node) is None for node in range(1, 21))


async def test_the_status_and_the_slot_wait_for_what_is_left_behind(tmp_path: Path, token: str):
    leader = (
        "import os, signal, sys, time\n"
        "reader, writer = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    os.write(writer, b'x')\n"
        "    while True: signal.pause()\n"
        "os.read(reader, 1)\n"
        "os._exit(7)"
    )
    task = Task("x", python(leader, token), grace=600.0)
    async with served(tmp_path, task, "exit 2", slots=1) as harness:
        harness.start_all()
        await until(lambda: any(isinstance(result, Remark) for result in harness.of(0)))
        assert harness.end_of(0) is None
        assert not harness.has_begun(1), "its slot is free although a process of it runs"
        (pid,) = alive(token)
        end(pid)
        assert (await harness.ended(0)).value == 7
        assert gone(token)
        assert (await harness.ended(1)).value == 2


async def test_a_silent_leftover_of_a_short_leader_delays_nothing(tmp_path: Path, token: str):
    async with served(tmp_path, f"{IDLER} {token} & exit 7", *["exit 2"] * 20, slots=1) as harness:
        harness.start_all()
        assert (await harness.ended(0)).value == 7
        assert [(await harness.ended(node)).value for node in range(1, 21)] == [2] * 20
        await until(lambda: gone(token))
        assert await harness.log(0) == ENDED_ONE


async def test_what_a_leftover_of_a_short_leader_prints_is_in_the_log(tmp_path: Path):
    async with served(tmp_path, "trap '' TERM; (sleep 0.1; echo late) & exit 7") as harness:
        harness.start(0)
        assert (await harness.ended(0)).value == 7
        assert (await harness.log(0)).startswith(b"late\n[dagtui: ended ")


async def test_orphans_that_turn_up_late(tmp_path: Path):
    program = str(Path(__file__).with_name("late_orphans.py"))
    async with served(tmp_path, Task("x", ArgumentList((sys.executable, program)), env=PYTHONPATH)) as harness:
        harness.start(0)
        assert await harness.log(0) == b"slipped: gone, marked: gone, other: there\n"


async def test_closing_does_not_wait_longer_than_the_grace_for_what_is_left_behind(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "leave", "deaf")) as harness:
        harness.start(0)
        await harness.ended(0)
        await harness.executor.close()
        assert gone(token)


async def test_a_fork_bomb_is_ended(tmp_path: Path, token: str):
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True)\n"
        "depth = 0\n"
        "while True:\n"
        "    time.sleep(0.002)\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "    else:\n"
        "        os._exit(0) if depth else signal.pause()\n"
        "    depth += 1"
    )
    async with served(tmp_path, Task("bomb", python(code, token), grace=GRACE)) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.stop(0, 0.05)
        await harness.ended(0)
        await until(lambda: gone(token))


@pytest.mark.parametrize(
    ("grace", "status"), [(5.0, 128 + signal.SIGTERM), (0.0, signal.SIGKILL), (None, signal.SIGKILL)]
)
async def test_a_run_inside_a_node_ends_with_it(tmp_path: Path, token: str, grace: float | None, status: int):
    """Without a grace, the inner run is not stopped: its app, reaper and supervisor are killed together."""
    inner = tmp_path / "graph.toml"
    tasks = [f"[tasks.{kind}]\nrun = {json.dumps(family_command(token, 'stay', kind))}\n" for kind in KINDS]
    inner.write_text("version = 1\n[defaults]\ngrace = 0.3\n" + "".join(tasks))
    command = ArgumentList((sys.executable, "-m", "dagtui", "run", str(inner), "-j20"))
    async with served(tmp_path, Task("x", command, env=PYTHONPATH), *[python(IDLE)] * 20) as harness:
        harness.start_all()
        await until(Gathering(token))
        outside = harness.executor.processes
        (app,) = alive(str(inner))
        (reaper,) = children(app)
        inside = [app, reaper, *named("dag-supervisor", reaper)]
        assert len(inside) == 3
        if grace is None:
            for pid in inside:
                os.kill(pid, signal.SIGSTOP)
            for pid in inside:
                end(pid)
        else:
            harness.stop(0, grace)
        assert (await harness.ended(0)).value == status
        await until(lambda: gone(token) and all_gone(inside))
        assert all(is_alive(pid) for pid in outside)
        assert all(harness.has_begun(node) and harness.end_of(node) is None for node in range(1, 21))
