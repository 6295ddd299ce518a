"""Which results are older than an ancestor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Container

    from dagtui.engine.state import RunState


class Staleness:
    """Finds what becomes stale when a node that was settled or stopped once begins again.

    What one beginning made stale need not be looked at by the next, or else many of them would be quadratic. Such nodes
    are *swept*: they and all below them are stale if they completed, and outdated if they run.
    """

    __slots__ = ("_invalidated", "_state", "outdated")

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.outdated: set[int] = set()
        """Nodes that run, and began before an ancestor that began again: stale once they complete."""
        self._invalidated: set[int] = set()

    @property
    def active(self) -> bool:
        """Whether a beginning matters even if it is a node's first."""
        return bool(self.outdated or self._invalidated)

    def commanded(self) -> None:
        """A person changed something: what completed by that is not stale."""
        self._invalidated.clear()

    def begins(self, node: int, again: set[int], alive: Container[int]) -> list[int]:
        """A node begins: the completed nodes that become stale. One that begins again is taken out of `again`."""
        self.outdated.discard(node)
        swept = node in self._invalidated
        if swept:
            self._freshen(node)
        if node not in again:
            return []
        again.discard(node)
        return [] if swept else self._sweep(node, alive)

    def _freshen(self, node: int) -> None:
        """A swept node is no longer older than its ancestors: none of them is swept any more."""
        parents_of, swept = self._state.graph.parents, self._invalidated
        swept.discard(node)
        queue = [node]
        for current in queue:
            for parent in parents_of(current):
                if parent in swept:  # all below a swept node is swept: there is no way around
                    swept.discard(parent)
                    queue.append(parent)

    def _sweep(self, node: int, alive: Container[int]) -> list[int]:
        """Sweep what is below a node; the completed nodes that were not stale."""
        state, swept, children_of = self._state, self._invalidated, self._state.graph.children
        completed, found, queue = NodeStatus.COMPLETED, [], [node]
        for current in queue:
            for child in children_of(current):
                if child in swept:
                    continue
                swept.add(child)
                queue.append(child)
                if child in alive:
                    self.outdated.add(child)
                elif state.status[child] == completed and not state.stale[child]:
                    found.append(child)
        return found


def topmost_stale(state: RunState) -> list[int]:
    """The stale nodes of which no parent is stale: to run them again with what is downstream freshens all."""
    stale, parents = state.stale, state.graph.parents
    if not state.stale_count:
        return []
    return [node for node in range(len(stale)) if stale[node] and not any(stale[parent] for parent in parents(node))]
