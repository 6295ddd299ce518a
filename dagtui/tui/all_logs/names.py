"""Names of nodes beside their lines: short, never the same for two nodes on the screen, each in a colour of its own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from dagtui.graph.model import numbered_tasks
from dagtui.text import cell_width, fit, label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.shortening import common_beginning, told_apart, without_keys
from dagtui.tui.lines.rows import NAME_ROLES, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.look import Look

_LEAST: Final = 8
_MOST: Final = 30
_SHARE: Final = 4
"""The gutter takes at most a part of the width."""
_KEPT: Final = 5_000


class LogNames:
    """The names of the nodes whose lines are on the screen."""

    def __init__(self, graph: Graph, look: Look) -> None:
        self._graph = graph
        self._look = look
        self._cells = CellWidth(0)
        self._known: dict[NodeIndex, str] = {}

    @cached_property
    def beginning(self) -> str:
        """The words that all tasks begin with. Names leave them out."""
        return common_beginning([task.name for _, task in numbered_tasks(self._graph.tasks)])

    @cached_property
    def _widest(self) -> int:
        """The width of the longest name, as far as that matters."""
        names = self._graph.labels
        longest = max((names[node] for node in range(min(len(self._graph), _KEPT))), key=len, default="")
        return cell_width(longest) - len(self.beginning)

    def width(self, whole: CellWidth) -> CellWidth:
        """Return the width of the gutter on a screen."""
        return CellWidth(max(_LEAST, min(_MOST, whole // _SHARE, self._widest)))

    def spans(self, nodes: Collection[NodeIndex], cells: CellWidth) -> dict[NodeIndex, Span]:
        """Return the names of nodes in a width, which differ."""
        if cells != self._cells or len(self._known) > _KEPT:
            self._cells = cells
            self._known.clear()
        found = {node: self._known.get(node) or self._shortened(node, nodes) for node in nodes}
        taken: dict[str, NodeIndex] = {}
        for node in sorted(found):
            if taken.setdefault(found[node], node) != node:
                found[node] = self._numbered(node)
                taken[found[node]] = node
        self._known |= found
        return {node: Span(name, NAME_ROLES[node % len(NAME_ROLES)]) for node, name in found.items()}

    def whole(self, node: NodeIndex) -> str:
        """Return the name of a node without what all names begin with."""
        name = self._graph.labels[node]
        return label(name.removeprefix(self.beginning) or name, NAME_CHARACTERS)

    def _shortened(self, node: NodeIndex, nodes: Iterable[NodeIndex]) -> str:
        others = [self.whole(other) for other in nodes if other != node]
        name = self.whole(node)
        short = without_keys(name)
        if cell_width(short) <= self._cells and short not in map(without_keys, others):
            return short
        return told_apart(name, self._cells, others, (), self._look)

    def _numbered(self, node: NodeIndex) -> str:
        """Return a name with the number of its node, if nothing else tells it from another."""
        number = f"{self._look.glyphs.cut}{node}"
        return fit(self.whole(node), CellWidth(max(1, self._cells - len(number))))[: self._cells] + number
