"""Whole runs of N `true` nodes, without a screen, against make and ninja: `python tests/benchmarks/true_nodes.py`.

Each round runs every program once, in turn, on the same graph; the figures are medians of wall seconds over the rounds
and of the ratios pair by pair. Every program keeps its own record: dagtui its journal, ninja its log.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEERS = ("ninja", "make")


def write_graphs(folder: Path, nodes: int) -> None:
    """The same graph for each program."""
    cells = ", ".join(map(str, range(nodes)))
    (folder / "graph.toml").write_text(f'version = 1\n[tasks.n]\nrun = "true"\nmatrix = {{ i = [{cells}] }}\n')
    names = [f"n{i}" for i in range(nodes)]
    build = "".join(f"build {name}: t\n" for name in names)
    (folder / "build.ninja").write_text(f"rule t\n  command = true\n{build}")
    rules = "".join(f"{name}:\n\t@true\n" for name in names)
    (folder / "Makefile").write_text(f".PHONY: all {' '.join(names)}\nall: {' '.join(names)}\n{rules}")


def commands(jobs: int) -> dict[str, list[str]]:
    """What is compared: those that are installed."""
    found = {"dagtui": [sys.executable, "-m", "dagtui", "run", "graph.toml", f"-j{jobs}"]}
    if shutil.which("ninja"):
        found["ninja"] = ["ninja", "--quiet", f"-j{jobs}"]
    if shutil.which("make"):
        found["make"] = ["make", "--silent", f"-j{jobs}", "all"]
    return found


def measure(folder: Path, command: list[str]) -> float:
    """Wall seconds of one run from a clean start."""
    for leftover in (".ninja_log", ".ninja_deps"):
        (folder / leftover).unlink(missing_ok=True)
    shutil.rmtree(folder / ".dagtui", ignore_errors=True)
    # An installed program has its modules compiled; a checkout may be told not to keep them.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


def compare(nodes: int, jobs: int, rounds: int) -> None:
    """Print a row for each program."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_graphs(folder, nodes)
        figures: dict[str, list[float]] = {program: [] for program in commands(jobs)}
        for _ in range(rounds):
            for program, command in commands(jobs).items():
                figures[program].append(measure(folder, command))
    print(f"{nodes:,} true nodes, -j{jobs}, {rounds} rounds")
    for program, seconds in figures.items():
        median = statistics.median(seconds)
        print(f"  {program:7} {median:7.2f} s  {median / nodes * 1e6:6.0f} µs a node")
    for peer in PEERS:
        if peer in figures:
            ratio = statistics.median(own / other for own, other in zip(figures["dagtui"], figures[peer], strict=True))
            print(f"  dagtui / {peer}: {ratio:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nodes", type=int, nargs="*", default=[1000, 10000])
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for nodes in options.nodes:
        compare(nodes, options.jobs, options.rounds)
