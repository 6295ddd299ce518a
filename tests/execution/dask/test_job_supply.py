"""How many jobs there are, and what becomes of them, by a queueing system that is a script."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from support.waiting import until

from dagtui.execution.dask import job_supply, queue_commands
from dagtui.execution.dask.job_supply import JobSupply
from dagtui.execution.dask.jobqueue_process import take_turn
from dagtui.execution.dask.queue_commands import PassingJobError, call, is_passing
from dagtui.execution.dask.queue_jobs import JobKind, QueueJobs, offered_resources
from dagtui.graph.executors import Jobqueue

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from distributed import Scheduler

    from dagtui.execution.dask.queue_jobs import JobCluster

pytestmark = pytest.mark.anyio
REFUSED = "sbatch: error: invalid partition specified: nowhere"
FULL = "sbatch: error: QOSMaxSubmitJobPerUserLimit"


class ScriptedJob:
    """A job of the queueing system below, with what the classes of dask-jobqueue have."""

    job_id: str | None = None

    def __init__(self, address: str, name: str) -> None:
        del address
        self.name = name

    def __await__(self) -> Generator[object, object, None]:
        return self._start().__await__()

    async def _start(self) -> None:
        self.job_id = (await self._call(["submit"])).strip()

    async def close(self) -> None:
        await self._call(["cancel", str(self.job_id)])

    async def _call(self, words: list[str]) -> str:
        raise NotImplementedError(words)


class Queue:
    """A queueing system of scripts, and the supply of jobs that uses it."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder = folder
        self.write("squeue", "cat queue")
        self.write("cancel", "")
        self.say("")
        self.accept()
        cluster = cast("JobCluster", None)
        self.jobs = QueueJobs("slurm", {"cls": ScriptedJob, "options": {}}, "tcp://nowhere")
        tasks = {
            number: SimpleNamespace(state="queued", annotations={}, resource_restrictions={}) for number in range(jobs)
        }
        scheduler = cast("Scheduler", SimpleNamespace(workers={}, tasks=tasks))
        kind = JobKind(cluster, 1, None, str(folder))
        table = Jobqueue("slurm", {}, jobs, jobs)
        self.supply = JobSupply(table, kind, scheduler, lambda: None, self.jobs)

    def write(self, name: str, script: str) -> None:
        path = self.folder / name
        path.with_suffix(".new").write_text(f"#!/bin/sh\ncd {self.folder}\n{script}\n")
        path.with_suffix(".new").chmod(0o700)
        path.with_suffix(".new").rename(path)

    def accept(self) -> None:
        self.write("submit", "echo x >> submitted; wc -l < submitted")

    def refuse(self, words: str) -> None:
        self.write("submit", f"echo x >> refused; echo '{words}' >&2; exit 1")

    def say(self, queue: str) -> None:
        (self.folder / "queue").write_text(queue)

    def count(self, name: str) -> int:
        path = self.folder / name
        return len(path.read_text().splitlines()) if path.exists() else 0

    async def turns_until(self, name: str, lines: int) -> None:
        """Take turns until a file has as many lines, and what was asked has been answered."""

        def turned() -> bool:
            self.supply.turn()
            return self.count(name) >= lines

        await until(turned, f"{lines} lines in {name}")
        await until(lambda: self.supply._work is None, "the answer")


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("_LONGEST_PAUSE", "_LOOK_FOR_LOST"):
        monkeypatch.setattr(job_supply, name, 0.0)
    return Queue(tmp_path, 2)


async def test_refusals_matter_only_while_no_job_is_there(queue: Queue) -> None:
    queue.write(
        "submit",
        f"test -e submitted && echo x >> refused && echo '{REFUSED}' >&2 && exit 1; echo 7 > submitted; echo 7",
    )
    await queue.turns_until("refused", 4)
    assert not queue.supply.hopeless
    assert queue.supply.why == "its workers wait in slurm, job 7"
    queue.accept()
    await queue.turns_until("submitted", 2)
    assert queue.supply.why == "its workers wait in slurm, job 7 and 1 more"


async def test_a_refusal_without_any_job_is_hopeless_and_a_full_queue_is_not(queue: Queue) -> None:
    queue.refuse(FULL)
    await queue.turns_until("refused", 4)
    assert (queue.supply.hopeless, queue.supply.why) == (False, f"slurm takes no jobs now: {FULL}")
    queue.refuse(REFUSED)
    await queue.turns_until("refused", 5)
    assert (queue.supply.hopeless, queue.supply.why) == (True, f"slurm does not take jobs: {REFUSED}")


async def test_jobs_that_end_in_one_look_are_one_failure(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_supply, "_LOOK", 0.0)
    monkeypatch.setattr(job_supply, "_MISSED", 1)

    def turned() -> bool:
        if not queue.supply.hopeless:
            queue.supply.turn()
        return queue.supply.hopeless

    await until(turned, "the third failure")
    assert queue.count("submitted") == 6


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        (FULL, True),
        (REFUSED, False),
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", True),
        ("QOSMaxCpuPerUserLimit\nJob violates accounting/QOS policy (job submit limit, user's size)", False),
        ("AssocMaxSubmitJobLimit\nJob violates accounting/QOS policy (job submit limit, user's size)", True),
        ("qsub: would exceed queue generic's per-user limit of jobs in 'Q' state", True),
        ("qsub: Unknown queue", False),
    ],
)
def test_what_may_pass(text: str, passes: bool) -> None:
    assert is_passing(text) is passes


async def test_a_command_that_hangs_is_killed_with_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_commands, "MOST_SECONDS", 0.3)
    with pytest.raises(PassingJobError, match="sh took more than"):
        await call(["sh", "-c", f"sleep 100 & echo $! > {tmp_path}/pid; wait"])
    pid = (tmp_path / "pid").read_text().strip()
    await until(lambda: not _runs(pid), "the end of what it has started")


def _runs(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_jobs_are_cancelled_together_and_what_is_left_is_logged(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    """The command for each job waits for that of the others."""
    for name in ("a", "b", "c"):
        await queue.jobs.submit(name)
    meet = "echo $1 >> met; until test $(wc -l < met) = 3; do sleep 0.02; done"
    queue.write("cancel", f"{meet}; test $1 != 2 || {{ echo 'Unable to contact slurm controller' >&2; exit 1; }}")
    await queue.jobs.end_all()
    assert "jobs that were not cancelled: 2" in caplog.messages


def test_a_turn_that_fails_is_logged_once_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise KeyError("gone")

    supply = cast("JobSupply", SimpleNamespace(turn=fail))
    known = take_turn(supply, "")
    assert take_turn(supply, known) == known == "KeyError('gone')"
    assert caplog.messages == ["a turn has failed"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--resources", "MEMORY=16e9 GPU=2"],
        ["--nanny", "--resources=MEMORY=16e9,GPU=2"],
        ["--resources 'GPU=2'", "--x 1"],
    ],
)
def test_what_workers_offer(arguments: list[str]) -> None:
    assert offered_resources(arguments)["GPU"] == 2


async def test_jobs_come_for_the_scarcest_resource(queue: Queue) -> None:
    """Two attempts with a whole GPU each take two jobs, whose threads are enough for many more."""
    supply = queue.supply
    supply._kind = supply._kind._replace(threads=8, resources={"GPU": 1.0, "MEMORY": 100.0})
    supply._jobqueue = Jobqueue("slurm", {}, 0, 9)
    for task in supply._scheduler.tasks.values():
        task.resource_restrictions = {"GPU": 1.0, "MEMORY": 10.0}
    await queue.turns_until("submitted", 2)
    assert queue.count("submitted") == 2
