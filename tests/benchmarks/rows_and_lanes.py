"""Rows, lanes and edges of the two views that show edges: `python tests/benchmarks/rows_and_lanes.py [GRAPH.toml…]`.

Without files, it draws graphs that views of graphs stumble over: diamonds, a full mesh, a fan-out written as separate
tasks. An edge is *away* if its child stands above its parent.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagtui.graph.loading import load
from dagtui.graph.model import Graph, Task
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


def measured(graph: Graph) -> list[str]:
    """What the two views make of a graph."""
    views = Views(graph, bytes(len(graph)))
    nodes, tasks = views.outline(View.DEPENDENCY), views.outline(View.TASKS)
    layout = nodes.layout
    away = sum(
        layout.positions[parent] > layout.positions[child] for child in graph.nodes for parent in graph.parents(child)
    )
    lanes = tasks.layout.lanes  # type: ignore[attr-defined]
    edges = sum(map(len, tasks.layout.families.children))  # type: ignore[attr-defined]
    return [
        graph.name,
        f"{len(graph):,}",
        f"{graph.edge_count:,}",
        f"{len(layout):,}",
        f"{100 * away // max(1, graph.edge_count)} %",
        f"{len(tasks):,}",
        f"{max((len(row.below) for row in lanes.rows), default=0)}",
        f"{edges - len(lanes.over)} of {edges}",
    ]


def main() -> None:
    heads = ["graph", "nodes", "edges", "rows: Nodes", "away", "rows: Tasks", "lanes", "edges in words"]
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
