"""The runs of a graph on the screen: `python tests/benchmarks/past_runs.py [RUNS] [NODES]`, by default 50 of 10,000.

Each node is a task of its own, so that the grid has as many rows. *Cold*: no journal was ever read. *Again*: what they
say in short is kept beside them. The peer is reading all journals once, as `dagtui runs --plain` does.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.waiting import until

from dagtui.engine.event_records import fields
from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load
from dagtui.runs.comparison import compare_runs
from dagtui.runs.listed_runs import ListedRuns
from dagtui.runs.node_runs import MOST, node_run
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.journal import JournalWriter
from dagtui.store.run_index import NAME
from dagtui.store.summary import summarise
from dagtui.tui.runs.app import RunsApp

SIZE = (120, 40)


def record(path: Path, number: int) -> None:
    """Record one run, in which every hundredth node failed."""
    graph = load(path, {})
    directory = RunDirectory.create(path, to_toml(graph))
    events: list[NodeEvent | RunEvent] = [RunEvent(0.0, "started", jobs=8)]
    for node in graph.nodes:
        at = node / 100
        status = NodeStatus.FAILED if (node + number) % 100 == 0 else NodeStatus.COMPLETED
        events.append(NodeEvent(at, node, 1, NodeStatus.READY, why="next in line"))
        events.append(NodeEvent(at, node, 1, NodeStatus.RUNNING, why="attempt 1"))
        events.append(NodeEvent(at + 1, node, 1, status, Cause.RAN, "exit", 0, seconds=1.0 + node % 7))
    events.append(RunEvent(len(graph) / 100 + 1, "ended", why="failed", verdict="failed"))
    JournalWriter(directory.journal_path).write([(1.79e9 + event.at, fields(event, graph)) for event in events])
    directory.close()


async def opened(path: Path) -> tuple[float, float]:
    """Return the seconds until the runs are listed, and until all that is shown is known."""
    began = time.perf_counter()
    app = RunsApp(ListedRuns(path))
    async with app.run_test(size=SIZE):
        page = app.runs_page
        await until(lambda: page.is_mounted and bool(page.board._strips))
        listed = time.perf_counter() - began
        await until(lambda: not any(page.board.lacking()) and list(page.board.shown) == page.board.wanted_columns())
        return listed, time.perf_counter() - began


def main(count: int = 50, nodes: int = 10_000) -> None:
    """Record the runs, and print how long it takes to see them."""
    folder = Path(tempfile.mkdtemp(prefix="dagtui-past-runs-"))
    try:
        path = folder / "graph.toml"
        path.write_text("version = 1\n" + "".join(f'[tasks.task{at}]\nrun = "true"\n' for at in range(nodes)))
        for number in range(count):
            record(path, number)
        found = runs(path)
        size = sum(run.journal_path.stat().st_size for run in found)
        print(f"{count} runs of {nodes:,} nodes, {size / 1e6:.0f} MB of journals")
        began = time.perf_counter()
        for run in found:
            summarise(run)
        all_read = time.perf_counter() - began
        for title in ("cold", "again"):
            listed, known = asyncio.run(opened(path))
            print(f"{title}: listed after {listed:.2f} s, all that is shown after {known:.2f} s", end="")
            print(f", {known / all_read:.2f} x reading all journals ({all_read:.2f} s)")
        began = time.perf_counter()
        for run in found[:-MOST:-1]:
            node_run(run, f"task{nodes // 2}")
        print(f"a node in {MOST} runs: {(time.perf_counter() - began) * 1000:.0f} ms")
        began = time.perf_counter()
        compare_runs(found[0], found[1])
        print(f"two runs of the same graph compared: {time.perf_counter() - began:.2f} s")
        graph = found[1].graph_path
        graph.write_text(graph.read_text().replace('run = "true"', 'run = "false"', 1))
        began = time.perf_counter()
        compare_runs(found[0], found[1])
        print(f"two runs of different graphs compared: {time.perf_counter() - began:.2f} s")
        print(f"kept beside a journal: {(found[-1].path / NAME).stat().st_size / 1000:.0f} kB")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
