"""What breaks in a Dask cluster: workers and schedulers that are killed, or that hang. Each attempt runs once."""

from __future__ import annotations

import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from support.dask_harness import DaskHarness
from support.dask_here import DaskHere
from support.executor_harness import DEAF, kept_open, python, serving
from support.process_listing import alive
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Heard, Queued, Silent, Started
from dagtui.graph.model import ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.anyio
long = pytest.mark.torture
OVER = 60.0
"""Seconds for a cluster that is started on a busy machine."""


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskHere]:
    """A cluster that tests harm, one after the other."""
    with DaskHere(tmp_path_factory.mktemp("harmed"), 0, 4) as here:
        yield here


@pytest.fixture
def cluster(harmed: DaskHere) -> DaskHere:
    """The cluster, with two workers of four threads each."""
    while len(harmed.alive) < 2:
        harmed.start_worker()
    return harmed


@asynccontextmanager
async def opened(harness: DaskHarness) -> AsyncIterator[None]:
    async with serving(harness), kept_open(harness):
        yield


def sleeps(token: str, number: int, seconds: float, trace: object = os.devnull) -> list[Task]:
    """Return tasks that leave a line in a trace, and have a word among their arguments."""
    script = f"echo $DAGTUI_NODE >> {trace}; sleep {seconds}; : {token}"
    return [Task(f"n{each}", ShellCommand(script), grace=0.3) for each in range(number)]


def lines_of(trace: str) -> list[str]:
    with open(trace) as lines:
        return lines.read().split()


def kinds(harness: DaskHarness) -> list[EndKind]:
    return [result.kind for result in harness.results if isinstance(result, Ended)]


def begun(harness: DaskHarness) -> dict[int, str]:
    """Return the workers on which attempts have begun."""
    return {result.node: result.where for result in harness.results if isinstance(result, Started)}


async def test_attempts_of_a_killed_worker_are_lost_when_none_of_them_is_alive(
    cluster: DaskHere, tmp_path: object, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.fences.FENCE", 0.5)
    deaf = [Task(f"deaf{each}", python(DEAF, token), grace=0.3) for each in range(8)]
    harness = DaskHarness(cluster.address, tmp_path, *deaf, *sleeps(token, 4, 0.1))
    async with opened(harness):
        harness.start(*range(8))
        await until(lambda: len(begun(harness)) == 8)
        first = cluster.alive[0]
        name = cluster.name_of(first)
        on_first = [node for node, where in begun(harness).items() if where == name]
        assert len(on_first) == 4
        first.kill()
        for node in on_first:
            end = await harness.ended(node)
            assert (end.kind, end.text) == (EndKind.LOST, f"its worker {name} left the cluster")
        assert len(alive(token)) == 8 - len(on_first), "what is lost is not alive"
        assert len(kinds(harness)) == len(on_first), "the others run on"
        cluster.start_worker()
        harness.start(8, 9, 10, 11)
        for node in range(8, 12):
            assert (await harness.ended(node)).kind is EndKind.EXIT


async def test_what_waits_for_a_killed_worker_runs_once_elsewhere(
    cluster: DaskHere, tmp_path: object, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask computes the tasks of a dead worker again, also those that have ended there."""
    monkeypatch.setattr("dagtui.execution.dask.fences.FENCE", 1.0)
    trace = f"{tmp_path}/trace"
    harness = DaskHarness(cluster.address, tmp_path, *sleeps(token, 60, 0.3, trace))
    async with opened(harness):
        harness.start_all()
        await until(lambda: len(kinds(harness)) > 10)
        cluster.alive[0].kill()
        await until(lambda: len(kinds(harness)) == 60)
    ran = lines_of(trace)
    assert len(ran) == len(set(ran))
    assert kinds(harness).count(EndKind.LOST) <= 4
    assert set(kinds(harness)) <= {EndKind.LOST, EndKind.EXIT}


@pytest.mark.parametrize("seconds", [1, pytest.param(15, marks=long)])
async def test_a_worker_that_hangs_for_a_while_loses_nothing(
    cluster: DaskHere, tmp_path: object, token: str, seconds: float
) -> None:
    harness = DaskHarness(cluster.address, tmp_path, *sleeps(token, 8, 0.5))
    async with opened(harness):
        harness.start_all()
        await until(lambda: len(begun(harness)) == 8)
        worker = cluster.alive[0]
        worker.send_signal(signal.SIGSTOP)
        await anyio.sleep(seconds)
        assert len(kinds(harness)) < 8
        worker.send_signal(signal.SIGCONT)
        await until(lambda: len(kinds(harness)) == 8)
    assert set(kinds(harness)) == {EndKind.EXIT}


async def test_attempts_of_a_worker_that_hangs_for_too_long_end(
    cluster: DaskHere, tmp_path: object, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask gives such a worker up, and so does dagtui: nothing of it may go on."""
    monkeypatch.setattr("dagtui.execution.dask.guardian_process.WATCHDOG", 2.0)
    harness = DaskHarness(cluster.address, tmp_path, *sleeps(token, 8, 300))
    async with opened(harness):
        harness.start_all()
        await until(lambda: len(begun(harness)) == 8)
        for worker in cluster.alive:
            worker.send_signal(signal.SIGSTOP)
        await until(lambda: not alive_with(token))
        for worker in cluster.alive:
            worker.send_signal(signal.SIGCONT)
        await until(lambda: len(kinds(harness)) == 8)
        assert set(kinds(harness)) == {EndKind.OUTSIDE}
        assert "hangs" in (await harness.ended(0)).text


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=long)])
async def test_a_scheduler_that_hangs_is_said_and_loses_nothing(
    cluster: DaskHere, tmp_path: object, token: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.executor._WAIT", 0.3)
    monkeypatch.setattr("dagtui.execution.dask.executor._SILENCE", 1.0)
    trace = f"{tmp_path}/trace"
    harness = DaskHarness(cluster.address, tmp_path, *sleeps(token, 20, 0.7, trace))
    async with opened(harness):
        harness.start(*range(12))
        await until(lambda: len(begun(harness)) >= 8)
        cluster.scheduler.send_signal(signal.SIGSTOP)
        harness.start(*range(12, 20))
        await until(lambda: any(isinstance(result, Silent) for result in harness.results))
        await anyio.sleep(seconds - 1)
        cluster.scheduler.send_signal(signal.SIGCONT)
        await until(lambda: len(kinds(harness)) == 20)
    assert set(kinds(harness)) == {EndKind.EXIT}
    assert any(isinstance(result, Heard) for result in harness.results)
    assert len(lines_of(trace)) == 20


async def test_a_scheduler_that_died_is_waited_for_and_what_it_had_is_lost(
    cluster: DaskHere, tmp_path: object, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.fences.FENCE", 1.0)
    harness = DaskHarness(cluster.address, tmp_path, *sleeps(token, 9, 300), "true")
    port = cluster.port
    async with opened(harness):
        harness.start(*range(9))
        await until(lambda: len(begun(harness)) == 8)
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        await until(lambda: any(isinstance(result, Silent) for result in harness.results))
        await until(lambda: not alive_with(token), seconds=OVER)
        assert kinds(harness) == []
        harness.start(9)
        await anyio.to_thread.run_sync(cluster.start_scheduler, port)
        await until(lambda: any(isinstance(result, Queued) and result.why for result in harness.results))
        cluster.start_worker()
        await until(lambda: len(kinds(harness)) == 10, seconds=OVER)
        assert (await harness.ended(9)).kind is EndKind.EXIT, "a worker that joins later takes attempts"
    assert kinds(harness).count(EndKind.LOST) == 9
    assert Queued(9, 1, "the cluster has no worker") in harness.results
    assert "started anew" in (await harness.ended(0)).text


def alive_with(token: str) -> list[str]:
    """Return the live processes that have a word somewhere among their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if token.encode() in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found
