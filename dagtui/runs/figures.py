"""What a run leaves to the history of its graph: what each node took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.store.run_figures import MOST_NODES, NodeFigures, RunFigures
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView


def figures_of(run: RunView) -> RunFigures:
    """Return the figures of a run as it is now: of the nodes that are part of it, in the order of the file."""
    verdict = run.state.verdict().value
    return RunFigures.of(run.number, run.wall(NO_TIME), run.elapsed, verdict, _nodes(run))


def _nodes(run: RunView) -> Iterator[tuple[str, NodeFigures]]:
    state, labels = run.state, run.graph.labels
    nodes = (node for node in run.graph.nodes if state.selected[node])
    for node, _ in zip(nodes, range(MOST_NODES), strict=False):
        yield labels[node], node_figures(run, node)


def node_figures(run: RunView, node: NodeIndex) -> NodeFigures:
    """Return what a node took in this run so far."""
    status, results = run.state.status_of(node), run.attempts.of(node)
    if not results:
        return NodeFigures(status)
    failures = sum(result.status is NodeStatus.FAILED for result in results)
    last = results[-1]
    return NodeFigures(status, len(results), failures, last.seconds, last.usage)
