"""The registry on a scheduler in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from distributed import Client, Scheduler, Worker
from support.waiting import until

from dagtui.execution.dask import registry
from dagtui.execution.dask.registry import AttemptRegistry

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def note(path: str) -> None:
    with open(path, "a", encoding="ascii") as file:
        file.write("x\n")


async def test_a_task_that_got_no_claim_goes_to_a_worker_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_AGAIN", 0.01)
    path = tmp_path / "executions"
    async with (
        Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler,
        Worker(scheduler.address, nthreads=1, local_directory=str(tmp_path), dashboard=False) as worker,
        Client(scheduler.address, asynchronous=True, set_as_default=False) as client,
    ):
        attempts = AttemptRegistry("run")
        scheduler.add_plugin(attempts, name="run")
        await attempts.start(scheduler)
        task = client.submit(note, str(path), key=("run", "a"), pure=False)
        await until(lambda: path.exists() and len(path.read_text()) > 4, "three executions")
        assert attempts._claim(["a"], worker.address) == ["a"]
        await until(lambda: scheduler.tasks["run", "a"].state == "memory", "the end")
        del task
