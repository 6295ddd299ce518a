"""What the gates of a run ask: their questions, with placeholders filled in when they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Question
from dagtui.graph.gates import Gate
from dagtui.graph.resolution import ResolutionError, Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex

LONGEST = 4000
"""Characters of a question that are asked. Values that other nodes hand on may be long."""


class Questions:
    """Asks for the gates of one run. Made only for a graph that has some."""

    def __init__(self, graph: Graph, environment: Mapping[str, str], state: RunState) -> None:
        """`graph` is the one that is executed. The traversal redacts what is asked."""
        self._resolver = Resolver(graph, environment)
        self._state = state

    def __call__(self, node: NodeIndex) -> Question:
        """Return what a gate asks now."""
        try:
            action = self._resolver.resolve(node, self._state.status_name, self._state.outputs_of).action
        except ResolutionError as error:
            return Question("", str(error))
        text = action.question.strip() if isinstance(action, Gate) else ""
        return Question(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
