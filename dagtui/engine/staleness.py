"""Which results are older than an ancestor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Container

    from dagtui.engine.state import RunState


class Staleness:
    """Finds what becomes stale when a node that was settled or stopped once begins again."""

    __slots__ = ("_flagged", "_state", "outdated")

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.outdated: set[int] = set()
        """Nodes that run, and began before an ancestor that began again: stale once they complete."""
        self._flagged: set[int] = set()
        """Nodes that will begin again, and below which everything is flagged: or else a rerun would be quadratic."""

    def commanded(self) -> None:
        """A person changed something: nothing is known any more of what is flagged below what."""
        self._flagged.clear()

    def begins(self, node: int, again: set[int], alive: Container[int]) -> list[int]:
        """A node begins: the completed nodes that become stale. One that begins again is taken out of `again`."""
        self.outdated.discard(node)
        if self._flagged and not self._follows_fresh_parents(node):
            self._flagged.clear()
        if node not in again:
            return []
        again.discard(node)
        if node in self._flagged:
            self._flagged.discard(node)
            return []
        state = self._state
        subtree = state.graph.subtree(node)
        self.outdated.update(other for other in subtree[1:] if other in alive)
        self._flagged.update(again.intersection(subtree))
        completed = NodeStatus.COMPLETED
        return [other for other in subtree[1:] if state.status[other] == completed and not state.stale[other]]

    def _follows_fresh_parents(self, node: int) -> bool:
        """Whether what is above the node has begun: then its own beginning leaves everything flagged that was."""
        status, stale = self._state.status, self._state.stale
        parents = self._state.graph.parents(node)
        return all(status[parent] == NodeStatus.COMPLETED and not stale[parent] for parent in parents)
