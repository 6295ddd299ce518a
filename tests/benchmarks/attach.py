"""What a screen that comes and goes costs the run behind it: `python tests/benchmarks/attach.py [--load N]`.

Two runs of the same graph of short nodes go side by side, one without a screen, one on whose terminal is attached and
detached again and again. Printed is the longest time in which nothing happened in either, for each such window, and
the ratio. `--load` adds processes that do nothing but compute.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.process_listing import processes_with
from support.terminal import PtyTerminal

NODES = 100_000
SECONDS = 120.0
"""The longest that a screen is waited for, on a machine that does other things."""
BURN = "while True: pass"


def write_graph(folder: Path) -> Path:
    """A graph that goes on for minutes."""
    folder.mkdir()
    graph = folder / "graph.toml"
    graph.write_text(f'version = 1\n[tasks.short]\nrun = "true"\nmatrix = {{ i = {list(range(NODES))} }}\n')
    return graph


def happened(graph: Path, begin: float, end: float) -> list[float]:
    """When something happened to a node, between two times and at these."""
    journal = graph.parent / ".dagtui/graph/latest/journal.jsonl"
    times = [begin, end]
    for line in journal.read_bytes().splitlines()[1:-1]:
        event = json.loads(line)
        if event["event"] == "node" and begin < event["time"] < end:
            times.append(event["time"])
    return sorted(times)


def longest_gap(graph: Path, begin: float, end: float) -> float:
    """The longest time between two things that happened in a window."""
    return max(later - sooner for sooner, later in pairwise(happened(graph, begin, end)))


def first_event(graph: Path) -> float:
    """When the first node began."""
    return happened(graph, 0.0, time.time())[1]


def attach_and_detach(graph: Path) -> tuple[float, float]:
    """Have the screen on a terminal for a moment; when that began and when it was over."""
    env = {"DAGTUI_SOCKET_DIR": str(graph.parent / "s"), "LANG": "C.UTF-8"}
    begin = time.time()
    command = [sys.executable, "-m", "dagtui", str(graph)]
    with PtyTerminal(command, columns=200, rows=50, env=env, cwd=graph.parent) as terminal:
        terminal.wait_for(lambda: "detach" in terminal.text, "screen", SECONDS)
        terminal.send("jk")
        terminal.read(1.0)
        terminal.send("d")
        terminal.wait_for_end(SECONDS)
    return begin, time.time()


def measure(windows: int, load: int) -> tuple[tuple[float, float], list[tuple[float, float]]]:
    """The longest gap of the run that is attached to, and of the one beside it: at its start, and in each window."""
    burners = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(load)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as path:
        beside, attached = write_graph(Path(path) / "beside"), write_graph(Path(path) / "attached")
        try:
            command = [sys.executable, "-m", "dagtui", "run", "-j2", str(beside)]
            subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
            _, end = attach_and_detach(attached)
            begin = max(first_event(attached), first_event(beside))
            start = longest_gap(attached, begin, end), longest_gap(beside, begin, end)
            found = []
            for _ in range(windows):
                begin, end = attach_and_detach(attached)
                time.sleep(0.5)  # what happened is on disk
                found.append((longest_gap(attached, begin, end), longest_gap(beside, begin, end)))
            return start, found
        finally:
            for burner in burners:
                burner.kill()
            for pid in processes_with(path):
                os.kill(pid, 15)
            while processes_with(path):
                time.sleep(0.05)  # they have been told to end


def shown(gaps: tuple[float, float]) -> str:
    """The gap of the run that is attached to, and of the one beside it."""
    ours, beside = gaps
    return f"{ours * 1000:.0f}/{beside * 1000:.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=5)
    parser.add_argument("--load", type=int, nargs="*", default=[0, 12, 24])
    options = parser.parse_args()
    for load in options.load:
        start, gaps = measure(options.windows, load)
        print(f"{load} processes beside: at the start {shown(start)} ms, then", *map(shown, gaps), "ms")
        ours, beside = (statistics.median(column) for column in zip(*gaps, strict=True))
        print(f"  median {ours * 1000:.0f} ms attached, {beside * 1000:.0f} ms beside: {ours / beside:.2f} ×")


if __name__ == "__main__":
    main()
