"""Outline of the trouble view: its cursor passes by the rows that only say something about others."""

from __future__ import annotations

from itertools import chain

from dagtui.tui.graph.outline import Outline


class TroubleOutline(Outline):
    """The rows in sight of what is wrong."""

    def landing(self, row: int, step: int = -1) -> int:
        """Return the item on which a cursor lands that is moved to a row, by a step up or down."""
        count = len(self)
        ahead, back = (range(row, count), range(row, -1, -1))[:: 1 if step > 0 else -1]
        found = (self.item(other) for other in chain(ahead, back))
        return next((item for item in found if not self.layout.is_note(item)), self.item(row))
