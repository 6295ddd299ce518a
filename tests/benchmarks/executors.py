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
from support.process_listing import descendants
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


KINDS: dict[str, Callable[[int, int, Path], None]] = {"dask": dask}


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], default=list(KINDS))
    parser.add_argument("--nodes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            KINDS[kind](options.nodes, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
