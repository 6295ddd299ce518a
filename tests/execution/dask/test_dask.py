"""The executor of Dask clusters, on a real one: what is particular to it."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import warnings
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.dask_harness import DaskHarness
from support.executor_harness import kept_open, serving
from support.waiting import until, wait_for

from dagtui.engine.messages import Ended, EndKind, Queued, Silent, Started
from dagtui.engine.protocol import Handed
from dagtui.execution.dask.cluster import be_quiet
from dagtui.execution.local.requirements import RequirementError
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import ArgumentList, Graph, ShellCommand, Task
from dagtui.runs.executors import check_packages
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.dask_here import DaskHere

pytestmark = pytest.mark.anyio
VICTIM = Path(__file__).parents[2] / "support" / "dask_victim.py"


@asynccontextmanager
async def open_on(cluster: DaskHere, folder: Path, *actions: object, **more: object) -> AsyncIterator[DaskHarness]:
    """Open an executor over a cluster, and close it at the end."""
    harness = DaskHarness(cluster.address, folder, *actions, **more)
    async with serving(harness), kept_open(harness):
        yield harness


def ends(harness: DaskHarness) -> list[Ended]:
    return [result for result in harness.results if isinstance(result, Ended)]


async def test_attempts_of_a_killed_process_are_taken_up_and_each_runs_once(
    dask_cluster: DaskHere, tmp_path: Path
) -> None:
    trace, run = tmp_path / "trace", f"killed-{os.urandom(4).hex()}"
    script = f"echo NUMBER >> {trace}; for i in 1 2 3 4; do echo $i; sleep 0.3; done"
    command = [sys.executable, str(VICTIM), dask_cluster.address, str(tmp_path), run, "40", script]
    victim = subprocess.Popen(command)  # noqa: ASYNC220 - it is killed
    wait_for(lambda: trace.exists() and len(trace.read_text().split()) >= 4)
    victim.kill()
    victim.wait()
    async with open_on(dask_cluster, tmp_path, *["true"] * 40, run=run) as harness:
        harness.executor.take_up([Handed(node, 1) for node in range(40)])
        await until(lambda: len(ends(harness)) == 40)
    assert sorted(trace.read_text().split(), key=int) == [str(number) for number in range(40)]
    assert {(end.kind, end.value) for end in ends(harness)} == {(EndKind.EXIT, 0)}
    assert {harness.logged(node) for node in range(40)} == {b"1\n2\n3\n4\n"}
    assert len([result for result in harness.results if isinstance(result, Started)]) == 40


async def test_short_and_long_attempts_run_side_by_side(dask_cluster: DaskHere, tmp_path: Path) -> None:
    short, long = 100, 20
    actions = [*["sleep 0.7"] * long, *[ArgumentList(("true",))] * short]
    async with open_on(dask_cluster, tmp_path, *actions) as harness:
        harness.start_all()
        await until(lambda: len(ends(harness)) == short + long)
    assert {(end.kind, end.value) for end in ends(harness)} == {(EndKind.EXIT, 0)}


async def test_a_long_log_is_whole(dask_cluster: DaskHere, tmp_path: Path) -> None:
    async with open_on(dask_cluster, tmp_path, "seq 200000; sleep 0.3; echo end") as harness:
        harness.start(0)
        await harness.printed(b"199999\n")
        await harness.ended(0)
    assert harness.logged() == b"".join(b"%d\n" % number for number in range(1, 200001)) + b"end\n"


async def test_a_timeout_holds_without_us_and_ends_the_tree(dask_cluster: DaskHere, tmp_path: Path, token: str) -> None:
    run = f"timeout-{os.urandom(4).hex()}"
    task = Task(
        "a", ShellCommand(f"(setsid sh -c 'sleep 300; : {token}' &) ; echo up; sleep 300"), timeout=1.5, grace=0.3
    )
    harness = DaskHarness(dask_cluster.address, tmp_path, task, run=run)
    async with serving(harness):
        harness.open()
        harness.start(0)
        await harness.printed(b"up")
        await harness.executor.detach()
    await until(lambda: not alive_of(token))
    async with open_on(dask_cluster, tmp_path, task, run=run) as harness:
        harness.executor.take_up([Handed(0, 1)])
        assert (await harness.ended(0)).kind is EndKind.TIMEOUT


async def test_what_waits_is_taken_back_and_never_runs(dask_cluster: DaskHere, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    async with open_on(dask_cluster, tmp_path, *[f"echo . >> {trace}; sleep 300"] * 100) as harness:
        harness.start_all()
        await harness.begun(0)
        for node in range(100):
            harness.executor.stop(node, 1, 0.2)
        await until(lambda: not harness.executor.attempts)
    ran = len(trace.read_text().split())
    assert ran <= dask_cluster.threads
    assert len(ends(harness)) >= ran
    assert {end.kind for end in ends(harness)} == {EndKind.SIGNAL}


async def test_a_guardian_with_nothing_to_do_ends_and_another_one_follows(
    dask_cluster: DaskHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.runner._IDLE", 0.3)
    async with open_on(dask_cluster, tmp_path, "true", "true") as harness:
        for node in (0, 1):
            harness.start(node)
            assert (await harness.ended(node)).kind is EndKind.EXIT
            harness.executor.acknowledge()
            await until(lambda: not alive_of(harness.run))


async def test_secrets_reach_attempts_and_nothing_else(dask_cluster: DaskHere, tmp_path: Path, token: str) -> None:
    secret = f"s3cr3t-{token}"
    script = 'echo "$TOKEN, of ${#TOKEN}"; sleep 300'
    task = Task("a", ShellCommand(script), env={"TOKEN": secret})
    async with open_on(dask_cluster, tmp_path, task, secrets=Secrets([secret])) as harness:
        harness.start(0)
        await harness.printed(b", of %d" % len(secret))
        assert secret.encode() not in harness.logged()
        assert not _files_with(secret, dask_cluster.folder)
        assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and secret.encode() in _arguments(pid)]


def _files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def _arguments(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_hostile_names_stay_names(dask_cluster: DaskHere, tmp_path: Path) -> None:
    name = "a;touch $(owned) '\"`{}\n../x\N{SNOWMAN}\x1b[31m"
    task = Task(name, ShellCommand('printf %s "$DAGTUI_NODE"'))
    async with open_on(dask_cluster, tmp_path, task) as harness:
        harness.start(0)
        assert (await harness.ended(0)).kind is EndKind.EXIT
    assert harness.logged().decode() == name


async def test_the_folder_of_another_user_is_refused(dask_cluster: DaskHere, tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give folders away")
    run = f"foreign-{os.urandom(4).hex()}"
    local = next((dask_cluster.folder / "w0" / "dask-scratch-space").glob("worker-????????"))
    foreign = local / f"dagtui-{run}-dask"
    foreign.mkdir(0o700)
    os.chown(foreign, 65534, 65534)
    async with open_on(dask_cluster, tmp_path, "true", run=run) as harness:
        harness.start(0)
        end = await harness.ended(0)
    assert end.kind is EndKind.COULD_NOT_START
    assert "another user" in end.text


async def test_an_attempt_waits_for_a_worker_that_offers_what_it_asks_for(
    dask_cluster: DaskHere, tmp_path: Path
) -> None:
    task = Task("a", ShellCommand("true"), resources={"gpus": 1, "mem": 1000})
    async with open_on(dask_cluster, tmp_path, task) as harness:
        harness.start(0)
        await until(lambda: any(isinstance(result, Queued) and result.why for result in harness.results))
        worker = dask_cluster.start_worker("--resources", "GPU=1 MEMORY=2000")
        end, started = await harness.ended(0), next(each for each in harness.results if isinstance(each, Started))
    worker.terminate()
    assert Queued(0, 1, "no worker offers GPU=1, MEMORY=1000") in harness.results
    assert (started.where, end.kind) == ("w1", EndKind.EXIT)


async def test_nothing_of_a_run_is_left_when_it_is_over(dask_cluster: DaskHere, tmp_path: Path) -> None:
    async with open_on(dask_cluster, tmp_path, "echo a; exit 1", "sleep 300") as harness:
        harness.start_all()
        await harness.ended(0)
        await harness.begun(1)
        assert _folders_of(dask_cluster, harness.run)
        assert len(alive_of(harness.run)) >= 1
    assert not alive_of(harness.run)
    assert not _folders_of(dask_cluster, harness.run)


def alive_of(run: str) -> list[str]:
    """Return the processes that have a run among their arguments."""
    return [pid for pid in filter(str.isdigit, os.listdir("/proc")) if run.encode() in _arguments(pid)]


def _folders_of(cluster: DaskHere, run: str) -> list[Path]:
    return [path for path in cluster.folder.rglob("*") if run in path.name]


def test_what_distributed_logs_and_warns_of_is_not_on_the_screen() -> None:
    importlib.import_module("distributed")
    with warnings.catch_warnings(record=True) as shown:
        be_quiet()
        warnings.warn_explicit("mismatched versions", UserWarning, "client.py", 1, module="distributed.client")
    assert not shown
    for name in ("distributed", "distributed.client", "distributed.comm.core", "tornado.application", "asyncio"):
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None:
            assert {type(handler) for handler in logger.handlers} <= {logging.NullHandler}, name
            logger = logger.parent if logger.propagate else None
        assert logging.getLogger(name).hasHandlers(), "those of last resort print"


def test_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "dagtui.execution.dask.executor")
    graph = Graph(["a"], [])
    graph.executors = {"far": ExecutorSettings("far", ExecutorKind.DASK, address="tcp://h:1")}
    with pytest.raises(RequirementError, match="pip install distributed"):
        check_packages(graph)


async def test_a_scheduler_that_is_not_there_is_said_and_leaving_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.cluster.CONNECT", 0.3)
    harness = DaskHarness("tcp://127.0.0.1:1", tmp_path, Task("a", ShellCommand("true"), grace=0.1))
    async with serving(harness):
        harness.open()
        harness.start(0)
        await until(lambda: any(isinstance(result, Silent) for result in harness.results))
        await harness.executor.detach()
