"""Which edges of a graph only files make. Nodes are plain integers, so that the model imports this alone."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class FileEdges:
    """Edges that files make. Those of a graph are the ones that only files make: `needs` does not name the parent."""

    __slots__ = ("_codes", "_count")

    def __init__(self, edges: Iterable[tuple[int, int]], count: int) -> None:
        """Store (parent, child) pairs of a graph with `count` nodes, each pair once."""
        self._count = count
        self._codes = array("q", sorted({below * count + above for above, below in edges}))

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield (parent, child), in the order of the children."""
        return ((code % self._count, code // self._count) for code in self._codes)

    def has(self, above: int, below: int) -> bool:
        """Return whether only files make the edge from a parent to a child."""
        code = below * self._count + above
        place = bisect_left(self._codes, code)
        return place < len(self._codes) and self._codes[place] == code
