"""Search for nodes by a part of their name."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate, compress
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex

_SEPARATOR = "\n"


class Names:
    """All labels in one string, so that a search runs at the speed of `str.find`. Case is ignored."""

    def __init__(self, labels: Sequence[str]) -> None:
        lowered = [label.lower() for label in labels]
        self._text = _SEPARATOR.join(lowered)
        self._starts = array("q", accumulate((len(label) + 1 for label in lowered), initial=0))[:-1]

    def matching(self, query: str) -> list[NodeIndex]:
        """Return the nodes whose label contains the query, in file order. A leading "!" inverts the match."""
        inverted = query.startswith("!") and len(query) > 1
        found = self._containing((query[1:] if inverted else query).lower())
        if not inverted:
            return cast("list[NodeIndex]", found)
        others = bytearray(b"\x01") * len(self._starts)
        for node in found:
            others[node] = 0
        return cast("list[NodeIndex]", list(compress(range(len(others)), others)))

    def _containing(self, part: str) -> list[int]:
        text, starts = self._text, self._starts
        found: list[int] = []
        if _SEPARATOR in part or not part:
            return found
        position = text.find(part)
        while position >= 0:
            node = bisect_right(starts, position) - 1
            found.append(node)
            position = text.find(part, starts[node + 1]) if node + 1 < len(starts) else -1
        return found
