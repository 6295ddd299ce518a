"""Attempts by Slurm beside Slurm's own commands, on a cluster of four nodes on this machine, which it starts itself.

    python tests/benchmarks/slurm.py [--short N] [--waiting N] [--rounds N] [--snakemake PYTHON]

What is compared runs in turn, so that both sides meet the same machine. `--snakemake` names the Python of an
environment that has `snakemake` and `snakemake-executor-plugin-slurm`.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import anyio

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from support.slurm_cluster import SlurmCluster, bring_up  # noqa: E402
from support.slurm_harness import SlurmHarness, served  # noqa: E402
from support.waiting import until  # noqa: E402

from dagtui.engine.messages import Started, Withdrawn  # noqa: E402

MOST_SECONDS = 300
SNAKEFILE = """
rule all:
    input: [f"{{i}}.done" for i in range({number})]
rule one:
    output: "{{i}}.done"
    shell: "touch {{output}}"
"""


async def dagtui_short(folder: Path, number: int, expected: float | None, script: str) -> float:
    """Seconds from handing short nodes over until all have ended."""
    async with served(SlurmHarness(folder, *[script] * number, run_id=uuid4().hex, expected=expected)) as slurm:
        began = time.monotonic()
        slurm.start_all()
        await slurm.all_over(600)
        return time.monotonic() - began


def plain_array(cluster: SlurmCluster, folder: Path, number: int, script: str) -> float:
    """Seconds from sbatch until the last job of a plain array has left its mark."""
    marks = folder / "marks"
    marks.mkdir()
    began = time.monotonic()
    text = f"#!/bin/sh\n{script}\ntouch {marks}/$SLURM_ARRAY_TASK_ID\n"
    cluster.call("sbatch", f"--array=0-{number - 1}", "--output=/dev/null", stdin=text)
    while len(os.listdir(marks)) < number:
        time.sleep(0.01)
    return time.monotonic() - began


def wait_until_idle(cluster: SlurmCluster) -> None:
    """Let one side end before the other one begins."""
    while cluster.jobs():
        time.sleep(0.1)


async def short_nodes(cluster: SlurmCluster, base: Path, number: int, rounds: int) -> None:
    """Compare short nodes that share jobs with a plain array of the same commands."""
    ratios, rates = [], []
    for turn in range(rounds):
        folder = base / f"short{turn}"
        folder.mkdir()
        ours = await dagtui_short(folder, number, 0.005, "true")
        wait_until_idle(cluster)
        plain = plain_array(cluster, folder, number, "true")
        wait_until_idle(cluster)
        ratios.append(plain / ours)
        rates.append((number / ours, number / plain))
    ours_rate, plain_rate = (statistics.median(each) for each in zip(*rates, strict=True))
    ratio = statistics.median(ratios)
    print(f"{number} nodes of `true`: {ours_rate:.0f}/s, plain array {plain_rate:.0f}/s: {ratio:.1f} x")


async def one_start(cluster: SlurmCluster, base: Path, rounds: int) -> None:
    """Compare how soon one node begins."""
    ours, plain = [], []
    folder = base / "one"
    folder.mkdir()
    await dagtui_short(folder, 1, None, "true")  # an agent is there from the second run on
    for _ in range(rounds):
        async with served(SlurmHarness(folder, f"date +%s.%N > {folder}/ours", run_id=uuid4().hex)) as slurm:
            await anyio.sleep(random.uniform(0.5, 2.5))  # at any moment of the scheduler's round
            began = time.time()
            slurm.start(0)
            await slurm.all_over()
        ours.append(float((folder / "ours").read_text()) - began)
        wait_until_idle(cluster)
        await anyio.sleep(random.uniform(0.5, 2.5))
        began = time.time()
        cluster.call("sbatch", "--output=/dev/null", stdin=f"#!/bin/sh\ndate +%s.%N > {folder}/plain\n")
        wait_until_idle(cluster)
        plain.append(float((folder / "plain").read_text()) - began)
    first, second = statistics.median(ours), statistics.median(plain)
    print(f"one node begins after {first:.2f} s, by sbatch alone after {second:.2f} s: {first / second:.2f} x")


def used() -> float:
    """Return the processor time of this process and its children, in seconds."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


async def many_waiting(cluster: SlurmCluster, base: Path, number: int, seconds: float = 20.0) -> None:
    """Say what attempts cost that wait in the queue."""
    cluster.call("scontrol", "update", "partition=main", "state=down")
    folder = base / "waiting"
    folder.mkdir()
    async with served(SlurmHarness(folder, *["true"] * number, run_id=uuid4().hex, poll=2.0)) as slurm:
        began = time.monotonic()
        slurm.start_all()
        await until(lambda: len(slurm.executor._batches.by_name) * 1000 >= number and known(slurm), seconds=120)
        handed = time.monotonic() - began
        await anyio.sleep(5)
        commands, took = slurm.executor._stops._commands, []
        ask = commands.queue

        async def timed(user: int) -> object:
            at = time.monotonic()
            result = await ask(user)
            took.append(time.monotonic() - at)
            return result

        commands.queue = timed
        before = used()
        await anyio.sleep(seconds)
        share = (used() - before) / seconds
        began = time.monotonic()
        for node in range(number):
            slurm.stop(node)
        await slurm.all_over(120)
        taken_back = time.monotonic() - began
        assert len(slurm.of(Withdrawn)) == number
        assert not slurm.of(Started)
    cluster.call("scontrol", "update", "partition=main", "state=up")
    question = statistics.median(took) * 1000
    print(
        f"{number} waiting: handed over in {handed:.1f} s, {share:.1%} of a processor, {question:.0f} ms a question,"
        f" taken back in {taken_back:.1f} s"
    )


def known(slurm: SlurmHarness) -> bool:
    """Return whether Slurm has all batches."""
    return all(batch.is_known for batch in slurm.executor._batches.by_name.values())


def has_plugin(python: str) -> bool:
    """Return whether an environment has Snakemake's plugin."""
    words = [python, "-c", "import snakemake_executor_plugin_slurm"]
    return subprocess.run(words, capture_output=True).returncode == 0


def srun_of(cluster: SlurmCluster, folder: Path) -> Path:
    """Return a folder with a srun that knows the cluster: Snakemake's plugin keeps SLURM_CONF from its jobs."""
    (folder / "bin").mkdir()
    srun = folder / "bin" / "srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={cluster.configuration} exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    return srun.parent


def snakemake(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run Snakemake, and return the end of what it says."""
    try:
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it did not end within {MOST_SECONDS} s"
    return " / ".join(done.stderr.strip().splitlines()[-3:])


async def beside_snakemake(cluster: SlurmCluster, base: Path, python: str, number: int = 20) -> None:
    """Compare nodes that write a file with Snakemake and its Slurm plugin, all of its waits tuned down."""
    folder = base / "snakemake"
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE.format(number=number))
    if not has_plugin(python):
        print("Snakemake: its Slurm plugin is not installed there")
        return
    ours = await dagtui_short(folder, number, None, f"touch {folder}/$DAGTUI_NODE")
    wait_until_idle(cluster)
    words = [python, "-m", "snakemake", "--executor", "slurm", "--jobs", "100", "--quiet", "--latency-wait", "1"]
    words += ["--default-resources", "slurm_partition=main", "mem_mb=64", "--slurm-no-account"]
    words += ["--slurm-status-command", "squeue"]  # by itself it asks sacct, which knows nothing without accounting
    words += ["--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
    path = f"{Path(python).parent}:{os.environ['PATH']}"
    began = time.monotonic()
    done = snakemake(words, folder, {**cluster.environment, "PATH": f"{srun_of(cluster, folder)}:{path}"})
    took = time.monotonic() - began
    made = len(list(folder.glob("*.done")))
    if made < number or took > MOST_SECONDS:
        print(f"Snakemake: {made} of {number} after {took:.0f} s, dagtui {ours:.1f} s: {done}")
        return
    print(f"{number} nodes of `touch`: {ours:.1f} s, Snakemake {took:.1f} s: {took / ours:.0f} x")


async def main(arguments: argparse.Namespace) -> None:
    """Measure all."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        base = Path(name)
        cluster = bring_up(base / "cluster")
        os.environ["SLURM_CONF"] = str(cluster.configuration)
        try:
            await one_start(cluster, base, arguments.rounds)
            await short_nodes(cluster, base, arguments.short, arguments.rounds)
            await many_waiting(cluster, base, arguments.waiting)
            if arguments.snakemake:
                await beside_snakemake(cluster, base, arguments.snakemake)
        finally:
            cluster.down()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", type=int, default=500)
    parser.add_argument("--waiting", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--snakemake", default="")
    anyio.run(main, parser.parse_args())
