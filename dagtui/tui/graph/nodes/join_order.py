"""Order of the rows by dependency: joins directly after the last branch that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.graph.layout import TOP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.graph.model import Graph, NodeIndex


def joins_in_order(graph: Graph, parents: Sequence[int], members: Mapping[int, Sequence[NodeIndex]]) -> list[int]:
    """Return all items from top to bottom, branch by branch. Takes linear time in nodes and edges.

    Siblings are in file order, but one that needs others comes right after the branch of the last of them. `parents`
    has for each item the one above it, which lies on every path to it. `members` has for each group row the nodes below
    it. A group row comes when everything that its nodes need has a row.
    """
    count = len(graph)
    starts, ends = graph.flat_children
    row_of, missing = _needs(graph, members)
    freed: dict[int, list[int]] = {TOP: _roots(row_of, missing)}
    """For each item, those directly below it that became free in its last branch."""
    waiting: dict[int, list[int]] = {TOP: []}
    """For each item that is not done, those directly below it that became free before, the next one last."""
    sequence: list[int] = []
    branches = [TOP]
    while branches:
        above = branches[-1]
        rows = waiting[above]
        while rows or above in freed:
            if above in freed:
                new = freed.pop(above)
                new.reverse()
                rows += new
            item = rows.pop()
            sequence.append(item)
            if item >= count:
                freed[item] = list(members[item])
            else:
                for child in ends[starts[item] : starts[item + 1]]:
                    row = row_of[child]
                    missing[row] = left = missing[row] - 1
                    if not left:
                        freed.setdefault(parents[row], []).append(row)
            if item in freed:
                waiting[item] = []
                branches.append(item)
                break
        else:
            del waiting[branches.pop()]
    return sequence


def _needs(graph: Graph, members: Mapping[int, Sequence[NodeIndex]]) -> tuple[list[int], list[int]]:
    """Return for each node its row among its siblings, and for each item the number of edges that lead to it."""
    row_of: list[int] = list(graph.nodes)
    missing = graph.parent_counts
    for head, nodes in members.items():
        missing.append(sum(map(missing.__getitem__, nodes)))
        for node in nodes:
            row_of[node] = head
    return row_of, missing


def _roots(row_of: Sequence[int], missing: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(row for row in row_of if not missing[row]))
