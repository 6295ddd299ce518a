"""The Slurm executor on a real Slurm."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from support.slurm_harness import SlurmHarness, served, tagged, tree
from support.slurm_victim import scripts
from support.waiting import SECONDS, until, wait_for

from dagtui.engine.messages import Ended, EndKind, Queued, Silent, Started, Withdrawn
from dagtui.engine.protocol import Handed
from dagtui.execution.slurm.batch import Batch
from dagtui.graph.model import ArgumentList, ShellCommand, Task
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.slurm_cluster import SlurmCluster

    from dagtui.engine.messages import Result

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("cluster")]
VICTIM = str(Path(__file__).parents[2] / "support" / "slurm_victim.py")
SECRET = "Tr0ub4dor&3 'quoted' $HOME"


async def test_ends_of_all_kinds(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    nodes = (
        'echo out; echo err >&2; echo "size=3" > "$DAGTUI_OUTPUT"',
        "exit 7",
        "kill -USR1 $$",
        Task("astray", ShellCommand("true"), cwd="/no/such"),
        Task("missing", ArgumentList(("no-program-has-this-name",))),
        tree(token, timeout=0.7),
    )
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.start_all()
        await slurm.all_over()
        ends = [await slurm.ended(node) for node in range(6)]
        assert [(end.kind, end.value) for end in ends[:3]] == [
            (EndKind.EXIT, 0),
            (EndKind.EXIT, 7),
            (EndKind.SIGNAL, signal.SIGUSR1),
        ]
        for node, text in ((3, "/no/such"), (4, "no-program-has-this-name")):
            assert ends[node].kind is EndKind.COULD_NOT_START
            assert text in ends[node].text
            assert slurm.of(Started, node) == []
        assert ends[5].kind is EndKind.TIMEOUT
        assert tagged(token) == []
    assert sorted(slurm.log().split()) == [b"err", b"out"]
    assert ends[0].outputs == {"size": "3"}
    kinds = [type(result) for result in slurm.results if result.node == 0]
    assert list(dict.fromkeys(kinds)) == [Queued, Started, Ended]
    assert slurm.of(Started, 0)[0].where.startswith("n")
    assert not slurm.spool.exists(), "what nobody needs is removed"
    await until(lambda: not cluster.jobs(token))


async def test_a_cancel_ends_the_whole_tree_and_nothing_else(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    ours, other = f"{token}-a", f"{token}-b"
    async with served(SlurmHarness(tmp_path, tree(ours), tree(other, "other"), run_id=token)) as slurm:
        slurm.start_all()
        await until(lambda: len(tagged(ours)) == len(tagged(other)) >= 6)
        number = len(tagged(other))
        slurm.stop(0, 0.5)
        end = await slurm.ended(0)
        assert (end.kind, end.value) == (EndKind.SIGNAL, signal.SIGTERM)
        assert (tagged(ours), len(tagged(other))) == ([], number)
        await until(lambda: slurm.executor.surroundings(1, 1).shell, "a shell beside the attempt")
        shell = slurm.executor.surroundings(1, 1).shell
        assert slurm.executor.surroundings(0, 2).shell == ()
        words = [word for word in shell if word != "--pty"]  # a test has no terminal
        beside = await anyio.run_process(
            words, input=b'echo "$PWD $TAG $SLURM_JOB_ID"', env={**os.environ, "SHELL": "sh"}
        )
        cwd, tag, job = beside.stdout.decode().split()
        assert (cwd, tag) == (str(tmp_path), other)
        assert f"--jobid={job}" in shell
        slurm.stop(1, 0)
        await slurm.ended(1)
        assert tagged(other) == []
    await until(lambda: not cluster.jobs(token))


async def test_what_waits_says_why_and_is_withdrawn_at_once(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    """One job takes a whole node, so that four run and the others wait."""
    wide = [
        Task(
            f"n{number}",
            ShellCommand(f"echo {number} >> {tmp_path}/trace; sleep 60"),
            resources={"cpus": 32},
            grace=0.5,
        )
        for number in range(12)
    ]
    async with served(SlurmHarness(tmp_path, *wide, run_id=token)) as slurm:
        slurm.start_all()
        await until(lambda: len(slurm.of(Started)) == 4)
        begun = {result.node for result in slurm.of(Started)}
        waiting = next(node for node in range(11, 0, -1) if node not in begun)
        assert "_" in (await slurm.queued("Resources", waiting)).why or await slurm.queued("Priority", waiting)
        for node in range(12):
            slurm.stop(node, 0.5)
        await slurm.all_over()
        assert {result.node for result in slurm.of(Withdrawn)} == set(range(12)) - begun
        assert {int(line) for line in (tmp_path / "trace").read_text().split()} == begun
    await until(lambda: not cluster.jobs(token))


@pytest.mark.parametrize("where", ["shared", "elsewhere"])
async def test_a_log_is_whole_and_live(tmp_path: Path, token: str, where: str) -> None:
    lines = 'i=0; while [ $i -lt 30000 ]; do echo "line $i"; i=$((i+1)); done'
    settings = {"directory": str(tmp_path / "scratch")} if where == "elsewhere" else {}
    async with served(
        SlurmHarness(tmp_path, f"echo up; read x < {tmp_path}/go; {lines}", run_id=token, **settings)
    ) as slurm:
        os.mkfifo(tmp_path / "go")
        slurm.start(0)
        await until(lambda: slurm.log() == b"up\n")
        assert slurm.of(Ended) == []
        (tmp_path / "go").write_text("go\n")
        await slurm.ended()
        assert slurm.log().decode().splitlines() == ["up", *(f"line {number}" for number in range(30000))]


async def test_short_nodes_share_jobs_and_are_stopped_apart(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    nodes = [*scripts(tmp_path, 20, 0.0), tree(token), *scripts(tmp_path, 3, 0.0), "exit 3"]
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token, expected=0.01)) as slurm:
        slurm.start_all()
        await slurm.began(20)
        assert len(cluster.jobs(token)) == 1
        assert "job" in (await slurm.queued("", 24)).why
        slurm.stop(23)
        await slurm.withdrawn(23)
        slurm.stop(20, 0.5)
        assert (await slurm.ended(20)).kind is EndKind.SIGNAL
        assert (await slurm.ended(24)).value == 3
        await slurm.all_over()
        assert len(slurm.of(Ended)) == 24
        assert tagged(token) == []


@pytest.mark.parametrize(
    ("resources", "options", "text"),
    [
        ({"partition": "nowhere"}, (), "invalid partition specified: nowhere"),
        ({"cpus": 33}, (), "Requested node configuration is not available"),
        ({"mem": 1 << 40}, (), "Memory specification can not be satisfied"),
        ({}, ("--no-such-option",), "unrecognized option '--no-such-option'"),
    ],
)
async def test_what_slurm_refuses_could_not_start_in_its_words(
    cluster: SlurmCluster,
    tmp_path: Path,
    token: str,
    resources: dict[str, str | int],
    options: tuple[str, ...],
    text: str,
) -> None:
    task = Task("a", ShellCommand("true"), resources=resources)
    async with served(SlurmHarness(tmp_path, task, run_id=token, options=options)) as slurm:
        slurm.start(0)
        end = await slurm.ended()
        assert end.kind is EndKind.COULD_NOT_START
        assert text in end.text
        assert end.lasting
    assert cluster.jobs(token) == []


@pytest.mark.parametrize("again", ["up", "drain"])
async def test_what_slurm_may_take_later_is_sent_again_for_a_while(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """A partition that is drained for a maintenance takes no jobs. That is not a fault of the node."""
    monkeypatch.setattr("dagtui.execution.slurm.handover.AGAIN", 0.1)
    trial_cluster.call("scontrol", "update", "partition=main", "state=drain")
    async with served(SlurmHarness(tmp_path, "exit 0", run_id=token)) as slurm:
        slurm.start(0)
        await slurm.queued("inactive or drain")
        trial_cluster.call("scontrol", "update", "partition=main", f"state={again}")
        end = await slurm.ended()
        if again == "up":
            assert (end.kind, end.value) == (EndKind.EXIT, 0)
        else:
            assert (end.kind, end.lasting) == (EndKind.COULD_NOT_START, False)
            assert "inactive or drain" in end.text


async def test_a_refusal_is_not_the_reason_any_more_when_slurm_has_the_job(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever squeue says of the job, and whether it says anything."""
    monkeypatch.setattr("dagtui.execution.slurm.handover.AGAIN", 0.1)
    (tmp_path / "bin").mkdir()
    silent = f'case "$*" in *--user=*) exit 1;; esac; exec {shutil.which("squeue")} "$@"'
    (tmp_path / "bin" / "squeue").write_text(f"#!/bin/sh\n{silent}\n")
    (tmp_path / "bin" / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    trial_cluster.call("scontrol", "update", "partition=main", "state=drain")
    async with served(SlurmHarness(tmp_path, "exit 0", run_id=token, options=("--hold",))) as slurm:
        slurm.start(0)
        await slurm.queued("inactive or drain")
        trial_cluster.call("scontrol", "update", "partition=main", "state=up")
        await until(lambda: slurm.of(Queued)[-1].why.startswith("job "))


async def test_what_is_new_does_not_use_up_the_tries_of_what_slurm_has_refused(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.slurm.handover.AGAIN", 600.0)
    trial_cluster.call("scontrol", "update", "partition=main", "state=drain")
    async with served(SlurmHarness(tmp_path, *["exit 0"] * 8, run_id=token)) as slurm:
        for node in range(8):
            slurm.start(node)
            await slurm.queued("inactive or drain", node)
        assert slurm.of(Ended) == []


async def test_a_job_that_nobody_needs_goes_although_the_answer_to_it_was_lost(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text(f'#!/bin/sh\n{shutil.which("sbatch")} "$@"\nsleep 300\n')
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    trial_cluster.call("scontrol", "update", "partition=main", "state=down")
    async with served(SlurmHarness(tmp_path, "exit 0", run_id=token)) as slurm:
        slurm.start(0)
        await slurm.got(Queued)
        await until(lambda: trial_cluster.jobs(token))
    assert slurm.of(Withdrawn, 0)
    await until(lambda: not trial_cluster.jobs(token))


async def test_what_is_known_goes_although_slurm_does_not_say_what_else_it_has(
    cluster: SlurmCluster, tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.slurm.executor._LEAVING", 1.0)
    (tmp_path / "bin").mkdir()
    for name, hangs in (
        ("sbatch", f"[ -e {tmp_path}/hang ]"),
        ("squeue", 'case "$*" in *--states=all*) ;; *) ! :; esac'),
    ):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\n{hangs} && sleep 300\nexec {shutil.which(name)} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    async with served(SlurmHarness(tmp_path, "exit 0", "exit 0", run_id=token, options=("--hold",))) as slurm:
        slurm.start(0)
        await slurm.queued("job", 0)
        (tmp_path / "hang").touch()
        slurm.start(1)
        batches = slurm.executor._batches.by_name
        await until(lambda: [batch.in_doubt for batch in batches.values()] == [False, True])
        assert cluster.jobs(token)
    await until(lambda: not cluster.jobs(token))


async def test_a_cancel_while_attempts_are_handed_over_loses_none(tmp_path: Path, token: str) -> None:
    """As at a reload, after which the executor is served anew."""
    slurm = SlurmHarness(tmp_path, *["exit 0"] * 20, run_id=token, expected=0.01)
    with anyio.CancelScope() as scope:

        def note_and_cancel(result: Result) -> None:
            slurm.results.append(result)
            scope.cancel()

        slurm.executor.redirect(note_and_cancel)
        slurm.start_all()
        await slurm.executor.serve()
    slurm.executor.redirect(slurm.results.append)
    assert slurm.of(Queued)
    assert not slurm.executor._batches.by_name, "the cancel came first"
    async with served(slurm):
        await slurm.all_over()
        assert [(end.kind, end.value) for end in slurm.of(Ended)] == [(EndKind.EXIT, 0)] * 20


async def test_what_is_taken_back_while_its_batch_is_made_leaves_nothing(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = SlurmHarness(tmp_path, "exit 0", "exit 0", run_id=token, expected=0.01)
    intend, may_go_on = slurm.executor._batches.intend, threading.Event()

    def slowly(batch: Batch, specs: list[dict[str, object]]) -> None:
        assert may_go_on.wait(SECONDS)
        intend(batch, specs)

    monkeypatch.setattr(slurm.executor._batches, "intend", slowly)
    async with served(slurm):
        slurm.start_all()
        await slurm.got(Queued)
        slurm.stop(0)
        await slurm.withdrawn(0)
        slurm.executor.acknowledge()
        may_go_on.set()
        assert (await slurm.ended(1)).value == 0
    assert not slurm.spool.exists()


async def test_files_of_a_batch_go_when_the_disk_is_back(tmp_path: Path, token: str) -> None:
    slurm = SlurmHarness(tmp_path, "exit 0", run_id=token)
    batch, watch = Batch(f"{token}.a", ["0.1"], [range(1)], []), slurm.executor._watch
    slurm.executor._batches.intend(batch, [])
    away = slurm.spool.rename(tmp_path / "away")
    watch.remove(batch)
    await watch.look()
    assert slurm.of(Silent)
    away.rename(slurm.spool)
    await watch.look()
    assert list((slurm.spool / "jobs").iterdir()) == []


async def test_what_cant_be_sent_again_leaves_its_batch(tmp_path: Path, token: str) -> None:
    slurm = SlurmHarness(tmp_path, f"echo {SECRET}", run_id=token, secrets=Secrets([SECRET]))
    batches = slurm.executor._batches
    batches.intend(Batch(f"{token}.a", ["0.1"], [range(1)], []), [])
    async with served(slurm):
        slurm.take_up([Handed(0, 1)])
        assert (await slurm.ended()).kind is EndKind.COULD_NOT_START
        assert not batches.by_name


async def test_options_and_resources_reach_sbatch_and_variables_of_the_shell_do_not(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "7")
    monkeypatch.setenv("MINE", "secret of mine")
    show = "scontrol show job -o $SLURM_JOB_ID; env | grep -c MINE= || true"
    resources = {"cpus": 2, "mem": 100_000_000, "time": 3600, "partition": "urgent"}
    task = Task("it's \n$(odd)", ShellCommand(show), resources=resources, grace=5.0)
    async with served(SlurmHarness(tmp_path, task, run_id=token, options=("--nice=7",))) as slurm:
        slurm.start(0)
        assert (await slurm.ended()).value == 0
    printed = slurm.log().decode()
    for words in ("CPUs/Task=2", "MinMemoryNode=96M", "TimeLimit=01:02:00", "Partition=urgent", "Nice=7", "Requeue=0"):
        assert words in printed
    assert printed.splitlines()[-1] == "0", "no variable of ours goes along"


async def test_secrets_reach_the_node_and_nothing_else(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    """Neither the spool, nor what Slurm keeps of its jobs, nor any argument list have them, and logs are redacted."""
    action = f'test "$TOKEN" = "$(cat {tmp_path}/expected)" && echo "it is $TOKEN"; read x < {tmp_path}/go'
    (tmp_path / "expected").write_text(SECRET)
    os.mkfifo(tmp_path / "go")
    task = Task("a", ShellCommand(action), env={"TOKEN": SECRET})
    async with served(SlurmHarness(tmp_path, task, run_id=token, secrets=Secrets([SECRET]))) as slurm:
        slurm.start(0)
        await until(lambda: slurm.log() == b"it is ***\n", seen=slurm.log)
        kept = [path for folder in ("state", "spool", "log") for path in (cluster.folder / folder).rglob("*")]
        assert any(b"DAGTUI_SECRETS=" in path.read_bytes() for path in kept if path.name == "environment")
        for path in [*slurm.spool.rglob("*"), *kept]:
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
        assert list((slurm.spool / "halves").iterdir()) == []
        assert not any(SECRET.encode() in words for words in argument_lists())
        (tmp_path / "go").write_text("go\n")
        await slurm.ended()


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("before sbatch", 6),
        ("its answer is lost", 40),
        ("queued", 6),
        pytest.param("before sbatch", 40, marks=pytest.mark.torture),
        pytest.param("queued", 40, marks=pytest.mark.torture),
        pytest.param("running", 40, marks=pytest.mark.torture),
    ],
)
async def test_what_a_killed_process_has_handed_over_runs_exactly_once(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str, moment: str, number: int
) -> None:
    environment = dict(os.environ)
    if moment in {"before sbatch", "its answer is lost"}:
        call = f'{shutil.which("sbatch")} "$@"' if moment == "its answer is lost" else ":"
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "sbatch").write_text(f"#!/bin/sh\n{call}\nkill -9 $PPID\n")
        (tmp_path / "bin" / "sbatch").chmod(0o755)
        environment["PATH"] = f"{tmp_path}/bin:{environment['PATH']}"
    if moment == "queued":
        trial_cluster.call("scontrol", "update", "partition=main", "state=down")
    victim = begin_victim(tmp_path, token, number, environment)
    trace = tmp_path / "trace"
    if moment == "queued":
        wait_for(
            lambda: (
                trial_cluster.jobs(token)
                and '"sent":true' in _all(tmp_path / "runs" / "1" / "executors" / "cluster" / "jobs")
            )
        )
    elif moment == "running":
        wait_for(lambda: trace.exists() and len(trace.read_text().split()) >= 4)
    if moment in {"queued", "running"}:
        victim.kill()
    assert victim.wait(30) == -signal.SIGKILL
    trial_cluster.call("scontrol", "update", "partition=main", "state=up")
    async with served(SlurmHarness(tmp_path, *scripts(tmp_path, number), run_id=token)) as slurm:
        slurm.take_up([Handed(node, 1) for node in range(number)])
        await slurm.all_over()
        assert [(end.kind, end.value) for end in slurm.of(Ended)] == [(EndKind.EXIT, 0)] * number
        assert all(slurm.log(node) == b"begin\nend\n" for node in range(number))
    assert sorted(map(int, trace.read_text().split())) == list(range(number))


def begin_victim(folder: Path, run_id: str, number: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, VICTIM, folder, run_id, str(number)], env=environment)


def argument_lists() -> Iterator[bytes]:
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            yield Path("/proc", process, "cmdline").read_bytes()


def _all(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("*")) if folder.exists() else ""


@pytest.mark.parametrize("others", ["another one runs", "it is the last one"])
async def test_a_batch_that_is_sent_twice_runs_once(
    cluster: SlurmCluster, tmp_path: Path, token: str, others: str
) -> None:
    """What is left of the copy goes when it has nothing to do any more."""
    number = 8
    nodes = [
        Task(
            f"n{node}",
            ShellCommand(f"until [ -e {tmp_path}/go ]; do sleep 0.1; done; {script}"),
            resources={"cpus": 16},
        )
        for node, script in enumerate(scripts(tmp_path, number, 0.0))
    ]
    nodes.append(Task("longer", ShellCommand("sleep 300"), grace=0.0))
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        submission = slurm.executor._handover._submission
        slurm.start(*range(number))
        await slurm.began(0)
        batch = next(iter(slurm.executor._batches.by_name.values()))
        await submission._submit(batch, [slurm.executor.attempts[key] for key in batch.keys[-1:]])
        copy = batch.jobs[0]
        cluster.call("scontrol", "hold", copy)
        assert len({name.partition("_")[0] for name in cluster.jobs(token)}) == 2
        if others == "another one runs":
            slurm.start(number)
        (tmp_path / "go").touch()
        await until(lambda: len(slurm.of(Ended)) == number)
        assert [(end.kind, end.value) for end in slurm.of(Ended)] == [(EndKind.EXIT, 0)] * number
        if others == "another one runs":
            slurm.executor.acknowledge()
            await until(lambda: not [job for job in cluster.jobs(token) if job.startswith(copy)])
            assert len(slurm.of(Ended)) == number
    await until(lambda: not cluster.jobs(token))
    assert sorted(map(int, (tmp_path / "trace").read_text().split())) == list(range(number))


async def test_the_copy_of_a_batch_of_a_killed_process_goes(cluster: SlurmCluster, tmp_path: Path, token: str) -> None:
    nodes = (f"until [ -e {tmp_path}/go ]; do sleep 0.1; done",)
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token), closes=False) as slurm:
        slurm.start(0)
        await slurm.began()
        batch = next(iter(slurm.executor._batches.by_name.values()))
        batch.options = ("--hold",)
        await slurm.executor._handover._submission._submit(batch, list(slurm.executor.attempts.values()))
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.take_up([Handed(0, 1)])
        batches = slurm.executor._batches.by_name
        await until(lambda: any(len(batch.jobs) == 2 for batch in batches.values()))
        (tmp_path / "go").touch()
        assert (await slurm.ended()).value == 0
    await until(lambda: not cluster.jobs(token))


async def test_a_job_that_somebody_else_ends_was_ended_from_outside(
    trial_cluster: SlurmCluster, tmp_path: Path, token: str
) -> None:
    """By scancel, before it begins and while it runs, by a requeue that somebody has allowed, and by preemption."""
    nodes = [tree(f"{token}-{number}", f"n{number}", resources={"cpus": 32}) for number in range(6)]
    async with served(SlurmHarness(tmp_path, *nodes, run_id=token)) as slurm:
        slurm.start_all()
        await until(lambda: len(slurm.of(Started)) == 4)
        running = [result.node for result in slurm.of(Started)]
        waiting = [node for node in range(6) if node not in running]
        job = (await slurm.queued("job")).why.split()[1].partition("_")[0]
        trial_cluster.call("scancel", f"{job}_{running[0]}", f"{job}_{waiting[0]}")
        for node in (running[0], waiting[0]):
            end = await slurm.ended(node)
            assert end.kind is EndKind.OUTSIDE
            assert "CANCELLED" in end.text
        trial_cluster.call("scontrol", "update", f"jobid={job}_{running[1]}", "requeue=1")
        trial_cluster.call("scontrol", "requeue", f"{job}_{running[1]}")
        end = await slurm.ended(running[1])
        assert (end.kind, end.text) == (EndKind.OUTSIDE, f"job {job}_{running[1]}: requeued")
        trial_cluster.call(
            "sbatch", "-p", "urgent", "-N", "4", "--exclusive", "--output=/dev/null", stdin="#!/bin/sh\nsleep 1\n"
        )
        await until(lambda: any(end.node in running[2:] for end in slurm.of(Ended)))
        end = slurm.of(Ended)[-1]
        assert end.kind is EndKind.OUTSIDE
        assert "PREEMPTED" in end.text
        for node in range(6):
            slurm.stop(node, 0.0)
        await slurm.all_over()
    assert not any(tagged(f"{token}-{number}") for number in range(6))
    await until(lambda: not trial_cluster.jobs(token))
