"""What the screen sends to its terminal, and what it costs: `python tests/benchmarks/terminal_bytes.py`.

Each scenario opens a graph on a pseudo-terminal of 120×40, lets it come to rest, and counts what arrives within some
seconds, as a desk gets it and as a terminal over SSH gets it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.process_listing import processes_with
from support.terminal import PtyTerminal

_CHATTY = "while :; do echo a line of output; sleep 0.05; done"
_FIFTY = f'[tasks.a]\nrun = "sleep 0.04"\nmatrix = {{ i = {list(range(4000))} }}\n'
SCENARIOS = {
    "settled": '[tasks.a]\nrun = "true"\n',
    "one running": '[tasks.a]\nrun = "sleep 600"\n',
    "eight running": "".join(f'[tasks.t{i}]\nrun = "sleep 600"\n' for i in range(8)),
    "50 changes/s": _FIFTY,
    "50 changes/s, map": _FIFTY,
    "50 logs, 20 lines/s": "".join(f'[tasks.t{i}]\nrun = "{_CHATTY}"\n' for i in range(50)),
}
"""What runs, as the tasks of a graph."""
KEYS = {"50 changes/s, map": "v"}
"""The keys that lead to what is measured."""
JOBS = {"50 changes/s": 1, "50 changes/s, map": 1, "50 logs, 20 lines/s": 50}


def open_graph(folder: Path, tasks: str, jobs: int, *, remote: bool) -> PtyTerminal:
    """Open a graph of these tasks on a terminal."""
    graph = folder / "graph.toml"
    graph.write_text(f"version = 1\n{tasks}")
    env = {"DAGTUI_SOCKET_DIR": str(folder / "s"), "LANG": "C.UTF-8", "SSH_CONNECTION": "1 2 3 4" if remote else ""}
    command = [sys.executable, "-m", "dagtui", "--fresh", f"-j{jobs}", str(graph)]
    return PtyTerminal(command, columns=120, rows=40, env=env, cwd=folder)


def ticks(folder: Path) -> float:
    """Processor seconds so far of the processes that show the graph."""
    total = 0.0
    for pid in processes_with(str(folder / "graph.toml")):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(name: str, seconds: float, *, remote: bool) -> tuple[float, float, float]:
    """Bytes a second while read; share of a processor while read; and while the terminal is stopped."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as path:
        folder = Path(path)
        with open_graph(folder, SCENARIOS[name], JOBS.get(name, 8), remote=remote) as terminal:
            terminal.wait_for_text("graph #1")
            terminal.send(KEYS.get(name, ""))
            terminal.pass_time(3)
            sent, used, began = len(terminal.raw), ticks(folder), time.monotonic()
            terminal.pass_time(seconds)
            rate = (len(terminal.raw) - sent) / (time.monotonic() - began)
            busy = (ticks(folder) - used) / (time.monotonic() - began)
            time.sleep(2)  # the terminal's buffer fills
            used, began = ticks(folder), time.monotonic()
            time.sleep(seconds)  # reads nothing: that is what a stopped terminal is
            stopped = (ticks(folder) - used) / (time.monotonic() - began)
            terminal.pass_time(1)
        for pid in processes_with(str(folder)):
            os.kill(pid, 15)
        while processes_with(str(folder)):
            time.sleep(0.05)  # they have been told to end
        return rate, busy, stopped


def main() -> None:
    """Measure every scenario at both rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", default="", help="measure the scenarios with this in their names")
    options = parser.parse_args()
    seconds = options.seconds
    print(f"{'':22}{'desk':>24}{'over SSH':>24}{'stopped':>10}")
    for name in filter(lambda name: options.only in name, SCENARIOS):
        desk, desk_busy, _ = measure(name, seconds, remote=False)
        ssh, ssh_busy, stopped = measure(name, seconds, remote=True)
        print(
            f"{name:22}{desk:11,.0f} B/s {desk_busy:6.1%} CPU{ssh:11,.0f} B/s {ssh_busy:6.1%} CPU{stopped:9.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
