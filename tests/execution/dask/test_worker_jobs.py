"""The process of the jobs, seen from dagtui, in place of which another program is started."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from dagtui.execution.dask import worker_jobs
from dagtui.execution.dask.cluster import ClusterError
from dagtui.execution.dask.job_order import JobOrder
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
