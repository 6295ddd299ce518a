"""Small graph files for tests, and what loading them says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.loading import load_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import Graph, Task


def graph_of(body: str, parameters: Mapping[str, str] | None = None) -> Graph:
    """The graph of a file, given without its `version` line."""
    return load_text("version = 1\n" + body, "demo.toml", parameters or {})


def task_of(body: str, head: str = "") -> Task:
    """The task `a` of a file, given as the keys of that task and what stands before it."""
    graph = graph_of(f"{head}\n[tasks.a]\n{body}\n")
    return next(task for task in graph.tasks if task.name == "a")


def problems_of(body: str, parameters: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
    """What is wrong with a file, given without its `version` line, which is line 1."""
    with pytest.raises(GraphError) as caught:
        graph_of(body, parameters)
    return caught.value.problems


def edges_of(graph: Graph) -> list[tuple[str, str]]:
    """All (parent, child) pairs by their labels, in the order of the children."""
    return [(graph.labels[parent], graph.labels[node]) for node in range(len(graph)) for parent in graph.parents(node)]
