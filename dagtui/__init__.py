"""dagtui: run a graph of tasks in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.engine.status import NodeStatus as NodeStatus
    from dagtui.engine.traverse import traverse as traverse
    from dagtui.graph.loading import load as load
    from dagtui.graph.model import Graph as Graph

__version__ = "0.1.0"
__all__ = ["Graph", "NodeStatus", "load", "traverse"]

_HOMES = {
    "Graph": "dagtui.graph.model",
    "NodeStatus": "dagtui.engine.status",
    "load": "dagtui.graph.loading",
    "traverse": "dagtui.engine.traverse",
}


def __getattr__(name: str) -> object:
    """Import what is asked for only then: the command line starts faster without the rest."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
