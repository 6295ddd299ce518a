"""The process of the jobs, seen from dagtui, in place of which another program is started."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING

import anyio
import pytest
from support.dask_here import DaskHere

from dagtui.execution.dask import worker_jobs
from dagtui.execution.dask.cluster import ClusterError
from dagtui.execution.dask.job_order import LOG, SCHEDULER, JobOrder
from dagtui.execution.dask.worker_jobs import WorkerJobs
from dagtui.graph.executors import Jobqueue

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def jobs(folder: Path) -> WorkerJobs:
    return WorkerJobs(JobOrder("farm", "run", "1", Jobqueue("slurm", {}, 1, 1), None, {}), folder, os.environ)


async def test_what_is_no_answer_is_an_error_of_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_jobs, "PROGRAM", "print('Loading modules')")
    with pytest.raises(ClusterError, match="has failed; its log is"):
        await jobs(tmp_path).ready()


async def test_no_thread_is_left_when_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_jobs, "PROGRAM", "import sys; sys.stdin.read(); input()")
    ended = threading.Event()
    started = WorkerJobs._start

    def noted(*arguments: object) -> None:
        started(*arguments)  # type: ignore[arg-type]
        ended.set()

    monkeypatch.setattr(WorkerJobs, "_start", noted)
    with anyio.move_on_after(0.3) as scope:
        await jobs(tmp_path).ready()
    assert scope.cancelled_caught
    assert await anyio.to_thread.run_sync(ended.wait, 20.0)


def is_alive(folder: Path, address: str, **told: str) -> bool:
    (folder / SCHEDULER).write_text(json.dumps({"address": address, "host": "another", **told}))
    return jobs(folder)._is_alive()


async def test_a_process_on_another_machine_is_found_by_its_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock may not be seen here. On the same machine the lock tells."""
    monkeypatch.setattr(worker_jobs, "PROGRAM", "print('not needed')")
    with DaskHere(tmp_path / "dask", workers=0) as dask:
        its_id = str(json.loads(dask.file.read_text())["id"])

        def look() -> None:
            assert not is_alive(tmp_path, dask.address, id=its_id, host=os.uname().nodename)
            assert not is_alive(tmp_path, dask.address, id="Scheduler-1"), "it is somebody else's"
            assert is_alive(tmp_path, dask.address), "an older version has noted no id"
            assert is_alive(tmp_path, dask.address, id=its_id)

        await anyio.to_thread.run_sync(look)
        await jobs(tmp_path).ready()
        assert not (tmp_path / LOG).exists(), "no other process was started"
    assert not await anyio.to_thread.run_sync(jobs(tmp_path)._is_alive)


async def test_another_program_at_the_port_of_a_dead_scheduler_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_jobs, "_ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as program:
        address = f"tcp://127.0.0.1:{program.getsockname()[1]}"
        assert not await anyio.to_thread.run_sync(is_alive, tmp_path, address)
