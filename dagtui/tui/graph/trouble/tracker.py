"""Tracker of troubles: follows what is wrong while the view of it is shown, and costs nothing otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.graph.layout import GroupKind
from dagtui.tui.graph.trouble.layout import TroubleLayout
from dagtui.tui.graph.trouble.troubles import Clues, Troubles

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex


_FEW = 2_000
_SORTED_ANEW = 8
"""If more than one node in this many has changed, sorting what is wrong anew is cheaper than sorting in each."""


class TroubleTracker:
    """What is wrong with a run, as the trouble view shows it."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self.clues = Clues()
        """What is known besides the state of the run."""
        self.troubles: Troubles | None = None
        """What is wrong. None while the view is not shown."""
        self._is_outdated = False
        self._kept: NodeIndex | None = None

    def take(self, nodes: Collection[NodeIndex]) -> None:
        """Adopt what has become of some nodes, and what else is known of them."""
        if self.troubles is None:
            return
        if len(nodes) > max(_FEW, len(self._state.graph) // _SORTED_ANEW):
            self.troubles, self._is_outdated = Troubles(self._state, self.clues), True
        else:
            self._is_outdated |= self.troubles.take(nodes)

    def is_outdated(self, cursor: int) -> bool:
        """Return whether the rows no longer show what is wrong, with the cursor on an item."""
        return self._is_outdated or (self._kept is not None and self._kept != cursor)

    def layout(self, node: NodeIndex | None, unfolded: Collection[str]) -> TroubleLayout:
        """Return the rows that show what is wrong now.

        A node without trouble has a row, whether or not its section is one of the unfolded ones.
        """
        if self.troubles is None:
            self.troubles = Troubles(self._state, self.clues)
        if node is not None:
            section = GroupKind.OUTSIDE if self._state.is_outside(node) else GroupKind.REST
            node = None if section.value in unfolded else node
        layout = TroubleLayout(self.troubles, self._state, node)
        self._is_outdated, self._kept = False, layout.kept
        return layout

    def close(self) -> None:
        """Forget what is wrong: the view is not shown."""
        self.troubles, self._is_outdated, self._kept = None, False, None
