"""What a run leaves to the history of its graph: what each node took."""

from __future__ import annotations

import contextlib
from itertools import islice
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.store.run_figures import MOST_NODES, NodeFigures, RunFigures, row_of, write_run
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView


def leave_figures(run: RunView, graph_path: Path) -> None:
    """Write what each node took. If that fails, what earlier runs left stays."""
    with contextlib.suppress(Exception):  # nothing that goes wrong here may cost what the run has done
        write_run(graph_path, figures_of(run))


def figures_of(run: RunView) -> RunFigures:
    """Return the figures of a run as it is now: of the nodes that are part of it, in the order of the file."""
    state, names, only_success = run.state, run.graph.labels, run.attempts.only_success
    labels: list[str] = []
    rows: list[tuple[float, ...]] = []
    for node in islice((node for node in run.graph.nodes if state.selected[node]), MOST_NODES):
        labels.append(names[node])
        found = only_success(node)
        rows.append(row_of(node_figures(run, node)) if found is None else (state.status[node], 1, 0, *found))
    began, verdict = run.wall(NO_TIME), state.verdict().value
    return RunFigures.of_rows(run.number, began, run.elapsed, verdict, labels, rows)


def node_figures(run: RunView, node: NodeIndex) -> NodeFigures:
    """Return what a node took in this run so far."""
    status, results = run.state.status_of(node), run.attempts.of(node)
    if not results:
        return NodeFigures(status)
    failures = sum(result.status is NodeStatus.FAILED for result in results)
    last = results[-1]
    # A node that a person has marked as done has not succeeded.
    outcome = last.status if status is NodeStatus.COMPLETED else status
    return NodeFigures(outcome, len(results), failures, last.seconds, last.usage)
