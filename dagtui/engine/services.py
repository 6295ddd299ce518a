"""Services of a run: which of them are needed, and which must start again (rule 11 in `rules`)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dagtui.engine.status import SETTLED, NodeStatus
from dagtui.engine.walks import subtrees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex


class Services:
    """The services of a graph. Most turns cost one look at one descendant of each of them."""

    def __init__(self, graph: Graph, state: RunState) -> None:
        self._state = state
        self._graph = graph
        self.nodes = [node for node in graph.order if graph.task(node).service is not None]
        """The services, parents before children."""
        self.failed = False
        """Whether one has failed, so that nodes below it may wait again for which others must start again."""
        self._below: dict[NodeIndex, list[NodeIndex]] = {}
        self._looked_at: dict[NodeIndex, int] = {}
        """The position of the last descendant that was found unsettled."""

    def __contains__(self, node: NodeIndex) -> bool:
        return self._graph.task(node).service is not None

    def running(self) -> Iterator[NodeIndex]:
        """Yield the services whose attempts run, and were not told to stop."""
        return (node for node in self.nodes if self._state.status[node] == NodeStatus.RUNNING)

    def below(self, node: NodeIndex) -> list[NodeIndex]:
        """Return all nodes below a service, without the finally nodes that wait until it has ended."""
        found = self._below.get(node)
        if found is None:
            task_of, below = self._graph.task, sorted(subtrees(self._graph, (node,)) - {node})
            if self._graph.any_finally and not task_of(node).is_finally:
                below = [other for other in below if not task_of(other).is_finally]
            found = self._below[node] = below
        return found

    def is_needed(self, node: NodeIndex) -> bool:
        """Return whether any node of the run below a service is not settled."""
        status, selected, below = self._state.status, self._state.selected, self.below(node)
        start = self._looked_at.get(node, 0)
        for position in chain(range(start, len(below)), range(start)):
            other = below[position]
            if status[other] not in SETTLED and selected[other]:
                self._looked_at[node] = position
                return True
        return False
