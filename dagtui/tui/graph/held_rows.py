"""How many nodes are held behind a row."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.tui.graph.layout import TreeLayout

HELD = "held"


class HeldRows:
    """The positions of held nodes in a layout. They are looked up again when nodes were held or released."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._known: tuple[set[NodeIndex], int, int, TreeLayout] | None = None
        self._positions: Sequence[int] = ()

    def count(self, layout: TreeLayout, branch: tuple[int, int] | None) -> int:
        """Return the number of held nodes in a range of positions, or 0 without one."""
        held = self._state.held
        if not held or branch is None:
            return 0
        # A command has another number, a node that begins makes the set smaller, and a resume makes another one.
        known = self._state.command_number, len(held), layout
        if self._known is None or self._known[0] is not held or self._known[1:] != known:
            self._known = held, *known
            self._positions = sorted(layout.positions[node] for node in held)
        return bisect_left(self._positions, branch[1]) - bisect_left(self._positions, branch[0])
