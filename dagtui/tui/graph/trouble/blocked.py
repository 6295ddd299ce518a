"""What failures block: the nodes below them that can't run."""

from __future__ import annotations

import time
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import CellWidth, count
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.look import Look

MOST_COUNTED: Final = 2_000
"""The most blocked nodes that are counted: more would hold up the screen."""
_MOST_LOOKED_AT: Final = 20_000
_BLOCKED: Final = NodeStatus.FAILED_PARENT
_SHARE: Final = 10
"""Counting again takes at most one part in this many of the time."""
_REMEMBERED: Final = 1_000
_LEAST_CELLS: Final = CellWidth(8)


class Blocked(NamedTuple):
    """The blocked nodes below some failures."""

    number: int = 0
    is_all: bool = True
    """Whether all were counted."""
    nearest: NodeIndex = NO_NODE
    furthest: NodeIndex = NO_NODE
    levels: int = 0
    """Number of edges to the furthest."""


class BlockedNodes:
    """Counts the blocked nodes below failures in sight, again when their number has changed."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._known: dict[Hashable, tuple[tuple[int, int], Blocked]] = {}
        self._again_at = 0.0

    def below(self, key: Hashable, failed: Sequence[NodeIndex]) -> Blocked:
        """Return what some failures block. While much changes, what they blocked a moment ago."""
        blocked = self._state.counts[NodeStatus.FAILED_PARENT]
        known = self._known.get(key)
        of = len(failed), blocked
        began = time.perf_counter()
        if known is not None and (known[0] == of or (self._state.unsettled and began < self._again_at)):
            return known[1]
        found = blocked_below(self._state, failed)
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known[key] = of, found
        ended = time.perf_counter()
        self._again_at = ended + _SHARE * (ended - began)
        return found


def blocked_below(state: RunState, failed: Sequence[NodeIndex]) -> Blocked:
    """Return the blocked nodes that can be reached from some failures through blocked ones."""
    seen: set[NodeIndex] = set()
    level, levels = list(islice(failed, MOST_COUNTED)), 0
    nearest = furthest = NO_NODE
    looked_at = 0
    while level:
        every = chain.from_iterable(map(state.graph.children, level))
        children = list(islice(every, 1 + _MOST_LOOKED_AT - looked_at))
        looked_at += len(children)
        level = [node for node in dict.fromkeys(children) if state.status[node] == _BLOCKED and node not in seen]
        if not level:
            break
        seen.update(level)
        levels, furthest = levels + 1, level[-1]
        nearest = min(level) if nearest < 0 else nearest
        if len(seen) > MOST_COUNTED or looked_at > _MOST_LOOKED_AT:
            return Blocked(MOST_COUNTED, is_all=False, nearest=nearest)
    return Blocked(len(seen), nearest=nearest, furthest=furthest, levels=levels)


def blocked_words(found: Blocked, name_of: Callable[[NodeIndex], str], room: CellWidth, look: Look) -> str:
    """Return what failures block in words: how many nodes, the nearest, and the furthest. Names are safe to show.

    The names are cut so that the words fit into `room` cells, as far as they stay names.
    """
    if not found.number:
        return "blocks nothing"
    begin = "blocks " if found.number == 1 else f"blocks {count(found.number)}{'' if found.is_all else '+'}: "
    shown = [found.nearest, found.furthest] if found.is_all and found.furthest != found.nearest else [found.nearest]
    joint = f" {look.glyphs.arrow} " if found.levels > 1 else ", "
    end = f", {look.glyphs.cut}" if found.number > len(shown) and found.levels < 2 else ""
    cells = CellWidth(max(_LEAST_CELLS, (room - len(begin) - len(joint) - len(end)) // len(shown)))
    return f"{begin}{joint.join(name_label(name_of(node), cells, look) for node in shown)}{end}"
