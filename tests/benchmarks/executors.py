"""Executors on other machines against their engines' own ways: `python tests/benchmarks/executors.py [KIND...]`.

Each round measures both, one after the other, on the same engine. The figures are medians over the rounds, and of the
ratios pair by pair. Processor seconds are those of the engine's processes and of all that they have started.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.dask_harness import DaskHarness
from support.dask_here import DaskHere
from support.executor_harness import kept_open, serving
from support.process_listing import descendants, end
from support.ssh_bench import SshBench, serving_bench
from support.ssh_server import SshServer
from support.waiting import until

from dagtui.engine.messages import Ended
from dagtui.graph.model import ArgumentList, Task

if TYPE_CHECKING:
    from collections.abc import Callable

_TICK = os.sysconf("SC_CLK_TCK")
LINES = "for i in 1 2 3 4 5 6 7 8 9 10; do date +%s.%N; sleep 0.3; done"


class Figures(NamedTuple):
    """What one way of running nodes takes."""

    per_second: float
    processor: float
    """Milliseconds of processors for each node."""


def used(pids: list[int]) -> float:
    """Return the processor seconds of processes, of their descendants, and of those that these have waited for."""
    total = 0
    for pid in {*pids, *(each for parent in pids for each in descendants(parent))}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / _TICK


def true() -> int:
    """Run `true`, as a task of Dask."""
    return subprocess.run(["true"], check=True).returncode


async def dask_own(here: DaskHere, nodes: int) -> Figures:
    """Measure client.submit of a function that runs `true`."""
    from distributed import Client

    client = await Client(here.address, asynchronous=True)
    try:
        await client.submit(true, pure=False)
        pids = [here.scheduler.pid, *(worker.pid for worker in here.workers)]
        before, began = used(pids), time.perf_counter()
        await client.gather([client.submit(true, pure=False) for _ in range(nodes)])
        return Figures(nodes / (time.perf_counter() - began), 1000 * (used(pids) - before) / nodes)
    finally:
        await client.close()


async def dask_ours(here: DaskHere, nodes: int, folder: Path) -> Figures:
    """Measure nodes of `true` through the executor."""
    tasks = [Task(f"n{node}", ArgumentList(("true",))) for node in range(nodes + 1)]
    harness = DaskHarness(here.address, folder, *tasks)
    async with serving(harness), kept_open(harness):
        harness.start(nodes)
        await harness.ended(nodes)
        pids = [here.scheduler.pid, *(worker.pid for worker in here.workers)]
        before, began = used(pids), time.perf_counter()
        harness.start(*range(nodes))
        await until(lambda: sum(isinstance(result, Ended) for result in harness.results) > nodes, seconds=600)
        return Figures(nodes / (time.perf_counter() - began), 1000 * (used(pids) - before) / nodes)


async def dask_latencies(here: DaskHere, folder: Path) -> tuple[float, float]:
    """Return the seconds from a submission to its start, and those from a line to our copy of its log (median)."""
    harness = DaskHarness(here.address, folder, "true", LINES)
    async with serving(harness), kept_open(harness):
        harness.start(0)
        await harness.ended(0)
        began = time.time()
        harness.start(1)
        await harness.begun(1)
        start, lags, seen = time.time() - began, [], 0
        while harness.end_of(1) is None:
            lines = harness.logged(1).split()
            lags += [time.time() - float(line) for line in lines[seen:]]
            seen = len(lines)
            await anyio.sleep(0.005)
        return start, statistics.median(lags)


def dask(nodes: int, rounds: int, folder: Path) -> None:
    """Print the figures of Dask: one worker of four threads for each processor."""
    with DaskHere(folder / "cluster", os.cpu_count() or 1, 4) as here:
        pairs = []
        for number in range(rounds):
            ours = anyio.run(dask_ours, here, nodes, folder / f"run{number}")
            pairs.append((ours, anyio.run(dask_own, here, nodes)))
        start, lag = anyio.run(dask_latencies, here, folder / "latencies")
    for name, column in (("dagtui over Dask", 0), ("client.submit", 1)):
        rate = statistics.median(pair[column].per_second for pair in pairs)
        cost = statistics.median(pair[column].processor for pair in pairs)
        print(f"{name:20} {rate:7.0f} true nodes/s   {cost:5.1f} ms of processors a node")
    ratio = statistics.median(ours.per_second / own.per_second for ours, own in pairs)
    print(f"{'in pairs':20} {ratio:7.2f} x client.submit")
    print(f"{'one node':20} {1000 * start:7.0f} ms until it starts, a line is here after {1000 * lag:.0f} ms")


async def ssh_ours(server: SshServer, nodes: int, folder: Path) -> Figures:
    """Measure nodes of `true` over ssh, from the moment on that the machine is connected."""
    bench = SshBench(folder, server, *[Task(f"n{node}", ArgumentList(("true",))) for node in range(nodes + 1)])
    async with serving_bench(bench):
        bench.start(nodes)
        await bench.ended(nodes)
        pids = [os.getpid(), *bench.hubs]
        before, began = used(pids), time.perf_counter()
        bench.start(*range(nodes))
        await until(lambda: len(bench.ends()) > nodes, seconds=600)
        figures = Figures(nodes / (time.perf_counter() - began), 1000 * (used(pids) - before) / nodes)
        bench.executor.acknowledge()
    return figures


async def ssh_reconnection(server: SshServer, folder: Path, rounds: int) -> float:
    """Return the seconds from the end of a connection to the greeting of the next one (median)."""
    bench = SshBench(folder, server, "sleep 600")
    took = []
    async with serving_bench(bench):
        bench.start()
        await bench.began(0)
        for _ in range(rounds):
            [link], began = bench.links, time.perf_counter()
            end(link)
            await until(lambda: bench.links not in ([], [link]) and bench.connected)  # noqa: B023
            took.append(time.perf_counter() - began)
        await bench.executor.close()
    return statistics.median(took)


async def ssh_quiet(server: SshServer, folder: Path, seconds: float) -> tuple[float, float]:
    """Return what part of a processor 40 attempts cost that print nothing, here and there."""
    bench = SshBench(folder, server, *["sleep 600"] * 40)
    async with serving_bench(bench):
        bench.start()
        await bench.began(*range(40))
        await anyio.sleep(2)
        links, hubs = [os.getpid(), *bench.links], bench.hubs
        before = used(links), used(hubs)
        await anyio.sleep(seconds)
        after = used(links), used(hubs)
        await bench.executor.close()
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds


def ssh(nodes: int, rounds: int, folder: Path) -> None:
    """Print the figures of ssh, to this machine."""
    with SshServer(folder / "server") as server:
        figures = []
        for number in range(rounds):
            (folder / f"run{number}").mkdir()
            figures.append(anyio.run(ssh_ours, server, nodes, folder / f"run{number}"))
        again = anyio.run(ssh_reconnection, server, folder, rounds)
        here, there = anyio.run(ssh_quiet, server, folder, 60.0)
    rate = statistics.median(each.per_second for each in figures)
    cost = statistics.median(each.processor for each in figures)
    print(f"{'dagtui over ssh':20} {rate:7.0f} true nodes/s   {cost:5.1f} ms of processors a node, both sides")
    print(f"{'broken connection':20} {again:7.2f} s until the next one, with the login of ssh")
    print(f"{'40 quiet attempts':20} {100 * here:7.2f} % of a processor here, {100 * there:.2f} % there")


KINDS: dict[str, Callable[[int, int, Path], None]] = {"dask": dask, "ssh": ssh}


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []])
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for kind in options.kinds or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            KINDS[kind](options.nodes, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
