"""Transactions: events that are applied to a state and can be rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.watch import Watch

if TYPE_CHECKING:
    from dagtui.engine.events import CommandEvent


class Snapshot(NamedTuple):
    """A copy of everything in a state that events change.

    It takes about 50 bytes a node. Copying all of it is faster than asking each changed node first.
    """

    columns: list[bytes]
    """Of each column its bytes: first the statuses, then the causes."""
    marks: dict[int, tuple[int, ...]]
    due: dict[int, float]
    why: dict[int, str]
    left: dict[int, int]
    commands: dict[int, CommandEvent]
    counts: list[int]
    run: tuple[int, bool, bool, int]
    """Slots, whether the run is paused, whether all was cancelled, the number of the last command."""
    times: tuple[float | None, float]
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
