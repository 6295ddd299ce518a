"""From a key press to what it changes on the terminal: `python tests/benchmarks/key_latency.py`.

Each scenario opens a graph on a pseudo-terminal of 120×40, lets it come to rest, and then moves the cursor up and down
at irregular intervals, timing how long its mark takes to arrive in another row. The floor is a settled run, where
nothing else is to do. Where the screen is shown by the process that the terminal has, the processor time that this one
spends meanwhile is told as well: it says more on a machine that has other work.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dagtui.text.look import IN_UNICODE

sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
import anyio.lowlevel
from support.process_listing import processes_with
from support.terminal import PtyTerminal
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.engine.messages import Result
    from dagtui.graph.model import Graph

_MARKED = re.compile(r"\x1b\[(\d+);1H(?:\x1b\[[0-9;]*m)*▌")
"""A row that is painted with the cursor's mark at its beginning."""
_LONGEST = 100  # characters of that
CHANGES = 5_000
ARRAY = 1_000
"""Attempts of which Slurm tells in one line, at most."""
REASONS = "Resources", "Priority", "QOSMaxJobsPerUserLimit"


def tasks(count: int, seconds: float) -> str:
    """Tasks that print a line every so many seconds, at as little cost as can be: they are not what is measured."""
    program = f"$| = 1; while (1) {{ print qq(a line of output\\n); select(undef, undef, undef, {seconds}) }}"
    return f"[tasks.t]\nrun = ['perl', '-e', '{program}']\nmatrix = {{ i = {list(range(count))} }}\n"


class MadeUpRun(NamedTuple):
    """A run in which statuses change at a steady rate."""

    nodes: int
    keys: str
    """Are pressed before it is measured."""
    failing: float = 0.0
    """The share of attempts that fail."""
    queued: bool = False
    """Whether all attempts wait in the queue of another machine, for a reason that keeps changing."""


MADE_UP = {
    f"{CHANGES:,} changes/s, 100,000 nodes": MadeUpRun(100_000, "="),
    f"{CHANGES:,} changes/s, 100,000 nodes, map": MadeUpRun(100_000, "v"),
    f"{CHANGES:,} changes/s, 100,000 nodes, time": MadeUpRun(100_000, "V="),
    f"{CHANGES:,} changes/s, 100,000 nodes, trouble": MadeUpRun(100_000, "VVg=", failing=0.05),
    f"{CHANGES:,} changes/s, 1,000,000 nodes": MadeUpRun(1_000_000, "="),
    f"{CHANGES:,} changes/s, 1,000,000 nodes, map": MadeUpRun(1_000_000, "v"),
    **{
        f"{number:,} queued elsewhere{view}": MadeUpRun(2 * number, keys, queued=True)
        for number in (10_000, 100_000)
        for view, keys in {"": "=", ", map": "v", ", nodes": "vv=", ", trouble": "VVg=", ", time": "V="}.items()
    },
}
SCENARIOS = {
    "settled": '[tasks.a]\nrun = "true"\nmatrix = { i = [1, 2, 3, 4, 5, 6, 7, 8] }\n',
    **dict.fromkeys(MADE_UP, ""),
    "200 logs, 10 lines/s": tasks(200, 0.1),
    "50 logs, 20 lines/s": tasks(50, 0.05),
    "50 logs, 20 lines/s, cursor of one": tasks(50, 0.05),
}
"""What runs, as the tasks of a graph; without any, attempts are made up in the process that shows them."""
KEYS = {"50 logs, 20 lines/s, cursor of one": ("=j\r", "kkk")}
"""Pressed before a scenario is measured, with pauses, where it is more than to unfold all rows."""


# The process whose nodes are made up


class MadeUp:
    """An executor whose attempts end at a steady rate, without processes."""

    def __init__(self, attempts_a_second: float, failing: float) -> None:
        self._rate = attempts_a_second
        self._failing = failing
        self._chance = random.Random(1)
        self._slots = 0
        self._waiting: dict[tuple[int, int], None] = {}
        self._running: dict[tuple[int, int], None] = {}
        self._deliver: Callable[[Result], None] = print

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        self._deliver, self._slots = deliver, slots

    def start(self, node: int, attempt: int, slots: int) -> None:  # noqa: ARG002 - the protocol's signature
        self._waiting[node, attempt] = None

    def stop(self, node: int, attempt: int, grace: float) -> None:  # noqa: ARG002 - the protocol's signature
        from dagtui.engine.messages import Ended, EndKind

        if (node, attempt) in self._running:
            del self._running[node, attempt]
            self._deliver(Ended(node, attempt, EndKind.SIGNAL, signal.SIGTERM))
        self.withdraw(node, attempt)

    def withdraw(self, node: int, attempt: int) -> None:
        from dagtui.engine.messages import Withdrawn

        if (node, attempt) in self._waiting:
            del self._waiting[node, attempt]
            self._deliver(Withdrawn(node, attempt))

    def set_slots(self, slots: int) -> None:
        self._slots = slots

    def acknowledge(self) -> None:
        """Nothing is kept."""

    def flush(self) -> None:
        """Everything is in this process."""

    def collect(self) -> None:
        """Results are delivered at once."""

    async def serve(self) -> None:
        from dagtui.engine.messages import Ended, EndKind, Started

        began, ended = time.monotonic(), 0
        while True:
            due = min(int((time.monotonic() - began) * self._rate) - ended, len(self._running))
            for attempt in list(self._running)[:due]:
                del self._running[attempt]
                fails = self._chance.random() < self._failing
                self._deliver(Ended(*attempt, EndKind.EXIT, int(fails), seconds=0.01))
            ended += due
            for attempt in list(islice(self._waiting, max(0, self._slots - len(self._running)))):
                del self._waiting[attempt]
                self._running[attempt] = None
                self._deliver(Started(*attempt))
            await anyio.sleep(0.004)

    async def close(self) -> None:
        """Nothing is alive."""


class Queueing(MadeUp):
    """An executor on other machines that begins nothing, and says another reason for each attempt every two seconds."""

    keeps_going = True

    async def serve(self) -> None:
        from dagtui.engine.messages import Queued

        for number in count():
            for at, (node, attempt) in enumerate(self._waiting):
                self._deliver(Queued(node, attempt, f"job 4711_{node}: {REASONS[number % len(REASONS)]}"))
                if not (at + 1) % ARRAY:
                    await anyio.lowlevel.checkpoint()
            await anyio.sleep(2)


def two_stages(nodes: int, executor: str = "") -> Graph:
    """Half of the nodes need one of the other half each. The first half runs on an executor, if there is one."""
    from dagtui.graph.loading import load

    with tempfile.TemporaryDirectory() as folder:
        axes = f"matrix = {{ a = {list(range(nodes // 100))}, b = {list(range(50))} }}"
        needs = 'needs = ["first[a={{ matrix.a }},b={{ matrix.b }}]"]'
        path = Path(folder, "graph.toml")
        there = f'executor = "{executor}"\n' if executor else ""
        table = f'[executors.{executor}]\nkind = "slurm"\ndirectory = "/scratch"\n' if executor else ""
        first = f'[tasks.first]\nrun = "true"\n{there}{axes}\n'
        path.write_text(f'version = 1\n{table}{first}[tasks.second]\n{needs}\nrun = "true"\n{axes}\n')
        return load(path)


def show_made_up(nodes: int, failing: float, *, queued: bool) -> None:
    """Show a run in which statuses change at a steady rate."""
    from support.adopted_run import NOWHERE, AdoptedRun, UnwrittenJournal

    from dagtui.engine.run import Run
    from dagtui.engine.traversal import Traversal
    from dagtui.runs.forecast import Forecast
    from dagtui.store.history import History
    from dagtui.tui.terminal.show import show

    graph = two_stages(nodes, "cluster" if queued else "")
    # A pair of nodes takes five changes: four of its two attempts, and READY for the second.
    executor = Queueing(0, 0) if queued else MadeUp(CHANGES * 2 / 5, failing)
    run = Run(Traversal(graph, 200), executor, UnwrittenJournal())
    run.begin()
    shown = AdoptedRun(run)
    if queued:  # with an estimate of the rest, which looks at all nodes
        labels = dict.fromkeys(graph.labels, 60.0)
        shown.forecast = Forecast(graph, History(NOWHERE / "history.json", labels, dict.fromkeys(labels, "")))
    show(shown, IN_UNICODE, mouse=True)


# The process that presses keys


class Marked(PtyTerminal):
    """A terminal that looks for nothing but the cursor's mark: to emulate a screen takes longer than what is timed."""

    row = -1
    """The row that has the mark."""

    def _feed(self, text: str) -> None:
        text = self._unfed + text
        self._unfed = text[-_LONGEST:]  # a row that was cut; one that is found twice is no other
        for found in _MARKED.finditer(text):
            self.row = int(found[1])


def press(terminal: Marked, key: str) -> float:
    """Seconds until the cursor is in another row."""
    before = terminal.row
    began = time.perf_counter()
    terminal.send(key)
    while terminal.row in {before, -1}:
        terminal.read(0.5)
        if time.perf_counter() - began > 5:
            raise AssertionError(f"{key} moved nothing\n{terminal.text}")
    return time.perf_counter() - began


class Figures(NamedTuple):
    """What a scenario took."""

    keys: list[float]
    """Seconds of each key."""
    processor: list[float]
    """Seconds of a processor that the process with the screen spent meanwhile. Empty: it is another one."""
    memory: float
    """The most that it had, in MB."""


def processor(pid: int) -> float:
    """The seconds of a processor that the main thread of a process has spent."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def memory(pid: int) -> float:
    """The most memory that a process had, in MB."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s*(\d+)", status.read_text(encoding="ascii")) if status.exists() else None
    return int(found[1]) / 1000 if found else 0.0


def measure(name: str, presses: int) -> Figures:
    """Measure one scenario."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as path:
        folder = Path(path)
        graph = folder / "graph.toml"
        graph.write_text(f"version = 1\n{SCENARIOS[name]}")
        command = [sys.executable, "-m", "dagtui", "--fresh", "-j200", str(graph)]
        if not SCENARIOS[name]:
            command = [sys.executable, __file__, "--made-up", str(MADE_UP[name].nodes)]
            command += ["--failing", str(MADE_UP[name].failing), *["--queued"] * MADE_UP[name].queued]
        env = {"DAGTUI_SOCKET_DIR": str(folder / "s"), "LANG": "C.UTF-8", "SSH_CONNECTION": ""}
        with Marked(command, columns=120, rows=40, env=env, cwd=folder) as terminal:
            terminal.wait_for(lambda: terminal.row >= 0, "cursor", 300)
            for keys in KEYS.get(name, (MADE_UP[name].keys if name in MADE_UP else "=",)):
                terminal.send(keys)
                terminal.pass_time(4)
            press(terminal, "j")  # from the row of all of them to one of them
            taken, spent, pid = [], [], terminal.process.pid
            for number in range(presses):
                before = processor(pid)
                taken.append(press(terminal, "jk"[number % 2]))
                spent.append(processor(pid) - before)
                terminal.pass_time(random.uniform(0.05, 0.12))
            figures = Figures(taken, spent if name in MADE_UP else [], memory(pid))
        for pid in processes_with(str(folder)):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not processes_with(str(folder)), "its end")
        return figures


def main() -> None:
    """Measure every scenario."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--only", default="", help="measure the scenarios with this in their names")
    parser.add_argument("--made-up", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--failing", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--queued", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.made_up:
        show_made_up(options.made_up, options.failing, queued=options.queued)
        return
    print(f"{'':42}{'p50':>9}{'p99':>9}{'most':>9}   {'processor':27}{'memory':>10}")
    for name in SCENARIOS:
        if options.only not in name:
            continue
        found = measure(name, options.presses)
        spent = summary(found.processor) if found.processor else " " * 27
        print(f"{name:42}{summary(found.keys)}   {spent}{found.memory:7.0f} MB", flush=True)


def summary(seconds: list[float]) -> str:
    """The median, the ninety-ninth percentile and the most of some times."""
    ascending = sorted(seconds)
    figures = (statistics.median(ascending), ascending[int(len(ascending) * 0.99)], ascending[-1])
    return "".join(f"{one * 1000:6.1f} ms" for one in figures)


if __name__ == "__main__":
    main()
