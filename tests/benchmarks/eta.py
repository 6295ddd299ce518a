"""How often runs end within the range of their ETA: `python tests/benchmarks/eta.py [FILES…] [--runs N] [--slots N]`.

FILES are recorded workflows in WfFormat (https://wfcommons.org). Without any, graphs of such shapes are made up. Each
workflow runs N times on a clock of its own: nodes take what was recorded, and vary from run to run, each by itself and
all together. Files whose names differ in a last number, such as `bwa-001.json`, are runs of one workflow: these run as
recorded, in ten random orders. Before each run, the history has learned from those before it. The range is asked for at
the beginning and when a quarter, a half and three quarters of the run have passed.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from collections import defaultdict
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import Ended, EndKind, Start, Started
from dagtui.engine.traversal import Traversal
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.runs.estimates import expected
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ASKED = (0.0, 0.25, 0.5, 0.75)
"""Shares of a run after which the range is asked for."""
ORDERS = 10
LEARNED = (1, 2, 3, 5, 10, 20, 50)


class Workflow(NamedTuple):
    """A graph, and the seconds of its nodes in one or several runs."""

    graph: Graph
    times: list[list[float]]


def recorded(path: Path) -> tuple[Graph, list[float]]:
    """Return the graph of a recorded workflow, and the seconds of its nodes."""
    workflow = json.loads(path.read_text(encoding="utf-8"))["workflow"]
    tasks = workflow["specification"]["tasks"]
    took = {task["id"]: float(task["runtimeInSeconds"]) for task in workflow["execution"]["tasks"]}
    number = {task["id"]: place for place, task in enumerate(tasks)}
    edges = [(number[task["id"]], number[child]) for task in tasks for child in task["children"]]
    made = [Task(task["id"], ShellCommand("true"), group=task["id"].rpartition("_")[0]) for task in tasks]
    return Graph([task["id"] for task in tasks], edges, tasks=made), [took[task["id"]] for task in tasks]


def workflows_in(paths: Sequence[Path]) -> Iterator[Workflow]:
    """Yield recorded workflows, each with the times of its runs."""
    same: dict[str, list[tuple[Graph, list[float]]]] = defaultdict(list)
    for path in paths:
        same[path.stem.rstrip("0123456789")].append(recorded(path))
    for runs in same.values():
        graph = runs[0][0]
        if len(runs) > 1 and all(list(other.labels) == list(graph.labels) for other, _ in runs):
            yield Workflow(graph, [times for _, times in runs])
        else:
            yield from (Workflow(other, [times]) for other, times in runs)


def histories(
    workflow: Workflow, source: random.Random, runs: int, alone: float, together: float
) -> Iterator[Iterator[list[float]]]:
    """Yield series of runs, each of which gives the times of its nodes."""
    if len(workflow.times) > 1:
        for _ in range(ORDERS):
            yield iter(source.sample(workflow.times, len(workflow.times)))
        return

    def varied() -> Iterator[list[float]]:
        for _ in range(runs):
            slow = source.lognormvariate(0.0, together)
            yield [max(0.001, one * slow * source.lognormvariate(0.0, alone)) for one in workflow.times[0]]

    yield varied()


def made_up(seed: int) -> tuple[Graph, list[float]]:
    """Return stages of nodes, each of which needs some of the stage before."""
    source = random.Random(seed)
    labels: list[str] = []
    edges: list[tuple[int, int]] = []
    took: list[float] = []
    before: list[int] = []
    for stage in range(source.randint(3, 8)):
        usual = source.lognormvariate(3.0, 1.0)
        present = []
        for cell in range(source.choice((1, 1, 5, 20, 60))):
            node = len(labels)
            labels.append(f"stage{stage}_{cell}")
            took.append(usual * source.lognormvariate(0.0, 0.3))
            edges += [(parent, node) for parent in source.sample(before, min(len(before), source.choice((1, 2, 60))))]
            present.append(node)
        before = present
    tasks = [Task(name, ShellCommand("true"), group=name.partition("_")[0]) for name in labels]
    return Graph(labels, edges, tasks=tasks), took


def run_once(
    graph: Graph, times: Sequence[float], slots: int, forecast: Forecast
) -> tuple[float, list[tuple[float, float, float]]]:
    """Run a graph on a clock of its own. Return how long it took, and each range that it gave: when, low, high."""
    traversal = Traversal(graph, slots, forecast.weights)
    traversal.begin(0.0)
    ends: list[tuple[float, int, int]] = []
    ranges: list[tuple[float, float, float]] = []
    now, free, line = 0.0, slots, []

    def ask() -> None:
        found = forecast.eta_range(traversal.state, now)
        if found is not None:
            ranges.append((now, now + found.low, now + found.high))

    while True:
        line += [effect for effect in traversal.take()[1] if isinstance(effect, Start)]
        while line and free > 0:
            start = line.pop(0)
            free -= 1
            traversal.handle(Started(start.node, start.attempt), now)
            heapq.heappush(ends, (now + times[start.node], start.node, start.attempt))
            line += [effect for effect in traversal.take()[1] if isinstance(effect, Start)]
        ask()
        if not ends:
            return now, ranges
        now, node, attempt = heapq.heappop(ends)
        free += 1
        traversal.handle(Ended(node, attempt, EndKind.EXIT, seconds=times[node]), now)


def asked(took: float, ranges: Sequence[tuple[float, float, float]]) -> Iterator[tuple[float, float, float]]:
    """Yield the last range that was given before each share of the run."""
    for share in ASKED:
        given = [found for found in ranges if found[0] <= share * took]
        if given:
            yield given[-1]


def main() -> None:
    """Print how often the end was within the range, by the number of runs that the history knew."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--slots", type=int, default=6)
    parser.add_argument("--alone", type=float, default=0.15, help="deviation of the logarithm, of each node by itself")
    parser.add_argument("--together", type=float, default=0.05, help="the same, of all nodes of a run")
    options = parser.parse_args()
    workflows = list(workflows_in(options.files)) or [
        Workflow(graph, [times]) for graph, times in map(made_up, range(30))
    ]
    within: dict[int, list[bool]] = defaultdict(list)
    below: dict[int, list[bool]] = defaultdict(list)
    widths: dict[int, list[float]] = defaultdict(list)
    for number, workflow in enumerate(workflows):
        graph, source = workflow.graph, random.Random(number)
        for series in histories(workflow, source, options.runs, options.alone, options.together):
            history = History(Path("nowhere"), {}, {})
            successes: dict[int, list[float]] = defaultdict(list)
            for run, times in enumerate(series):
                took, ranges = run_once(graph, times, options.slots, Forecast(graph, history))
                learned = max((known for known in LEARNED if known <= run), default=0)
                for _, low, high in asked(took, ranges):
                    within[learned].append(low <= took * 1.0001 and took <= high * 1.0001)
                    below[learned].append(took < low)
                    widths[learned].append((high - low) / took)
                for node, seconds in enumerate(times):
                    label, group = graph.labels[node], graph.task(node).group
                    history.record(label, group, seconds)
                    successes[node].append(seconds)
                    history.expect(label, group, *expected(successes[node]))
                history.end_run()
    print(f"{len(workflows)} workflows, {options.slots} slots")
    for learned in sorted(within):
        if within[learned]:
            shares = f"{mean(within[learned]):.0%} within the range, {mean(below[learned]):.0%} sooner"
            print(f"after {learned:>2} runs: {shares}; its width is {median(widths[learned]):.0%} of the run")
    known = [one for learned, found in within.items() if learned >= 3 for one in found]
    print(f"from 3 runs on: {mean(known):.0%} within the range")


if __name__ == "__main__":
    main()
