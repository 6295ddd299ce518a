"""Transactions: events that are applied to a state and can be rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from dagtui.engine.columns import Columns


class Transaction:
    """A change of a state that is rolled back at its end, unless it is kept."""

    def __init__(self, before: Columns) -> None:
        self.before = before
        """A copy of the state as it was."""
        self.watch = Watch()
        """The changes made by the transaction."""
        self.kept = False
        """Whether the changes are kept. Set by the caller."""
