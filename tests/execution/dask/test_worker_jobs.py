"""The process of the jobs, seen from dagtui, in place of which another program is started."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

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


@pytest.mark.parametrize(("host", "is_found"), [("another", True), (os.uname().nodename, False)])
async def test_a_process_on_another_machine_is_found_by_its_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, is_found: bool
) -> None:
    """Its lock may not be seen here. On the same machine the lock tells, and another program may have the port."""
    monkeypatch.setattr(worker_jobs, "PROGRAM", "print('not needed')")
    with socket.create_server(("127.0.0.1", 0)) as scheduler:
        told = {"address": f"tcp://127.0.0.1:{scheduler.getsockname()[1]}", "host": host}
        (tmp_path / SCHEDULER).write_text(json.dumps(told))
        assert jobs(tmp_path)._is_alive() is is_found
        if is_found:
            await jobs(tmp_path).ready()
            assert not (tmp_path / LOG).exists(), "no other process was started"
    assert not jobs(tmp_path)._is_alive()
