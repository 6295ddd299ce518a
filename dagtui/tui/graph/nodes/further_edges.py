"""Edges that a tree does not show by nesting: where they lead from each row."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.tui.graph.layout import TOP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.tui.graph.layout import TreeLayout

_KEPT: Final = 10_000
"""The most rows whose edges are kept."""
_LOOKED_AT: Final = 2_000
"""The most edges of one row that are looked at."""


class Further(NamedTuple):
    """The rows elsewhere that need a row."""

    row: int
    """The first of them: a node, also if it stands below a group row, or a group row for several nodes."""
    others: int
    """The number of the others."""
    only_by_file: bool
    """Whether only files make the edge to the first one."""


class FurtherEdges:
    """For each row of a tree, the rows elsewhere that need it. They are found when a row is first asked for."""

    def __init__(self, graph: Graph, layout: TreeLayout) -> None:
        self._graph = graph
        self.layout = layout
        self._found: dict[int, Further | None] = {}

    def of(self, item: int) -> Further | None:
        """Return where edges lead from an item's own nodes, other than to rows below them. None: nowhere."""
        if len(self._found) > _KEPT:
            self._found.clear()
        if item not in self._found:
            self._found[item] = self._look(item)
        return self._found[item]

    def _look(self, item: int) -> Further | None:
        rows: dict[int, list[tuple[NodeIndex, NodeIndex]]] = {}
        """The edges to each row."""
        for node, child in self._edges(item):
            row = row_of(self.layout, child)
            if self.layout.parents[row] != node:
                rows.setdefault(row, []).append((node, child))
        if not rows:
            return None
        first = min(rows, key=self.layout.positions.__getitem__)
        node, child = rows[first][0]
        files = self._graph.file_edges
        return Further(self._shown(first, rows[first]), len(rows) - 1, files is not None and files.has(node, child))

    def _edges(self, item: int) -> Iterator[tuple[NodeIndex, NodeIndex]]:
        nodes = own_nodes(self.layout, item, _LOOKED_AT)
        edges = ((node, child) for node in nodes for child in ends_of(self._graph.children(node)))
        return islice(edges, _LOOKED_AT)

    def _shown(self, row: int, edges: Sequence[tuple[NodeIndex, NodeIndex]]) -> int:
        """Return a row, or the only one of its cells that edges lead to."""
        return row if any(child != edges[0][1] for _, child in edges) else edges[0][1]


def row_of(layout: TreeLayout, node: NodeIndex) -> int:
    """Return the group row of a node, or the node itself if it has none."""
    above = layout.parents[node]
    return node if above == TOP or above < layout.node_count else above


def own_nodes(layout: TreeLayout, item: int, most: int) -> Iterator[NodeIndex]:
    """Yield the nodes that a row stands for, not those below them, but no more than `most`."""
    position, end = layout.positions[item], layout.ends[item]
    while position < end and most > 0:
        found = layout.items[position]
        if found < layout.node_count:
            yield layout.nodes[found]
            position, most = layout.ends[found], most - 1
        else:
            position += 1


def ends_of(nodes: Sequence[NodeIndex]) -> Iterator[NodeIndex]:
    """Yield nodes, of many the first and the last ones: what needs other nodes as well is often there."""
    if len(nodes) <= _LOOKED_AT:
        return iter(nodes)
    half = _LOOKED_AT // 2
    return chain(nodes[:half], nodes[-half:])
