"""The targets of a run: what a call names, what runs by default, and what joins a run that is resumed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.engine.targets import Targets, with_finally
from dagtui.engine.walks import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.files.paths import DeclaredPath
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.secrets import Secrets


def default_targets(graph: Graph) -> Targets | None:
    """Return what runs if no node is named, or None for all nodes. Raises ChoiceError if that is nothing."""
    if graph.runs_everything:
        return None
    from dagtui.graph.matrix.selection import default_nodes

    return with_finally(graph, Targets(default_nodes(graph)))


def nodes_of(graph: Graph, targets: Targets | None) -> Collection[NodeIndex]:
    """Return all nodes that are part of a run of the targets. None means all nodes."""
    return graph.nodes if targets is None else reach(targets.nodes, graph.parents)


def joining(graph: Graph, state: RunState, named: Targets | None, rerun: Sequence[NodeIndex]) -> Targets | None:
    """Return what joins a run that is resumed: what the call names, or what runs by default now. None: nothing.

    A run that was called with names gets no defaults. What is to be run again joins in any case.
    """
    wanted = named or (Targets(()) if state.named else default_targets(graph) or Targets(tuple(graph.nodes)))
    found = tuple(node for node in dict.fromkeys((*wanted.nodes, *rerun)) if state.is_outside(node))
    return Targets(found, wanted.named) if found else None


def refuse_missing_inputs(graph: Graph, targets: Targets | None, secrets: Secrets | None) -> None:
    """Raise GraphError if the targets, or what they need, read what does not exist and no task writes."""
    from dagtui.graph.files.missing import refuse_missing

    mask = str if secrets is None else secrets.mask
    refuse_missing(graph, nodes_of(graph, targets), mask, value_problems(graph))


def value_problems(graph: Graph) -> Callable[[DeclaredPath], str]:
    """Return what tells what is wrong with the files of values that are inputs. Few graphs have any."""
    if not any("#" in text for task in graph.tasks for text in task.inputs):
        return lambda _path: ""
    from dagtui.execution.files.values import ValueFiles

    return ValueFiles(os.path.abspath(graph.directory or "")).problem_of
