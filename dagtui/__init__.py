"""dagtui: run a graph of tasks in the terminal.

From Python, `load` reads a graph file, `Graph.from_edges` builds a graph, and `traverse` runs a coroutine per node.

Example:
    >>> import anyio, dagtui
    >>> graph = dagtui.Graph.from_edges(["fetch", "train"], [("fetch", "train")])
    >>> async def work(label):
    ...     print(label)
    >>> anyio.run(dagtui.traverse, graph, work).verdict.value
    fetch
    train
    'completed'
"""

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
    """Import submodules lazily to keep CLI start-up fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
