"""From the command to the first node's start, and what an open screen costs: `python tests/benchmarks/launch.py`.

The first part starts a graph of three nodes, whose first one notes the time, without a screen, on a screen, and as make
and ninja do it. The second runs `true` nodes without and with a screen, timed by their journals, which leaves out
what starting the interpreter takes. Rounds go in turn; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.process_listing import processes_with
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
DAGTUI = [sys.executable, "-m", "dagtui"]
NOTE = "date +%s.%N > began"


def write_graphs(folder: Path) -> None:
    """The same three nodes in a row for each program."""
    (folder / "three.toml").write_text(
        f'version = 1\n[tasks.a]\nrun = "{NOTE}"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'
        '[tasks.c]\nneeds = ["b"]\nrun = "true"\n'
    )
    (folder / "build.ninja").write_text(
        f"rule n\n  command = {NOTE}\nrule t\n  command = true\nbuild a: n\nbuild b: t a\nbuild c: t b\n"
    )
    (folder / "Makefile").write_text(f".PHONY: a b c\nc: b\n\t@true\nb: a\n\t@true\na:\n\t@{NOTE}\n")


def without_screen(command: list[str]) -> Callable[[Path], None]:
    """Run a program to its end."""

    def run(folder: Path) -> None:
        subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, check=True)

    return run


def on_screen(folder: Path) -> None:
    """Open the graph on a terminal, and leave it when it is settled."""
    show(folder, [*DAGTUI, "--fresh", "three.toml"])


def show(folder: Path, command: list[str]) -> None:
    """Run on a terminal of 120×40 until the run has completed."""
    with PtyTerminal(command, columns=120, rows=40, env=environment(folder), cwd=folder) as terminal:
        # In the first line: a row of many nodes says the same word of some of them.
        terminal.wait_for(lambda: "✓ completed" in terminal.text.partition("\n")[0], "the end of the run")
        terminal.send("q")
        terminal.wait_for_end()
    for pid in processes_with(str(folder)):
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not processes_with(str(folder)), "its end")


def environment(folder: Path) -> dict[str, str]:
    """An installed program has its modules compiled; a checkout may be told not to keep them."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "DAGTUI_SOCKET_DIR": str(folder / "s"), "LANG": "C.UTF-8"}


def compare_launches(rounds: int) -> None:
    """Print how long each program takes to its first node."""
    programs = {"no screen": without_screen([*DAGTUI, "run", "three.toml"]), "screen": on_screen}
    for peer in ("ninja", "make"):
        if shutil.which(peer):
            programs[peer] = without_screen([peer, "c"])
    floor = []
    figures: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_graphs(folder)
        for _ in range(rounds):
            began = time.time()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            floor.append(time.time() - began)
            for program, run in programs.items():
                began = time.time()
                run(folder)
                figures[program].append(float((folder / "began").read_text()) - began)
    print(f"launch to the first node's start, {rounds} rounds; a bare interpreter: {_milliseconds(floor)}")
    for program, seconds in figures.items():
        print(f"  {program:10} {_milliseconds(seconds)}")


def _milliseconds(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:6.0f} ms"


def traversal_seconds(folder: Path) -> float:
    """From the first to the last line about a node in the journal."""
    lines = (folder / ".dagtui" / "true" / "latest" / "journal.jsonl").read_bytes().splitlines()
    times = [record["time"] for record in map(json.loads, lines) if record["event"] == "node"]
    return float(times[-1] - times[0])


def compare_screens(nodes: int, rounds: int) -> None:
    """Print what a run takes with and without a screen."""
    ratios, figures = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cells = ", ".join(map(str, range(nodes)))
        (folder / "true.toml").write_text(f'version = 1\n[tasks.n]\nrun = "true"\nmatrix = {{ i = [{cells}] }}\n')
        for _ in range(rounds):
            without_screen([*DAGTUI, "run", "--fresh", "-j2", "true.toml"])(folder)
            bare = traversal_seconds(folder)
            show(folder, [*DAGTUI, "--fresh", "-j2", "true.toml"])
            shown = traversal_seconds(folder)
            figures.append((bare, shown))
            ratios.append(shown / bare)
    bare, shown = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"{nodes:,} true nodes, -j2, {rounds} rounds: no screen {bare:.2f} s, screen {shown:.2f} s")
    print(f"  screen / no screen: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--nodes", type=int, default=3000)
    options = parser.parse_args()
    compare_launches(options.rounds)
    compare_screens(options.nodes, max(3, options.rounds // 3))
