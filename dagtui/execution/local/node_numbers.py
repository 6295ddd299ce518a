"""The numbers by which processes know nodes, in a run whose graph was reloaded.

Supervisor, reaper and start table know an attempt by the number of its node and its own. A reload may change the number
that a node has in the graph, but not its number here: that in the first graph of the session, or the next free one for
a node that was added later. The table is in the directory of the run while the numbers differ.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, cast

from dagtui.engine.messages import NO_ATTEMPT, Remark
from dagtui.graph.model import NO_NODE
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.messages import AttemptResult
    from dagtui.graph.model import NodeIndex

NAME = "numbers.json"
"""The file in a run's directory: the labels of the nodes, by their numbers for processes."""
_LARGEST = 1 << 30


class NodeNumbers:
    """The numbers of the nodes of a graph for processes, and back."""

    def __init__(self, labels: Sequence[str], graph_labels: Sequence[str]) -> None:
        """Number the nodes of a graph as `labels` has them, and those that it lacks after these."""
        numbers = {name: number for number, name in enumerate(labels)}
        self.labels = list(labels)
        for name in graph_labels:
            if name not in numbers:
                numbers[name] = len(self.labels)
                self.labels.append(name)
        self._numbers = [numbers[name] for name in graph_labels]
        self._nodes = [NO_NODE] * len(self.labels)
        for node, number in enumerate(self._numbers):
            self._nodes[number] = cast("NodeIndex", node)

    def number(self, node: NodeIndex) -> NodeIndex:
        """Return the number of a node for processes."""
        return cast("NodeIndex", self._numbers[node])

    def node(self, number: NodeIndex) -> NodeIndex:
        """Return the node of a number, or -1 if the graph does not have it any more."""
        return self._nodes[number] if number >= 0 else NO_NODE

    def renumbered(self, result: AttemptResult) -> AttemptResult:
        """Return a result with the number that its node has in the graph. A remark about another one names it."""
        if result.node < 0:
            return result
        node = self.node(result.node)
        if node < 0:
            return Remark(NO_NODE, NO_ATTEMPT, f"{label(self.labels[result.node])}: {_words(result)}")
        return result._replace(node=node)


def _words(result: AttemptResult) -> str:
    """Say what was reported of an attempt whose node is gone. Only remarks come after its end."""
    return result.text if isinstance(result, Remark) else "its attempt is over"


def read_labels(directory: str) -> list[str] | None:
    """Return the labels of the nodes by their numbers. None: the numbers are those of the recorded graph."""
    try:
        with open(os.path.join(directory, NAME), "rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    labels = found.get("labels") if isinstance(found, dict) else None
    return [str(label) for label in labels] if isinstance(labels, list) else None


def forget(directory: str) -> None:
    """Remove the file, because the numbers are those of the recorded graph again. Raises OSError."""
    path = os.path.join(directory, NAME)
    if os.path.lexists(path):
        os.unlink(path)


def as_json(labels: Sequence[str]) -> bytes:
    """Return the content of the file."""
    return json.dumps({"labels": list(labels)}, separators=(",", ":")).encode("utf-8", "backslashreplace")
