"""What the history of a graph costs: `python tests/benchmarks/history.py [NODES] [RUNS]`.

Figures of the last runs are written, read as a whole, and asked for one node and for all. The floor of reading is the
files' bytes, in the same process.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.report.stats import stats_of
from dagtui.runs.estimates import expected, successes
from dagtui.runs.usual import took_in, usual_of
from dagtui.store.directory import RunDirectory
from dagtui.store.paths import graph_folder
from dagtui.store.run_figures import FOLDER, NodeFigures, RunFigures, read_runs, write_run
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 7


def timed(what: str, call: Callable[[], object]) -> float:
    """Print and return the median milliseconds of a processor that a call takes."""
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        call()
        took.append((time.process_time() - began) * 1000)
    print(f"{what}: {median(took):.1f} ms")
    return median(took)


def main() -> None:
    """Write, read and ask."""
    nodes, runs = (int(word) for word in (*sys.argv[1:], "10000", "50")[:2])
    source = random.Random(1)
    labels = [f"group/task_{cell % 50}[sample={cell},seed={cell % 7}]" for cell in range(nodes)]
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder, "graph.toml")
        RunDirectory.create(graph, "").close()

        def figures(run: int) -> RunFigures:
            used = Usage(1.0, 10**9, 0, 4096)
            times = [source.lognormvariate(1, 0.2) for _ in labels]
            made = (NodeFigures(NodeStatus.COMPLETED, 1, 0, took, used) for took in times)
            rows = zip(labels, made, strict=True)
            return RunFigures.of(run, WallTime(1000.0 * run), 60.0, "completed", rows)

        for run in range(1, runs + 1):
            write_run(graph, figures(run))
        files = sorted((graph_folder(graph) / FOLDER).iterdir())
        size = sum(file.stat().st_size for file in files)
        print(f"{nodes:,} nodes, {runs} runs: {size / 1e6:.0f} MB")
        timed("write the figures of a run", lambda: write_run(graph, figures(runs)))
        floor = timed("read the bytes", lambda: [file.read_bytes() for file in files])
        read = timed("read the figures of all runs", lambda: read_runs(graph))
        print(f"  {read / floor:.1f} x the bytes")
        found = read_runs(graph)
        timed("what one node usually takes", lambda: usual_of(took_in(found, labels[nodes // 2])))
        timed("what each node usually takes", lambda: stats_of(found, labels))
        timed("what is expected of each", lambda: [expected(seconds) for _, seconds in successes(found)])


if __name__ == "__main__":
    main()
