"""The executor without features of Linux: no marks, no subreaper, no /proc, no epoll."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.executor_harness import DEAF, IDLE, python, served
from support.families import family
from support.process_listing import alive, is_alive
from support.waiting import until

from dagtui.engine.messages import EndKind
from dagtui.graph.model import ArgumentList, Task

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.execution.local.link._LAUNCH", str(Path(__file__).with_name("launch_elsewhere.py")))
    monkeypatch.setattr("dagtui.execution.local.ownership.become_subreaper", lambda: None)


async def test_results_and_logs(tmp_path: Path):
    actions = ["exit 3", "kill -9 $$", ArgumentList(("./gone",)), "echo out; sleep 0.1; echo err >&2"]
    async with served(tmp_path, *actions, slots=2) as harness:
        harness.start_all()
        ends = [await harness.ended(node) for node in range(4)]
        assert [(end.kind, end.value) for end in ends] == [
            (EndKind.EXIT, 3),
            (EndKind.SIGNAL, signal.SIGKILL),
            (EndKind.COULD_NOT_START, 0),
            (EndKind.EXIT, 0),
        ]
        assert await harness.log(3) == b"out\nerr\n"


async def test_the_group_is_stopped(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay", "child"), python(IDLE)) as harness:
        harness.start_all()
        await until(lambda: len(alive(token)) == 2)
        harness.stop(0, 1)
        assert (await harness.ended(0)).value == signal.SIGTERM
        await until(lambda: not alive(token))
        assert harness.end_of(1) is None


async def test_who_ignores_term_is_killed(tmp_path: Path):
    async with served(tmp_path, python(DEAF)) as harness:
        harness.start(0)
        await harness.printed(b"deaf")
        harness.stop(0, 0.1)
        assert (await harness.ended(0)).value == signal.SIGKILL


async def test_what_a_leader_leaves_in_its_group_ends_with_it(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "leave", "child"), python(IDLE)) as harness:
        harness.start_all()
        assert (await harness.ended(0)).value == 7
        await until(lambda: not alive(token))
        assert harness.end_of(1) is None


async def test_closing_ends_everything(tmp_path: Path, token: str):
    deaf = Task("deaf", python(DEAF, token), grace=0.1)
    async with served(tmp_path, deaf, family(token, "stay", "child")) as harness:
        harness.start_all()
        await harness.printed(b"deaf")
        await until(lambda: len(alive(token)) == 3)
        processes = harness.executor.processes
        await harness.executor.close()
        assert not alive(token)
        assert not any(is_alive(pid) for pid in processes)
