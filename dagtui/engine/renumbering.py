"""The numbers of the nodes of one graph in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.graph.model import Graph, NodeIndex

_Value = TypeVar("_Value")


class Renumbering:
    """The numbers of the nodes of one graph in another one, by their labels."""

    def __init__(self, old: Graph, new: Graph) -> None:
        found = [new.find(label) for label in old.labels]
        self.number_of = [NO_NODE if node is None else node for node in found]
        """The new number of each old node, or -1."""
        self.old_of = [NO_NODE] * len(new)
        """The old number of each new node, or -1."""
        for node, number in zip(old.nodes, self.number_of, strict=True):
            if number >= 0:
                self.old_of[number] = node

    def nodes(self, nodes: Iterable[NodeIndex]) -> set[NodeIndex]:
        """Return the new numbers of those nodes that there are still."""
        return {number for node in nodes if (number := self.number_of[node]) >= 0}

    def keys(self, values: Mapping[NodeIndex, _Value]) -> dict[NodeIndex, _Value]:
        """Return values by the new numbers of their nodes."""
        number_of = self.number_of
        return {number_of[node]: value for node, value in values.items() if number_of[node] >= 0}
