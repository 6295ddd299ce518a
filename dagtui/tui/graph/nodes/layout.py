"""Nodes as a tree: each below its nearest common dominator, alike siblings below one row that stands for them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from dagtui.tui.graph.layout import TOP, GroupKind, GroupRow, TreeLayout, unique_key
from dagtui.tui.graph.nodes.dominators import dominators
from dagtui.tui.graph.nodes.join_order import joins_in_order
from dagtui.tui.graph.tasks.stems import alike_keys, shared_title

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.tui.graph.nodes.dominators import Dominators

LEAST_FOLDED = 3
"""The least number of alike siblings that get a group row."""


def dependency_layout(graph: Graph) -> TreeLayout:
    """Return the rows of the tree by dependency. Takes about linear time in nodes and edges.

    A node that several paths lead to stands below the last node that all of them pass, after the branches that they
    lead through. Every edge therefore leads down.
    """
    tree = dominators(graph)
    siblings = _AlikeSiblings(graph, tree)
    if tree.has_joins:
        siblings.insert(graph.nodes)
        sequence: Sequence[int] = joins_in_order(graph, siblings.parents, siblings.members)
    else:
        sequence = siblings.insert(sorted(graph.nodes, key=tree.depths.__getitem__))
    if graph.any_finally:
        sequence = sorted(sequence, key=partial(_is_finally, graph, siblings.members))
    return TreeLayout(len(graph), siblings.heads, siblings.parents, sequence)


def _is_finally(graph: Graph, members: Mapping[int, Sequence[NodeIndex]], item: int) -> bool:
    """Return whether an item runs after all others, and therefore stands after them."""
    return graph.task(graph.nodes[item] if item < len(graph) else members[item][0]).is_finally


class _AlikeSiblings:
    """Inserts a group row between alike siblings and the node above them.

    Alike are the cells of a matrix, and tasks that were written one by one whose names differ only in a number, as far
    as the longest paths to them have the same length. No edge leads from one of them to another then.
    """

    def __init__(self, graph: Graph, tree: Dominators) -> None:
        self.parents = tree.parents
        """For each item, the item above it."""
        self.heads: list[GroupRow] = []
        self.members: dict[int, list[NodeIndex]] = {}
        """For each group row, the nodes below it."""
        self._graph = graph
        self._depths = tree.depths
        self._alike: Sequence[Hashable] = ()
        self._keys: Counter[str] = Counter()

    def insert(self, nodes: Sequence[NodeIndex]) -> Sequence[int]:
        """Create the group rows. Return the order of all items, parents before children."""
        if max(Counter(self.parents).values(), default=0) < LEAST_FOLDED:
            return nodes
        families = self._families()
        sizes = Counter(families)
        if max(sizes.values()) < LEAST_FOLDED:
            return nodes
        made: dict[int, int] = {}
        sequence: list[int] = []
        for node in nodes:
            family = families[node]
            if (size := sizes[family]) >= LEAST_FOLDED:
                head = made.get(family)
                if head is None:
                    head = made[family] = self._add_head(node, size)
                    sequence.append(head)
                    self.members[head] = []
                self.parents[node] = head
                self.members[head].append(node)
            sequence.append(node)
        return sequence

    def _families(self) -> list[int]:
        """Return for each node a number that it shares with its alike siblings."""
        self._alike = alike_keys(self._graph)
        numbers: dict[Hashable, int] = {}
        keys = [numbers.setdefault(key, len(numbers)) for key in self._alike]
        levels, width = max(self._depths) + 1, len(numbers)
        return [
            ((above + 1) * levels + depth) * width + keys[task]
            for above, depth, task in zip(self.parents, self._depths, self._graph.task_of, strict=True)
        ]

    def _add_head(self, first: NodeIndex, total: int) -> int:
        """Add a group row for the siblings of which this is the first. Return its item."""
        graph, above = self._graph, self.parents[first]
        title = shared_title(graph, self._alike, graph.task_of[first])
        key = unique_key(" below ".join((title, "the top" if above == TOP else graph.labels[above])), self._keys)
        self.parents.append(above)
        self.heads.append(GroupRow(GroupKind.MATRIX, title, total, key))
        return len(self.parents) - 1
