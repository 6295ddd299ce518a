"""Going on with a run of many nodes: `python tests/benchmarks/resume.py [NODES]`.

The floor is `json.loads` of each line of the journal. Both are counted in seconds of the processor, in a process of
their own each, without reading the graph; the figures are medians over rounds.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.event_records import fields
from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load
from dagtui.runs.launch import LaunchOptions
from dagtui.runs.restore import resume_run
from dagtui.store.directory import RunDirectory
from dagtui.store.journal import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

ROUNDS = 3
LEFT = 100
"""Nodes that were running when the run broke off."""


def record(graph: Graph, path: Path) -> Path:
    """Write the record of a run that was killed near its end; returns its directory."""
    with closing(RunDirectory.create(path, to_toml(graph))) as directory:
        journal = JournalWriter(directory.journal_path)
        write(journal, graph, [RunEvent(0.0, "started", jobs=LEFT)])
        for position, node in enumerate(graph.order):
            at = position / 1000
            write(journal, graph, [NodeEvent(at, node, 1, NodeStatus.READY, Cause.IN_LINE, "next in line")])
            write(journal, graph, [NodeEvent(at, node, 1, NodeStatus.RUNNING)])
            if position < len(graph) - LEFT:
                done = NodeEvent(at, node, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=0.001)
                write(journal, graph, [done])
        journal.close()
    return directory.path


def write(journal: JournalWriter, graph: Graph, events: list[Event]) -> None:
    journal.write([(1_700_000_000.0 + event.at, fields(event, graph)) for event in events])


def in_a_child(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor that something takes, and how many MB the process had at most."""
    reading, writing = os.pipe()
    if not os.fork():
        began = time.process_time()
        work()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        os.write(writing, json.dumps([time.process_time() - began, most]).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        seconds, most = json.loads(file.read())
    os.wait()
    return seconds, most


def parse_lines(journal: Path) -> None:
    with journal.open("rb") as file:
        for line in file:
            json.loads(line)


def main() -> None:
    nodes = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "graph.toml")
        path.write_text(f'version = 1\n[tasks.n]\nrun = "true"\nmatrix = {{ i = {list(range(nodes - 1))} }}\n')
        with path.open("a") as file:
            file.write('[tasks.last]\nneeds = ["n"]\nrun = "true"\n')
        graph = load(path)
        directory = record(graph, path)
        journal, kept = directory / "journal.jsonl", Path(name, "journal")
        shutil.copy(journal, kept)
        found = []
        for _ in range(ROUNDS):
            floor, _ = in_a_child(lambda: parse_lines(journal))
            shutil.copy(kept, journal)
            found.append((floor, *in_a_child(lambda: resume_run(graph, LaunchOptions(paused=True)))))
        size = kept.stat().st_size / 1e6
        seconds = statistics.median(seconds for _, seconds, _ in found)
        ratio = statistics.median(seconds / floor for floor, seconds, _ in found)
        most = max(most for *_, most in found)
        print(f"{nodes:,} nodes, a journal of {size:.0f} MB: {seconds:.2f} s, at most {most:.0f} MB")
        print(f"resume / json.loads of each line: {ratio:.2f}")


if __name__ == "__main__":
    main()
