"""No-op coroutines over a graph against a bare task group: `python tests/benchmarks/in_process.py`."""

from __future__ import annotations

import statistics
import time

import anyio

import dagtui

NODES, ROUNDS = 10_000, 7


async def work(_label: str) -> None:
    """Nothing."""


async def bare(graph: dagtui.Graph) -> None:
    async with anyio.create_task_group() as group:
        for label in graph.labels:
            group.start_soon(work, label)


async def main() -> None:
    graph = dagtui.Graph.from_edges([f"n{i}" for i in range(NODES)], [])
    ratios = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await bare(graph)
        floor = time.perf_counter() - began
        began = time.perf_counter()
        await dagtui.traverse(graph, work)
        ratios.append((time.perf_counter() - began) / floor)
    print(f"{NODES:,} no-op nodes: traverse / bare task group: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    anyio.run(main)
