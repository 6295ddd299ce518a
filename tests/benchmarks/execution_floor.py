"""N `true` nodes through the executor alone, against ninja and make: `python tests/benchmarks/execution_floor.py`.

No traversal and no journal: what is left is the price of starting, watching and reaping. The executor always has
`lookahead` more starts than slots. Each round runs every contender once, in turn; the figures are medians of wall
microseconds a node over the rounds, and of the ratios to ninja pair by pair. `all` is the processor time of everything,
which other work on the machine disturbs least; `app` that of the app's side alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from true_nodes import measure, write_graphs

from dagtui.engine.messages import Ended
from dagtui.execution.local.executor import LocalExecutor
from dagtui.graph.model import Graph, ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.engine.messages import Result

PEERS = {"ninja": ["ninja", "--quiet"], "make": ["make", "--silent", "all"]}


class Floor:
    """Keeps one executor busy until every node has ended."""

    def __init__(self, folder: Path, command: str, nodes: int, jobs: int, lookahead: int) -> None:
        task = Task("n", ShellCommand(command))
        labels = [f"n{i}" for i in range(nodes)]
        graph = Graph(labels, [], tasks=[task], task_of=[0] * nodes, directory=folder)
        logs = folder / "logs"
        self.executor = LocalExecutor(
            graph,
            folder,
            lambda node, attempt: logs / f"{node}.{attempt}",
            lambda node, attempt: f"{folder}/{node}.{attempt}.env",
            str,
            "floor",
            dict(os.environ),
        )
        self.nodes, self.jobs, self.lookahead = nodes, jobs, lookahead
        self.handed = self.ended = self.failed = 0
        self.done = anyio.Event()

    def take(self, result: Result) -> None:
        """Count an end and hand over the next nodes."""
        if not isinstance(result, Ended):
            return
        self.ended += 1
        self.failed += result.value != 0
        self.hand_over()
        if self.ended == self.nodes:
            self.done.set()

    def hand_over(self) -> None:
        """Hand over nodes until slots and lookahead are full; one flush for each turn of the loop would do as well."""
        most = min(self.nodes, self.ended + self.jobs + self.lookahead)
        if most - self.handed < min(self.lookahead // 2, self.nodes - self.handed):
            return
        for node in range(self.handed, most):
            self.executor.start(node, 1, 1)
        self.handed = most
        self.executor.flush()

    async def run(self) -> None:
        """Run all nodes."""
        self.executor.open(self.take, self.jobs)
        self.hand_over()
        async with anyio.create_task_group() as group:
            group.start_soon(self.executor.serve)
            await self.done.wait()
            await self.executor.close()
            group.cancel_scope.cancel()
        if self.failed:
            sys.exit(f"{self.failed} nodes failed")


def floor(folder: Path, command: str, nodes: int, jobs: int, lookahead: int) -> float:
    """Processor seconds of the app for one run."""
    used = time.process_time()
    anyio.run(Floor(folder, command, nodes, jobs, lookahead).run)
    return time.process_time() - used


def processor_time() -> float:
    """Of this process and of all that have ended below it."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Figures:
    """Of one contender, one number for each round."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.all: list[float] = []
        self.app: list[float] = []

    def add(self, run: Callable[[], float]) -> None:
        """Measure one run."""
        wall, used = time.perf_counter(), processor_time()
        self.app.append(run())
        self.wall.append(time.perf_counter() - wall)
        self.all.append(processor_time() - used)


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lookahead", type=int, nargs="*", default=[16, 64])
    parser.add_argument("--command", default="true", help="the executor's nodes only")
    given = parser.parse_args()
    peers = {name: argv for name, argv in PEERS.items() if shutil.which(argv[0])}
    figures: dict[str, Figures] = {}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_graphs(folder, given.nodes)
            runs: dict[str, Callable[[], float]] = {
                peer: partial(measure, folder, [*argv, f"-j{given.jobs}"]) for peer, argv in peers.items()
            }
            for ahead in given.lookahead:
                runs[f"lookahead {ahead}"] = partial(floor, folder, given.command, given.nodes, given.jobs, ahead)
            for key, run in runs.items():
                figures.setdefault(key, Figures()).add(run)
    unit = 1e6 / given.nodes
    for key, found in figures.items():
        base = figures.get("ninja", found)
        print(
            f"{key:14} wall {statistics.median(found.wall) * unit:6.0f} µs × {ratio(found.wall, base.wall):.2f}"
            f"   all {statistics.median(found.all) * unit:6.0f} µs × {ratio(found.all, base.all):.2f}",
            "" if key in peers else f"  app {statistics.median(found.app) * unit:4.0f} µs",
        )


if __name__ == "__main__":
    main()
