"""The targets of a run: what a call names, what runs by default, and what joins a run that is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import Graph, NodeIndex


def default_targets(graph: Graph) -> Targets | None:
    """Return what runs if no node is named, or None for all nodes. Raises ChoiceError if that is nothing."""
    if graph.runs_everything:
        return None
    from dagtui.graph.matrix.selection import default_nodes

    return Targets(default_nodes(graph))


def joining(graph: Graph, state: RunState, named: Targets | None, rerun: Sequence[NodeIndex]) -> Targets | None:
    """Return what joins a run that is resumed: what the call names, or what runs by default now. None: nothing.

    A run that was called with names gets no defaults. What is to be run again joins in any case.
    """
    wanted = named or (Targets(()) if state.named else default_targets(graph) or Targets(tuple(graph.nodes)))
    found = tuple(node for node in dict.fromkeys((*wanted.nodes, *rerun)) if state.is_outside(node))
    return Targets(found, wanted.named) if found else None
