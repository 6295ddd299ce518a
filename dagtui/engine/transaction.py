"""Transactions: events that are applied to a state and can be rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from dagtui.engine.events import CommandEvent


class Snapshot:
    """A copy of everything in a state that events change.

    It takes about 50 bytes a node. Copying all of it is faster than asking each changed node first.
    """

    __slots__ = ("columns", "commands", "counts", "due", "left", "marks", "run", "times", "why")

    def __init__(
        self,
        columns: list[bytes],
        marks: dict[int, tuple[int, ...]],
        due: dict[int, float],
        why: dict[int, str],
        left: dict[int, int],
        commands: dict[int, CommandEvent],
        counts: list[int],
        run: tuple[int, bool, bool, int],
        times: tuple[float | None, float],
    ) -> None:
        self.columns = columns
        """Of each column its bytes: first the statuses, then the causes."""
        self.marks, self.due, self.why, self.left = marks, due, why, left
        self.commands, self.counts = commands, counts
        self.run = run
        """Slots, whether the run is paused, whether all was cancelled, the number of the last command."""
        self.times = times
        """When the last node was settled, and how long everything was."""

    @property
    def status(self) -> bytes:
        """The statuses, by node."""
        return self.columns[0]

    @property
    def cause(self) -> bytes:
        """The causes, by node."""
        return self.columns[1]


class Transaction:
    """A change of a state that is rolled back at its end, unless it is kept."""

    def __init__(self, before: Snapshot) -> None:
        self.before = before
        self.watch = Watch()
        """The changes made by the transaction."""
        self.kept = False
        """Whether the changes are kept. Set by the caller."""
