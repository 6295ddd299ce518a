"""Keys on the page of all logs, with 10,000 logs of 10 GB in total: `python tests/benchmarks/all_logs.py`.

All logs are links to one file of 1 MB, so that they take no room on the disk. Only their times are files of their own.
A settled run shows them on a pseudo-terminal of 120x40. From a key press until the terminal is quiet again counts, and
what its processor worked for it. The screen is emulated between keys only: that takes longer than what is timed.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.adopted_run import adopted_run
from support.terminal import PtyTerminal

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.loading import load
from dagtui.text.look import IN_UNICODE

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

LOGS = 10_000
SIZE = 1 << 20
QUIET = 0.08
"""Seconds without output after which a screen is done."""
PATIENCE = 1.0
"""Seconds until a key counts as one that changes nothing, such as one that scrolls to the left at the left end."""
CHUNKS = 100
"""Records of times of each log."""
BEGAN = 1_700_000_000.0
PATTERN = ["g", "j", "k", "j", "\x04", "\x15", "\x1b[6~", "\x1b[6~", "\x1b[5~", "G", "\x1b[5~", "k", "l", "h", "t", "t"]
"""Keys that move, page, jump to both ends, fold, and scroll sideways."""
FILTERS = ["u", "u", "e", "e", "T"]
SHAPES = {"64 at once": 64, "all at once": LOGS}


def graph_of(folder: Path) -> Graph:
    """Return the graph, a matrix of as many nodes as there are logs."""
    path = folder / "graph.toml"
    path.write_text(f'version = 1\n[tasks.work]\nrun = "true"\nmatrix = {{ i = {list(range(LOGS))} }}\n')
    return load(path)


def events_of(at_once: int) -> list[NodeEvent]:
    """Return the events of a run in which so many attempts last at the same time, 10 seconds each."""
    changes: list[tuple[float, int, bool]] = []
    for node in range(LOGS):
        begin = node / at_once * 10.0 if at_once < LOGS else node / LOGS
        changes += [(begin, node, True), (begin + 10.0, node, False)]
    found = []
    for at, node, begins in sorted(changes):
        if begins:
            found.append(NodeEvent(at, node, 1, NodeStatus.READY, Cause.IN_LINE))
            found.append(NodeEvent(at, node, 1, NodeStatus.RUNNING, why="attempt 1"))
        elif node % 100 == 7:
            found.append(NodeEvent(at, node, 1, NodeStatus.FAILED, Cause.EXIT, "exit 1", 1, 10.0))
        else:
            found.append(NodeEvent(at, node, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", 0, 10.0))
    return found


def write_logs(folder: Path, graph: Graph, events: list[NodeEvent]) -> None:
    """Write one log, link it as often as there are nodes, and write the times of each."""
    lines = (
        b"%06d reading block %d of sample %x: %s\n" % (n, n * 7, n * 977, b"ok " * (n % 9)) for n in range(1 << 16)
    )
    data = b"".join(lines)[:SIZE]
    source = folder / "log"
    source.write_bytes(data.ljust(SIZE, b"\n"))
    run = adopted_run(graph, [], 0.0, folder)
    for event in events:
        if event.status is not NodeStatus.RUNNING:
            continue
        path = run.log_path(event.node, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, path)
        records = (struct.pack("<Qd", n * SIZE // CHUNKS, BEGAN + event.at + n * 10.0 / CHUNKS) for n in range(CHUNKS))
        path.with_name(path.name + ".times").write_bytes(b"".join(records))


def show_run(folder: Path, at_once: int) -> None:
    """Show the run, in the process that is measured."""
    from dagtui.tui.terminal.show import show

    events = events_of(at_once)
    show(adopted_run(graph_of(folder), events, events[-1].at, folder, began_at=BEGAN), IN_UNICODE, mouse=True)


class Patient(PtyTerminal):
    """A terminal that emulates its screen when it is looked at."""

    _later = ""

    @property
    def text(self) -> str:
        super()._feed(self._later)
        self._later = ""
        return super().text

    def _feed(self, text: str) -> None:
        self._later += text


class Cost(NamedTuple):
    """What a key took."""

    seconds: float
    """Until the last output that it caused."""
    work: float
    """Seconds of a processor."""


def processor_seconds(process: int) -> float:
    """Return the processor time of a process so far."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def measured(terminal: PtyTerminal, keys: str) -> Cost:
    """Press a key, and return what it took."""
    before = processor_seconds(terminal.process.pid)
    seconds = press(terminal, keys)
    return Cost(seconds, processor_seconds(terminal.process.pid) - before)


def press(terminal: PtyTerminal, keys: str) -> float:
    """Return the seconds until the last output that a key caused."""
    began = time.perf_counter()
    terminal.send(keys)
    last = 0.0
    while not last and time.perf_counter() - began < PATIENCE:
        if terminal.read(QUIET / 4):
            last = time.perf_counter()
    while last and time.perf_counter() - last < QUIET:
        if terminal.read(QUIET / 4):
            last = time.perf_counter()
    return max(0.0, last - began)


def measure(folder: Path, at_once: int, presses: int) -> dict[str, list[Cost]]:
    """Return what keys took."""
    command = [sys.executable, __file__, "--show", str(folder), "--at-once", str(at_once)]
    found: dict[str, list[Cost]] = {"opening": [], "keys": [], "filters": []}
    with Patient(command, columns=120, rows=40, env={"LANG": "C.UTF-8", "SSH_CONNECTION": ""}) as terminal:
        terminal.wait_for(lambda: "quit" in terminal.text, "the screen", 300)
        terminal.pass_time(2)
        found["opening"].append(measured(terminal, "a"))
        terminal.wait_for(lambda: "All logs" in terminal.text, "all logs")
        for number in range(presses):
            found["keys"].append(measured(terminal, PATTERN[number % len(PATTERN)]))
            terminal.pass_time(random.uniform(0.02, 0.1))
        for number in range(presses // 10):
            key = FILTERS[number % len(FILTERS)]
            if key == "T":  # to the middle of the run, and then all logs from there
                press(terminal, "T")
                terminal.send("\x15" + f"work[i={random.randrange(LOGS)}]")
                found["filters"].append(measured(terminal, "\r"))
                press(terminal, "g")
                press(terminal, "T")
                terminal.send("\x15")
                key = "\r"
            found["filters"].append(measured(terminal, key))
    return found


def main() -> None:
    """Measure both shapes of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--show", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=64, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show:
        show_run(options.show, options.at_once)
        return
    print(f"{'':32}{'p50':>10}{'p99':>10}{'most':>10}    of a processor")
    for name, at_once in SHAPES.items():
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as path:
            folder = Path(path)
            write_logs(folder, graph_of(folder), events_of(at_once))
            for what, costs in measure(folder, at_once, options.presses).items():
                columns = [sorted(taken) for taken in zip(*costs, strict=True)]
                figures = [(statistics.median(one), one[int(len(one) * 0.99)], one[-1]) for one in columns]
                shown = ("".join(f"{one * 1000:7.1f} ms" for one in figure) for figure in figures)
                print(f"{name + ', ' + what:32}{'   '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
