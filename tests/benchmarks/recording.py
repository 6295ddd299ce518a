"""Moments of a past run of many nodes: `python tests/benchmarks/recording.py [NODES] [--screen]`.

A journal of four events a node, in which the nodes run in random order, so that snapshots share little, and some fail
and are tried again. Jumps go to random moments. `--screen` also paints each view there. The floor of opening is
`json.loads` of each line, in the same process. All times are those of the processor.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dagtui.engine.event_records import fields
from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.messages import Usage
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load
from dagtui.runs.recorded import RecordedRun
from dagtui.store.directory import RunDirectory
from dagtui.store.journal import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph, NodeIndex

STAGES = 4
JUMPS = 60
PAINTED = 25
FAILS_EVERY = 200
_S = NodeStatus


def happens(graph: Graph, source: random.Random) -> Iterator[Event]:
    """Yield the events of a run: of each stage, all nodes in random order. Failures are tried again."""
    yield RunEvent(0.0, "started", jobs=64)
    at = 0.0
    size = len(graph) // STAGES
    for stage in range(STAGES):
        nodes = [graph.nodes[node] for node in range(stage * size, (stage + 1) * size)]
        for node in nodes:
            yield NodeEvent(at, node, 0, _S.READY, why="wants a slot")
        source.shuffle(nodes)
        for number, node in enumerate(nodes):
            at += 0.001
            yield from attempt(node, 1, at, fails=number % FAILS_EVERY == 7)
            if number % FAILS_EVERY == 7:
                yield from attempt(node, 2, at + 0.0005, fails=False)
    yield RunEvent(at, "ended", verdict="completed")


def attempt(node: NodeIndex, number: int, at: float, *, fails: bool) -> Iterator[Event]:
    yield NodeEvent(at, node, number, _S.READY, Cause.IN_LINE, "next in line")
    yield NodeEvent(at, node, number, _S.RUNNING, why=f"attempt {number}")
    used = Usage(0.012, 9_000_000, 0, 4_096)
    if fails:
        yield NodeEvent(at, node, number, _S.RETRYING, Cause.EXIT, "exit 1", 1, 0.0004, due=at + 0.0005, usage=used)
    else:
        yield NodeEvent(at, node, number, _S.COMPLETED, Cause.RAN, "succeeded", seconds=0.0004, usage=used)


def record(folder: Path, nodes: int) -> tuple[RunDirectory, Path]:
    """Write the record of a run."""
    path = folder / "graph.toml"
    cells = list(range(nodes // STAGES))
    lines = ["version = 1"]
    for stage in range(STAGES):
        needs = f'needs = ["s{stage - 1}[i={{{{ matrix.i }}}}]"]\n' if stage else ""
        lines.append(f'[tasks.s{stage}]\nrun = "true"\n{needs}matrix = {{ i = {cells} }}\n')
    path.write_text("\n".join(lines))
    graph = load(path)
    with closing(RunDirectory.create(path, to_toml(graph))) as directory:
        journal = JournalWriter(directory.journal_path)
        journal.write((1_700_000_000.0 + event.at, fields(event, graph)) for event in happens(graph, random.Random(1)))
        journal.close()
    return directory, path


def milliseconds(seconds: list[float]) -> str:
    ordered = sorted(1000 * one for one in seconds)
    p99 = ordered[int(len(ordered) * 0.99)]
    return f"median {statistics.median(ordered):.0f}, p99 {p99:.0f}, most {ordered[-1]:.0f} ms"


def main() -> None:
    nodes = next((int(word) for word in sys.argv[1:] if word.isdigit()), 100_000)
    with tempfile.TemporaryDirectory() as name:
        directory, path = record(Path(name), nodes)
        began = time.process_time()
        with directory.journal_path.open("rb") as file:
            for line in file:
                json.loads(line)
        floor = time.process_time() - began
        began = time.process_time()
        run = RecordedRun.open(directory, path)
        took = time.process_time() - began
        kept = run._snapshots.size / 1e6
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        size = directory.journal_path.stat().st_size / 1e6
        print(f"{nodes:,} nodes, {run.last:,} events in {size:.0f} MB")
        print(f"opened in {took:.2f} s; opened / json.loads of each line: {took / floor:.2f}")
        print(f"snapshots of {kept:.0f} MB, the process had at most {most:.0f} MB")
        source, far, back = random.Random(2), [], []
        for _ in range(JUMPS):
            far.append(timed(run, source.randint(run.first, run.last)))
            back.append(timed(run, run.moment - 1))
        print(f"to any moment: {milliseconds(far)}")
        print(f"one event back: {milliseconds(back)}")
        if "--screen" in sys.argv:
            anyio.run(on_screen, run)


async def on_screen(run: RecordedRun) -> None:
    """Jump on a screen, and paint what differs. Time fills in later frames, which are not counted."""
    from dagtui.tui.graph.views import View
    from dagtui.tui.recorded_app import RecordedApp
    from dagtui.tui.terminal.cleanup import spare_what_is_loaded

    spare_what_is_loaded()  # as on a terminal
    app = RecordedApp(run)
    source = random.Random(3)
    async with app.run_test(size=(200, 50)) as pilot:
        for view in View:
            app.main.show_view(view)
            await pilot.pause(0.5)
            took = []
            for _ in range(PAINTED):
                moment = source.randint(run.first, run.last)
                began = time.process_time()
                app.recorded_screen.show_moment(moment)
                app.main.flush(run.clock(), changed=True)
                app.screen._compositor.render_strips()
                took.append(time.process_time() - began)
                await pilot.pause(0.1)
            print(f"to any moment in {view.title}, painted: {milliseconds(took)}")


def timed(run: RecordedRun, moment: int) -> float:
    began = time.process_time()
    run.go_to(moment)
    return time.process_time() - began


if __name__ == "__main__":
    main()
