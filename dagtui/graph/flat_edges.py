"""Edges as flat arrays: the ends of all edges, grouped by node, and the order that they give."""

from __future__ import annotations

from array import array
from operator import le, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_EDGES = 20_000_000


def flattened(count: int, keys: array[int], values: array[int]) -> tuple[array[int], array[int]]:
    """Group values by key with a stable counting sort. Return the offsets of the keys, and the sorted values."""
    starts = array("i", bytes(4 * (count + 1)))
    for key in keys:
        starts[key + 1] += 1
    for key in range(count):
        starts[key + 1] += starts[key]
    if all(map(le, keys, keys[1:])):
        return starts, values  # the order of a file, child by child
    ends = array("i", bytes(4 * len(values)))
    heads = starts[:]
    for key, value in zip(keys, values, strict=True):
        ends[heads[key]] = value
        heads[key] += 1
    return starts, ends


def parents_first(parent_starts: array[int], starts: array[int], ends: Sequence[int]) -> array[int]:
    """Return the nodes, parents before children, otherwise in the order of the file. Nodes of a cycle are left out.

    `starts` and `ends` are the offsets and ends of the edges to children.
    """
    missing = array("i", map(sub, parent_starts[1:], parent_starts))
    order = array("i", (node for node, parents in enumerate(missing) if not parents))
    position = 0
    while position < len(order):
        node = order[position]
        position += 1
        for child in ends[starts[node] : starts[node + 1]]:
            missing[child] -= 1
            if not missing[child]:
                order.append(child)
    return order
