"""Neighbours of the cursor's row: the rows in sight that it needs, and those that need it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from dagtui.tui.graph.nodes.further_edges import ends_of, own_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.tui.graph.outline import Outline

_LOOKED_AT: Final = 500
"""The most edges in each direction that are looked at. The cursor moves often."""


class Neighbours:
    """The rows that edges of one row lead to. A folded row stands for all that it hides."""

    def __init__(self, graph: Graph, outline: Outline, item: int) -> None:
        self._outline = outline
        self._own = dict.fromkeys(own_nodes(outline.layout, item, _LOOKED_AT))
        self.parents = self._rows(graph.parents) - {item}
        """The rows with a parent of the row's own nodes."""
        self.children = self._rows(graph.children) - {item}
        """The rows with a child of the row's own nodes."""

    def _rows(self, ends: Callable[[NodeIndex], Sequence[NodeIndex]]) -> set[int]:
        outline = self._outline
        nodes = islice((end for node in self._own for end in ends_of(ends(node))), _LOOKED_AT)
        return {outline.shown(node) for node in nodes if node not in self._own} if len(outline) else set()
