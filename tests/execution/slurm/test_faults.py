"""What breaks around a real Slurm: its controller, its nodes, its answers, our own process. Each node runs once."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from support.slurm_harness import SlurmHarness, served, tagged, tree
from support.slurm_victim import scripts
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Heard, Queued, Silent, Started, Withdrawn
from dagtui.engine.protocol import Handed
from dagtui.graph.model import ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.slurm_cluster import SlurmCluster

pytestmark = pytest.mark.anyio
LONG = pytest.mark.torture


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for stops more often than in earnest, and wait less for what may be seen late."""
    monkeypatch.setattr("dagtui.execution.requests.FENCE", 1.0)
    monkeypatch.setattr("dagtui.execution.slurm.queue_questions.LATENCY", 1.0)
    monkeypatch.setattr("dagtui.execution.slurm.queue_questions._SLOW", 1.0)


@asynccontextmanager
async def away(cluster: SlurmCluster, how: str) -> AsyncIterator[None]:
    """Let the controller be stopped, or dead, within the block."""
    if how == "stopped":
        cluster.signal("slurmctld", signal.SIGSTOP)
    else:
        cluster.kill("slurmctld")
    try:
        yield
    finally:
        if how == "stopped":
            cluster.signal("slurmctld", signal.SIGCONT)
        else:
            cluster.start("slurmctld")


@pytest.mark.parametrize(
    ("how", "seconds"),
    [
        ("stopped", 3),
        pytest.param("killed", 3, marks=LONG),
        pytest.param("stopped", 60, marks=LONG),
        pytest.param("killed", 60, marks=LONG),
    ],
)
async def test_while_the_controller_is_away_nothing_is_lost_and_stops_take_effect(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, how: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some nodes run, some wait, some are handed over meanwhile, and some end before Slurm answers again."""
    if seconds < 60:
        monkeypatch.setattr("dagtui.execution.slurm.commands.MOST_SECONDS", 2.0)
    script = f"echo {{}} >> {tmp_path}/trace; until [ -e {tmp_path}/go ]; do sleep 0.1; done"
    nodes = [
        *(Task(f"n{number}", ShellCommand(script.format(number)), resources={"cpus": 16}) for number in range(20)),
        tree(token),
        *(Task(f"late{number}", ShellCommand(script.format(number))) for number in range(21, 26)),
    ]
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.start(20, *range(20))
        await until(lambda: len(slurm.of(Started)) == 8, "as many as there is room for")
        waiting = next(node for node in range(19, 0, -1) if not slurm.of(Started, node))
        if how == "killed":  # it would forget its last seconds otherwise, and end jobs that it does not know
            trial_cluster.save()
        async with away(trial_cluster, how):
            slurm.start(*range(21, 26))
            since = time.monotonic()
            silent = (await slurm.got(Silent)).why
            assert all(slurm.of(Queued, node) for node in range(21, 26)), "they wait, and keep their places in a reload"
            slurm.stop(20, 0.5)
            slurm.stop(waiting)
            await slurm.withdrawn(waiting)
            assert (await slurm.ended(20)).kind is EndKind.SIGNAL
            assert tagged(token) == []
            (tmp_path / "go").touch()
            await until(lambda: len(slurm.of(Ended)) == 8, "ends although Slurm does not answer")
            await anyio.sleep(max(0.0, seconds - (time.monotonic() - since)))
        await slurm.got(Heard)  # soon, however long the questions took that nobody answered
        await slurm.all_over()
        assert silent
        assert not slurm.of(Started, waiting)
        ends = [end for end in slurm.of(Ended) if end.node != 20]
        assert [(end.kind, end.value, end.text) for end in ends] == [(EndKind.EXIT, 0, "")] * 24
    ran = (tmp_path / "trace").read_text().split()
    assert sorted(map(int, ran)) == [number for number in range(26) if number not in {20, waiting}]


async def test_what_slurm_takes_for_dead_is_fenced_before_it_is_lost(
    cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slurm says that the node has failed, but its processes live on."""
    del cluster
    (tmp_path / "bin").mkdir()
    for name, says in (("squeue", "true"), ("scontrol", "echo JobState=NODE_FAIL Reason=None NodeList=n9")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    async with served(SlurmHarness(tmp_path, tree(token), run_id=token)) as slurm:
        slurm.start(0)
        await until(lambda: len(tagged(token)) >= 6)
        end = await slurm.ended()
        assert (end.kind, tagged(token)) == (EndKind.LOST, [])
        assert "NODE_FAIL on n9" in end.text


async def test_what_never_began_is_not_lost_with_its_node(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets another job. If the first one is there all the same, it goes as soon as nobody needs it."""
    (tmp_path / "bin").mkdir()
    for name, says in (("squeue", "true"), ("scontrol", "echo JobState=NODE_FAIL Reason=None NodeList=n9")):
        real = f'[ -e {tmp_path}/failing ] || exec {shutil.which(name)} "$@"'
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{real}\n{says}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    trial_cluster.call("scontrol", "update", "partition=main", "state=down")
    (tmp_path / "failing").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    nodes = (*scripts(tmp_path, 1, 0.0), tree(token))
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.start(0)
        batches = slurm.executor._batches.by_name
        await until(lambda: [batch.is_known for batch in batches.values()] == [True, True] or slurm.of(Ended))
        first = next(iter(batches.values())).jobs[0]
        (tmp_path / "failing").unlink()
        trial_cluster.call("scontrol", "hold", first)
        slurm.start(1)
        trial_cluster.call("scontrol", "update", "partition=main", "state=up")
        end = await slurm.ended()
        assert (end.kind, end.value, end.text) == (EndKind.EXIT, 0, "")
        slurm.executor.acknowledge()
        await until(lambda: not [job for job in trial_cluster.jobs(token) if job.startswith(first)])
        assert slurm.of(Ended, 1) == []
    assert (tmp_path / "trace").read_text() == "0\n"


async def test_what_went_to_slurm_again_is_fenced_before_it_is_lost(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent of the first job begins late, after all, so that the second job finds nothing to do.

    What it is to execute may have been removed by then, as that of a job that is over: it has read that before.
    """
    monkeypatch.setattr("dagtui.execution.slurm.queue_questions.LATENCY", 0.1)
    first, read, spool = tmp_path / "first", tmp_path / "read", tmp_path / "runs" / "1" / "executors" / "cluster"
    late = f'until [ "$(ls {spool}/claims)" ]; do cp {read}/* {spool}/specs; sh {first} & sleep 1; done'
    programs = {
        "sbatch": f"if [ -e {first} ]; then {late}; echo 2; else cp -r {spool}/specs {read}; cat > {first}; echo 1; fi",
        "squeue": "true",
        "scontrol": 'case $4 in 2) echo JobState=COMPLETED;; *) echo "JobState=NODE_FAIL NodeList=n9";; esac',
        "scancel": "true",
    }
    (tmp_path / "bin").mkdir()
    for name, says in programs.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    async with served(SlurmHarness(tmp_path, tree(token), run_id=token, poll=0.1)) as slurm:
        slurm.start(0)
        end = await slurm.ended()
        assert (end.kind, tagged(token)) == (EndKind.LOST, [])
        assert "job 2: COMPLETED" in end.text


@LONG
@pytest.mark.parametrize("notices", ["is told", "notices"])
async def test_what_a_dead_node_daemon_leaves_is_fenced_before_it_is_lost(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, notices: str
) -> None:
    async with served(SlurmHarness(tmp_path, tree(token), run_id=token)) as slurm:
        slurm.start(0)
        node = (await slurm.began()).where.partition(",")[0]
        await until(lambda: len(tagged(token)) >= 6)
        trial_cluster.kill(node)
        if notices == "is told":
            trial_cluster.call("scontrol", "update", f"nodename={node}", "state=down", "reason=trial")
        await until(lambda: not trial_cluster.jobs(), seconds=90)
        end = await slurm.ended()
        assert (end.kind, tagged(token)) == (EndKind.LOST, [])
        assert "NODE_FAIL" in end.text
        slurm.executor.acknowledge()
        trial_cluster.start(node)
        slurm.start(0, attempt=2)
        await slurm.began(0, 2)
        await until(lambda: len(tagged(token)) >= 6)
        slurm.stop(0, 0.5, 2)
        await slurm.ended(0, 2)


async def test_a_drained_cluster_says_so(trial_cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    for node in trial_cluster.nodes:
        trial_cluster.call("scontrol", "update", f"nodename={node}", "state=drain", "reason=trial")
    async with served(SlurmHarness(tmp_path, "echo done", run_id=token)) as slurm:
        slurm.start(0)
        assert (await slurm.queued("DRAINED")).why.startswith("job ")
        for node in trial_cluster.nodes:
            trial_cluster.call("scontrol", "update", f"nodename={node}", "state=resume")
        assert (await slurm.ended()).value == 0


async def test_a_timeout_holds_while_nobody_is_there(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    del cluster
    nodes = (tree(token, timeout=1.5), "sleep 1; echo done")
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token), closes=False) as slurm:
        slurm.start(0, 1)
        await slurm.began(0)
        await slurm.began(1)
        await slurm.executor.detach()
    assert tagged(token)
    await until(lambda: not tagged(token))
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.take_up([Handed(0, 1), Handed(1, 1)])
        assert (await slurm.ended(0)).kind is EndKind.TIMEOUT
        assert (await slurm.ended(1)).value == 0
        assert (await slurm.began(0)).ago >= 1.5
        assert slurm.log(1) == b"done\n"


async def test_a_stop_by_the_process_before_is_carried_out(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    """And of what it never handed over, only that begins which is still wanted."""
    del cluster
    nodes = (tree(token), "exit 3", "exit 4")
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token), closes=False) as slurm:
        slurm.start(0)
        await slurm.began(0)
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.take_up([Handed(0, 1, 0.5), Handed(1, 1, 0.5), Handed(2, 1)])
        assert (await slurm.ended(0)).kind is EndKind.SIGNAL
        await slurm.withdrawn(1)
        assert (await slurm.ended(2)).value == 4
        assert tagged(token) == []


async def test_a_job_without_python_could_not_start_and_says_why(
    cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "squeue", "scancel", "scontrol"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("sys.executable", "/nowhere/python3")
    del cluster
    async with served(SlurmHarness(tmp_path, "true", run_id=token)) as slurm:
        slurm.start(0)
        end = await slurm.ended()
        assert end.kind is EndKind.COULD_NOT_START
        assert "python3: " in end.text  # the rest is in the words of the shell


async def test_names_that_are_hostile_to_shells_and_sbatch(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    del cluster
    folder = tmp_path / 'it\'s %j\n$(touch owned) "x\\y" `z` ä'
    folder.mkdir()
    task = Task("--wrap=$(touch owned)\n%A", ShellCommand('printf %s "$DAGTUI_NODE" > "$DAGTUI_OUTPUT.x"; echo "$PWD"'))
    for settings in ({}, {"directory": str(folder / "scratch %u")}):
        async with served(SlurmHarness(folder, task, "exit 0", run_id=token, **settings)) as slurm:
            slurm.start_all()
            assert (await slurm.ended()).value == 0
            await slurm.all_over()
            assert slurm.log() == os.fsencode(folder) + b"\n"
        token += "x"
    assert not owned(tmp_path)


def owned(folder: Path) -> list[Path]:
    return [path for path in (Path("/owned"), Path("owned"), *folder.rglob("owned")) if path.exists()]


async def test_a_spool_of_another_user_is_refused(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    del cluster
    harness = SlurmHarness(tmp_path, "true", run_id=token)
    os.chown(harness.spool, 65534, 65534)
    async with served(harness) as slurm:
        slurm.start(0)
        end = await slurm.ended()
        assert end.kind is EndKind.COULD_NOT_START
        assert "belongs to another user" in end.text
    assert harness.spool.exists()


async def test_attempts_whose_job_ended_before_their_turn_are_handed_over_again(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str
) -> None:
    """Their node was preempted, or failed, while another one ran. Their next job has to wait for its turn."""
    nodes = [tree(token), *scripts(tmp_path, 6, 0.0)]
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token, expected=0.01)) as slurm:
        slurm.start_all()
        node = (await slurm.began(0)).where.partition(",")[0]
        assert len(trial_cluster.jobs()) == 1
        trial_cluster.call("scontrol", "update", "partition=main", "state=down")
        trial_cluster.call("scontrol", "update", f"nodename={node}", "state=down", "reason=trial")
        end = await slurm.ended(0)
        assert end.kind in {EndKind.OUTSIDE, EndKind.LOST}
        await slurm.queued("PartitionDown", 6)
        since = slurm.executor._questions.answered_at
        await until(lambda: slurm.executor._questions.answered_at > since + 1.0 or len(slurm.of(Ended)) > 1)
        trial_cluster.call("scontrol", "update", "partition=main", "state=up")
        await slurm.all_over()
        ends = [end for end in slurm.of(Ended) if end.node]
        assert [(end.kind, end.value, end.text) for end in ends] == [(EndKind.EXIT, 0, "")] * 6
    assert sorted(map(int, (tmp_path / "trace").read_text().split())) == list(range(6))
    assert slurm.of(Withdrawn) == []
    assert not slurm.spool.exists(), "both jobs are over, and all ends are on record"
