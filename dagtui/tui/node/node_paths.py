"""What the shown node reads and writes, and which files join it to its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.files.matching import joined
from dagtui.graph.files.paths import NO_FILES, DeclaredPaths
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from dagtui.graph.files.paths import NodeFiles
    from dagtui.graph.model import Graph, NodeIndex

_MOST_NAMES = 2


class NodePaths:
    """The paths of one node. They are filled in once, for all of its neighbours."""

    def __init__(self, graph: Graph, node: NodeIndex) -> None:
        self._paths = DeclaredPaths(graph)
        self._files = self._of(node)
        self.inputs = [path.text for path in self._files.inputs]
        self.outputs = [path.text for path in self._files.outputs]

    def from_parent(self, parent: NodeIndex) -> str:
        """Say which inputs a parent writes."""
        return _said(joined(self._of(parent).outputs, self._files.inputs))

    def to_child(self, child: NodeIndex) -> str:
        """Say which inputs of a child the node writes."""
        return _said(joined(self._files.outputs, self._of(child).inputs))

    def _of(self, node: NodeIndex) -> NodeFiles:
        try:
            return self._paths.of(node)
        except ValueProblem:  # a variable is not set here
            return NO_FILES


def _said(names: list[str]) -> str:
    """Return what follows the status of a neighbour."""
    return f", by {first_of([name_label(name) for name in names[:_MOST_NAMES]], len(names))}" if names else ""
