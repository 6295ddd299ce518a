"""Transactions: events that are applied to a state and can be rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from dagtui.engine.state import RunState


class Snapshot:
    """A copy of everything in a state that events change.

    It takes about 50 bytes a node. Copying all of it is faster than asking each changed node first.
    """

    def __init__(self, state: RunState) -> None:
        self.columns = [bytes(column) for column in state.columns()]
        self.status, self.cause = self.columns[:2]
        self.marks, self.due, self.why = state.marks.copy(), state.due.copy(), state.why.copy()
        self.left = state.left.copy()
        self.commands, self.counts = state.commands.copy(), state.counts[:]
        self.run = (state.jobs, state.paused, state.cancelled_all, state.command_number)
        self.times = (state.settled_at, state.parked)


class Transaction:
    """A change of a state that is rolled back at its end, unless it is kept."""

    def __init__(self, state: RunState) -> None:
        self.before = Snapshot(state)
        self.watch = Watch()
        """The changes made by the transaction."""
        self.kept = False
        """Whether the changes are kept. Set by the caller."""
