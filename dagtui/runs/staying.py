"""Which nodes stay as they are when a run is resumed, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import plural
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.model import Graph, NodeIndex

NAMED = 5
"""Number of nodes, or of changed tasks, that a message names."""


def stay_cancelled(graph: Graph, nodes: Collection[NodeIndex]) -> str:
    """Say which nodes stay cancelled, and how to undo that. Empty if there are none."""
    return _stay(graph, nodes, "cancelled", "to run {0}: retry, or --resume --rerun NODE")


def stay_held(graph: Graph, nodes: Collection[NodeIndex]) -> str:
    """Say which nodes stay held, and how to undo that. Empty if there are none."""
    return _stay(graph, nodes, "held", "release {0} to let {0} start")


def _stay(graph: Graph, nodes: Collection[NodeIndex], how: str, undo: str) -> str:
    """Say which nodes stay as they are. In `undo`, {0} stands for them."""
    if not nodes:
        return ""
    verb, them = ("stays", "it") if len(nodes) == 1 else ("stay", "them")
    return f"{plural(len(nodes), 'node')} {verb} {how}: {named(graph, nodes)}; {undo.format(them)}"


def named(graph: Graph, nodes: Collection[NodeIndex]) -> str:
    """Name some nodes and count the others. Safe to show."""
    return first_of([name_label(graph.labels[node]) for node in sorted(nodes)[:NAMED]], len(nodes), ", ")
