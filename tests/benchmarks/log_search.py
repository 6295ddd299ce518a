"""Speed of the search over all logs of a run: `python tests/benchmarks/log_search.py`.

The peer is ripgrep on the same files, which prints the lines with their numbers, else `grep -rn`. Each round runs every
contender once, in turn. The figures are medians of seconds and of ratios to the peer, pair by pair: above 1 is faster.
The start of Python is not part of ours. `process` is the process that a screen starts for a search, from its request to
its last message, less what it takes for a run without logs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.report.search_process import COMMAND
from dagtui.runs.processors import processors
from dagtui.store.forked_search import search_logs
from dagtui.store.paths import log_name
from dagtui.store.regular_queries import regular

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = (
    "mapping",
    "sample",
    "reads",
    "unique",
    "align",
    "sorted",
    "chunk",
    "cache",
    "retry",
    "warn",
    "info",
    "0x7f3a",
    "took",
)
PATTERNS = {"word": "Needle", "either case": "needle", "expression": r"out of mem\w+ at", "not there": "nowhere"}
LENGTHS = (10, 100, 1000, 5000, 12000)


def make_logs(folder: Path, count: int) -> list[Path]:
    """Write logs of ten to 12,000 lines, of which a twentieth has a line to find."""
    dice = random.Random(1)
    lines = [
        f"2026-11-30 07:{i // 60 % 60:02}:{i % 60:02} INFO  {' '.join(dice.choices(WORDS, k=8))} {i}\n"
        for i in range(20_000)
    ]
    made = []
    for number in range(count):
        path = folder / "logs" / log_name(f"node{number}", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        start, length = dice.randrange(len(lines)), dice.choice(LENGTHS)
        text = [lines[(start + at) % len(lines)] for at in range(length)]
        if number % 20 == 0:
            text[length // 2] = "ERROR Needle in a haystack: out of memory at step 7\n"
        path.write_text("".join(text))
        made.append(path)
    return made


def write_journal(folder: Path, count: int) -> None:
    """Write the record of a run in which every node began."""
    from dagtui.engine.event_records import fields
    from dagtui.engine.events import NodeEvent, RunEvent
    from dagtui.engine.status import NodeStatus
    from dagtui.graph.model import Graph
    from dagtui.store.journal import JournalWriter

    graph = Graph.from_edges([f"node{number}" for number in range(count)], [])
    events = [RunEvent(0.0, "started", jobs=3)]
    nodes = [NodeEvent(0.1, node, 1, NodeStatus.RUNNING) for node in range(count)]
    JournalWriter(folder / "journal.jsonl").write([(1e9, fields(event, graph)) for event in (*events, *nodes)])


def ours(logs: list[Path], pattern: str) -> float:
    """Return the seconds of our search."""
    began = time.perf_counter()
    for found in search_logs(len(logs), logs.__getitem__, regular(pattern), processors()):
        for _ in found.lines:
            pass
    return time.perf_counter() - began


def in_process(folder: Path, pattern: str) -> float:
    """Return the seconds of the process that a screen starts."""
    request = json.dumps({"run": os.fspath(folder), "pattern": pattern})
    command = [sys.executable, *COMMAND, str(os.getpid())]
    began = time.perf_counter()
    subprocess.run(command, input=request.encode(), stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began


def peer(folder: Path, pattern: str) -> float:
    """Return the seconds of ripgrep, else of grep."""
    if rg := shutil.which("rg"):
        command = [rg, "--no-config", "-uuu", "-n", *(["-i"] if pattern == pattern.lower() else []), pattern]
    else:
        command = ["grep", "-rnP", *(["-i"] if pattern == pattern.lower() else []), pattern]
    began = time.perf_counter()
    subprocess.run([*command, os.fspath(folder / "logs")], stdout=subprocess.PIPE, check=False)
    return time.perf_counter() - began


def report(name: str, one: Callable[[], float], other: Callable[[], float], rounds: int, less: float = 0.0) -> None:
    """Print medians of both and of their ratio."""
    one(), other()
    pairs = [(one() - less, other()) for _ in range(rounds)]
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    sys.stdout.write(f"{name:<24} {mine:.3f} s  peer {theirs:.3f} s  {ratio:.2f} x its speed\n")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    tool = "rg" if shutil.which("rg") else "grep"
    with tempfile.TemporaryDirectory() as name:
        folder, empty = Path(name) / "1", Path(name) / "2"
        folder.mkdir()
        (empty / "logs").mkdir(parents=True)
        logs = make_logs(folder, options.logs)
        write_journal(folder, options.logs)
        write_journal(empty, options.logs)
        megabytes = sum(path.stat().st_size for path in logs) / 1e6
        sys.stdout.write(f"{len(logs)} logs, {megabytes:.0f} MB, {processors()} processes; peer: {tool}\n")
        for kind, pattern in PATTERNS.items():
            report(kind, lambda p=pattern: ours(logs, p), lambda p=pattern: peer(folder, p), options.rounds)
        start = statistics.median(in_process(empty, "needle") for _ in range(5))
        sys.stdout.write(f"start of a process        {start:.3f} s\n")
        search, other = (lambda: in_process(folder, "needle")), (lambda: peer(folder, "needle"))
        report("process, either case", search, other, options.rounds, start)


if __name__ == "__main__":
    main()
