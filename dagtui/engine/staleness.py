"""Staleness: results that are older than an ancestor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Container

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex


class Staleness:
    """Finds the nodes that become stale when a restarted node begins.

    Nodes below it are *invalidated*: they and all nodes below them are stale if they completed, and outdated if they
    run. The next restarted node does not visit them again, which keeps many restarts from being quadratic.
    """

    __slots__ = ("_invalidated", "_state", "outdated")

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.outdated: set[NodeIndex] = set()
        """Running nodes that began before an ancestor began again. They are stale once they complete."""
        self._invalidated: set[NodeIndex] = set()

    def carry(self, outdated: set[NodeIndex]) -> None:
        """Take over the outdated nodes of another graph. What was invalidated may have other nodes below it now."""
        self.outdated = outdated

    @property
    def active(self) -> bool:
        """Whether `begins` must be called even for a node that was not restarted."""
        return bool(self.outdated or self._invalidated)

    def commanded(self) -> None:
        """Forget the invalidated nodes after a command: nodes that it completes are not stale."""
        self._invalidated.clear()

    def begins(self, node: NodeIndex, again: set[NodeIndex], alive: Container[NodeIndex]) -> list[NodeIndex]:
        """Return the completed nodes that become stale when a node begins. The node is removed from `again`."""
        self.outdated.discard(node)
        invalidated = node in self._invalidated
        if invalidated:
            self._freshen(node)
        if node not in again:
            return []
        again.discard(node)
        return [] if invalidated else self._invalidate_below(node, alive)

    def _freshen(self, node: NodeIndex) -> None:
        """Remove an invalidated node, which begins after its ancestors, and those ancestors from the set."""
        parents_of, invalidated = self._state.graph.parents, self._invalidated
        invalidated.discard(node)
        queue = [node]
        for current in queue:
            for parent in parents_of(current):
                if parent in invalidated:  # all nodes below an invalidated node are invalidated: no path leads around
                    invalidated.discard(parent)
                    queue.append(parent)

    def _invalidate_below(self, node: NodeIndex, alive: Container[NodeIndex]) -> list[NodeIndex]:
        """Invalidate the nodes below a node. Return the completed ones that were not stale."""
        state, invalidated, children_of = self._state, self._invalidated, self._state.graph.children
        completed, found, queue = NodeStatus.COMPLETED, [], [node]
        for current in queue:
            for child in children_of(current):
                if child in invalidated:
                    continue
                invalidated.add(child)
                queue.append(child)
                if child in alive:
                    self.outdated.add(child)
                elif state.status[child] == completed and not state.stale[child]:
                    found.append(child)
        return found


def topmost_stale(state: RunState) -> list[NodeIndex]:
    """Return the stale nodes without a stale parent. Rerunning them with downstream refreshes all stale nodes."""
    stale, parents = state.stale, state.graph.parents
    if not state.stale_count:
        return []
    return [node for node in state.graph.nodes if stale[node] and not any(stale[parent] for parent in parents(node))]
