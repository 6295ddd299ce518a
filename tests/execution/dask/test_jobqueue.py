"""Workers that are jobs of a real Slurm, submitted by the real dask-jobqueue."""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from support.dask_harness import DaskHarness
from support.executor_harness import kept_open, serving
from support.journals import records_so_far
from support.traced_run import started, trace
from support.waiting import until, wait_for

from dagtui.engine.messages import Ended, EndKind, Queued, Started
from dagtui.execution.dask.job_order import LOCK
from dagtui.execution.dask.walltimes import walltime_seconds
from dagtui.execution.local.requirements import RequirementError
from dagtui.graph.executors import ExecutorKind, ExecutorSettings, Jobqueue
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.runs.executor_check import check_executor
from dagtui.runs.executors import check_packages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.anyio
long = pytest.mark.torture
OVER = 90.0
OPTIONS = {"cores": 2, "memory": "200MB", "nanny": False, "walltime": "00:20:00"}
GRAPH = """
version = 1
[executors.farm]
kind = "dask"
shared = true
jobqueue = { system = "slurm", jobs = 1, cores = 2, memory = "200MB", nanny = false }
[tasks.work]
executor = "farm"
matrix = { n = [1, 2, 3] }
run = "echo work-{{ matrix.n }} >> trace; until test -e go; do sleep 0.1; done"
"""


def jobqueue(jobs: int = 1, **more: object) -> Jobqueue:
    times = {name: more.pop(name) for name in ("lifetime", "idle") if name in more}
    return Jobqueue("slurm", OPTIONS | more, jobs, jobs, **times)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(folder: Path, *actions: object, **settings: object) -> AsyncIterator[DaskHarness]:
    harness = DaskHarness("", folder, *actions, **settings)  # type: ignore[arg-type]
    async with serving(harness), kept_open(harness):
        yield harness


def holders(lock: Path) -> list[str]:
    """Return the processes that have a file open."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if any(os.path.samefile(f"/proc/{pid}/fd/{fd}", lock) for fd in os.listdir(f"/proc/{pid}/fd")):
                found.append(pid)
        except OSError:
            pass
    return found


def test_a_killed_run_is_taken_up_and_leaves_no_job(cluster: SlurmCluster, tmp_path: Path) -> None:
    (tmp_path / "graph.toml").write_text(GRAPH)
    process = started(tmp_path)
    wait_for(lambda: len(trace(tmp_path)) == 2, "begin of two", OVER, (tmp_path / "output").read_text)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "go").touch()
    process = started(tmp_path, "--resume")
    assert process.wait(OVER) == 0, (tmp_path / "output").read_text()
    assert trace(tmp_path) == Counter(f"work-{n}" for n in range(1, 4))
    run = tmp_path / ".dagtui/graph/latest"
    ends = [record for record in records_so_far(run / "journal.jsonl") if record.get("status") == "COMPLETED"]
    assert {record.get("attempt") for record in ends} == {1}
    run_id = (run / "lock").read_text().split()[0]
    wait_for(lambda: not cluster.jobs(run_id), "no job", seen=cluster.jobs)
    wait_for(lambda: not holders(run / "executors/farm" / LOCK), "the end of the process")


async def test_a_refusal_of_sbatch_is_said_and_another_table_is_taken(
    cluster: SlurmCluster, tmp_path: Path, token: str
) -> None:
    del cluster
    async with opened(tmp_path, "true", run=token, jobqueue=jobqueue(queue="nowhere")) as harness:
        harness.start(0)
        end = await harness.ended(0)
    assert end.kind is EndKind.COULD_NOT_START
    assert "slurm does not take jobs: sbatch: error: invalid partition specified: nowhere" in end.text


async def test_a_wrong_option_is_said_before_anything_is_submitted(tmp_path: Path) -> None:
    settings = ExecutorSettings("farm", ExecutorKind.DASK, jobqueue=jobqueue(walltme="1:00:00"))
    *_, last = [finding async for finding in check_executor(settings, tmp_path, os.environ, 60)]
    assert not last.is_good
    assert last.text.startswith('jobqueue: dask-jobqueue does not know the option "walltme" for slurm; ')
    assert 'did you mean "walltime"?' in last.text
    async with opened(tmp_path, "true", jobqueue=settings.jobqueue) as harness:
        harness.start(0)
        end = await harness.ended(0)
    assert (end.kind, end.text, end.lasting) == (EndKind.COULD_NOT_START, last.text, True)


def test_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    for module in ("worker_jobs", "jobqueue_executor"):
        monkeypatch.delitem(sys.modules, f"dagtui.execution.dask.{module}", raising=False)
    graph = Graph(["a"], [])
    graph.executors = {"far": ExecutorSettings("far", ExecutorKind.DASK, jobqueue=jobqueue())}
    with pytest.raises(RequirementError, match="pip install dask-jobqueue"):
        check_packages(graph)


@pytest.mark.parametrize(
    ("text", "system", "seconds"),
    [
        ("00:30:00", "slurm", 1800),
        ("1-12", "slurm", 129_600),
        ("2-01:30", "slurm", 178_200),
        ("90", "slurm", 5400),
        ("90:30", "slurm", 5430),
        ("1:30", "lsf", 5400),
        ("3600", "pbs", 3600),
        ("1 h", "slurm", None),
        ("", "htcondor", None),
    ],
)
def test_walltimes(text: str, system: str, seconds: float | None) -> None:
    assert walltime_seconds(text, system) == seconds


@long
async def test_a_cancelled_job_is_replaced(
    cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.fences.FENCE", 1.0)
    sleeps = Task("long", ShellCommand("sleep 300"), grace=0.2)
    async with opened(tmp_path, sleeps, "true", run=token, jobqueue=jobqueue()) as harness:
        harness.start(0)
        await until(lambda: harness.of(0) and isinstance(harness.of(0)[-1], Started), "begin", OVER)
        waits = [result.why for result in harness.of(0) if isinstance(result, Queued)]
        assert waits
        (job,) = cluster.jobs(token)
        await anyio.to_thread.run_sync(cluster.call, "scancel", job)
        end = await harness.ended(0)
        assert end.kind is EndKind.LOST
        harness.start(1)
        await until(lambda: any(isinstance(result, Ended) for result in harness.of(1)), "end", OVER)
        assert cluster.jobs(token) != [job]
    await until(lambda: not cluster.jobs(token), "no job")


@long
async def test_old_workers_begin_nothing_more_and_end_what_they_have(
    cluster: SlurmCluster, tmp_path: Path, token: str
) -> None:
    """What waits on an old worker goes to the one that follows. Dask gives it all that asks for resources at once."""
    scripts = ["until test -e go; do sleep 0.1; done", *["true"] * 8]
    actions = [Task(f"n{at}", ShellCommand(each), resources={"mem": 1000}) for at, each in enumerate(scripts)]
    table = jobqueue(lifetime=2.0, cores=1)
    async with opened(tmp_path, *actions, run=token, jobqueue=table, shared=True) as harness:
        harness.start(*range(9))
        await until(lambda: [each for each in harness.results if isinstance(each, Started)], "begin", OVER)
        (first,) = [each for each in harness.results if isinstance(each, Started)]
        others = [node for node in range(9) if node != first.node]
        await until(lambda: all(any(isinstance(e, Ended) for e in harness.of(node)) for node in others), "ends", OVER)
        assert not any(isinstance(each, Ended) for each in harness.of(first.node))
        (tmp_path / "go").touch()
        assert (await harness.ended(first.node)).kind is EndKind.EXIT
    places = {each.where for each in harness.results if isinstance(each, Started)}
    assert len(places) > 1
    await until(lambda: not cluster.jobs(token), "no job")


@long
async def test_another_process_takes_over_when_that_of_the_jobs_is_killed(
    cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.dask.fences.FENCE", 3.0)
    sleeps = Task("long", ShellCommand("sleep 300"), grace=0.2)
    async with opened(tmp_path, sleeps, "true", run=token, jobqueue=jobqueue()) as harness:
        harness.start(0)
        await until(lambda: any(isinstance(each, Started) for each in harness.of(0)), "begin", OVER)
        first = cluster.jobs(token)
        for pid in set(holders(tmp_path / "notes" / LOCK)):
            os.kill(int(pid), signal.SIGKILL)
        await until(lambda: any(isinstance(each, Ended) for each in harness.of(0)), "the loss", OVER)
        assert (await harness.ended(0)).kind is EndKind.LOST
        await until(lambda: not set(first) & set(cluster.jobs(token)), "the end of the first job", OVER)
        harness.start(1)
        await until(lambda: any(isinstance(each, Ended) for each in harness.of(1)), "end", OVER)
        assert (await harness.ended(1)).kind is EndKind.EXIT
    await until(lambda: not cluster.jobs(token), "no job")
