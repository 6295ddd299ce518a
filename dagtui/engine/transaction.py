"""Events that are tried out on a state, and what it takes to take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from dagtui.engine.state import RunState


class Snapshot:
    """Copies of all that events change in a state: some 50 bytes a node, quicker copied than asked for."""

    def __init__(self, state: RunState) -> None:
        self.columns = [bytes(column) for column in state.columns()]
        self.status, self.cause = self.columns[:2]
        self.marks, self.due, self.why = state.marks.copy(), state.due.copy(), state.why.copy()
        self.left = state.left.copy()
        self.commands, self.counts = state.commands.copy(), state.counts[:]
        self.run = (state.jobs, state.paused, state.cancelled_all, state.command_number)
        self.times = (state.settled_at, state.parked)


class Transaction:
    """Events that are tried out on a state."""

    def __init__(self, state: RunState) -> None:
        self.before = Snapshot(state)
        self.watch = Watch()
        """What they changed."""
        self.kept = False
        """Whether they stay; set by whoever rehearses."""
