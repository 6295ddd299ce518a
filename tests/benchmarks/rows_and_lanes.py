"""Rows, lanes and edges of the views of a graph: `python tests/benchmarks/rows_and_lanes.py [GRAPH.toml…]`.

Without files, it draws graphs that views of graphs stumble over: diamonds, a full mesh, a fan-out written as separate
tasks. An edge is *away* if its child stands above its parent. *Before* is a tree in which a node stands below the last
node before it, and each further edge has a row.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagtui.engine.state import RunState
from dagtui.graph.loading import load
from dagtui.graph.model import Graph, Task
from dagtui.tui.graph.layout import TOP, TreeLayout
from dagtui.tui.graph.nodes.dominators import longest_paths
from dagtui.tui.graph.views import View, Views

if TYPE_CHECKING:
    from collections.abc import Iterator

LAYERS, WIDTH, SHARDS, CHUNKS, DIAMONDS = 6, 6, 50, 97, 8


def of_tasks(edges: dict[str, list[str]], name: str) -> Graph:
    """A graph of separate tasks, each with what it needs."""
    numbers = {label: number for number, label in enumerate(edges)}
    pairs = [(numbers[parent], number) for number, needs in enumerate(edges.values()) for parent in needs]
    return Graph(list(edges), pairs, name=name, tasks=[Task(label) for label in edges])


def graphs() -> Iterator[Graph]:
    """The graphs that are drawn without a file."""
    diamonds: dict[str, list[str]] = {"a0": []}
    for at in range(1, DIAMONDS + 1):
        diamonds |= {f"{letter}{at}": [f"a{at - 1}"] for letter in "bcd"}
        diamonds[f"a{at}"] = [f"{letter}{at}" for letter in "bcd"]
    yield of_tasks(diamonds, "diamonds")
    mesh = {
        f"layer{layer} {letter}": [f"layer{layer - 1} {other}" for other in "abcdef"[:WIDTH]] if layer else []
        for layer in range(LAYERS)
        for letter in "abcdef"[:WIDTH]
    }
    yield of_tasks(mesh, "mesh")
    five: dict[str, list[str]] = {"prepare": []}
    five |= {f"shard{shard:02}": ["prepare"] for shard in range(SHARDS)}
    five |= {f"chunk{shard:02}.{at:02}": [f"shard{shard:02}"] for shard in range(SHARDS) for at in range(CHUNKS)}
    five |= {f"merge{shard:02}": [f"chunk{shard:02}.{at:02}" for at in range(CHUNKS)] for shard in range(SHARDS)}
    five["total"] = [f"merge{shard:02}" for shard in range(SHARDS)]
    yield of_tasks(five, "five")


def by_longest_paths(graph: Graph) -> TreeLayout:
    """The tree that Nodes was before, without its rows of matrices: each node below the last one before it."""
    depths = longest_paths(graph)
    parents = [max(graph.parents(node), key=depths.__getitem__, default=TOP) for node in graph.nodes]
    return TreeLayout(len(graph), (), parents, sorted(graph.nodes, key=depths.__getitem__))


def away(graph: Graph, layout: TreeLayout) -> str:
    """The share of edges whose child stands above its parent."""
    edges = ((parent, child) for child in graph.nodes for parent in graph.parents(child))
    found = sum(layout.positions[parent] > layout.positions[child] for parent, child in edges)
    return f"{100 * found // max(1, graph.edge_count)} %"


def measured(graph: Graph) -> list[str]:
    """What the views make of a graph."""
    views = Views(RunState(graph))
    nodes, tasks, groups = (views.outline(view) for view in (View.DEPENDENCY, View.TASKS, View.GROUP))
    lanes = tasks.layout.lanes  # type: ignore[attr-defined]
    edges = sum(map(len, tasks.layout.families.children))  # type: ignore[attr-defined]
    before = by_longest_paths(graph)
    further = graph.edge_count - sum(parent != TOP for parent in before.parents)
    return [
        graph.name,
        f"{len(graph):,}",
        f"{graph.edge_count:,}",
        f"{len(graph) + further:,}",
        away(graph, before),
        f"{len(nodes):,}",
        away(graph, nodes.layout),
        f"{len(groups):,}",
        f"{len(tasks):,}",
        f"{max((len(row.below) for row in lanes.rows), default=0)}",
        f"{edges - len(lanes.over)} of {edges}",
    ]


def main() -> None:
    heads = ["graph", "nodes", "edges", "rows before", "away", "rows: Nodes", "away", "rows: Groups", "rows: Tasks"]
    heads += ["lanes", "edges in words"]
    found = [load(path) for path in sys.argv[1:]] or list(graphs())
    table = [heads, *map(measured, found)]
    cells = [max(len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        print(
            "  ".join(
                text.rjust(cell) if at else text.ljust(cell)
                for at, (text, cell) in enumerate(zip(row, cells, strict=True))
            )
        )


if __name__ == "__main__":
    main()
