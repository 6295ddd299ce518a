"""Protocols that the run requires: an executor for attempts and a journal for events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result


class JournalFullError(Exception):
    """Raised when events can't be recorded now, for example because the disk is full.

    Nothing that was recorded before is lost, and a later try may succeed.
    """

    def __init__(self, text: str, waits: str = "waits until the journal can be written") -> None:
        """Create the error. `waits` says in a few words what the run waits for. Both texts are safe to show."""
        super().__init__(text)
        self.waits = waits


class Executor(Protocol):
    """Executes attempts, which are identified by (node, attempt).

    All calls except `serve` and `close` return at once, and need no running event loop. Calls between two `flush` calls
    are carried out in order, as one batch.

    The executor never exceeds the allowed slots. An attempt that does not fit waits in a queue. When slots become free,
    the first attempt in the queue that fits begins. An attempt that needs more slots than are allowed begins when no
    other runs. With 0 slots nothing begins.
    """

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        """Prepare to execute attempts. Pass results to `deliver`, which returns at once, in the order they happened."""

    def start(self, node: int, attempt: int, slots: int) -> None:
        """Submit an attempt. Started and Ended follow, Ended alone if it could not start, or Withdrawn."""

    def stop(self, node: int, attempt: int, grace: float) -> None:
        """Send TERM to all processes of an attempt, and KILL after `grace` seconds (0: KILL now).

        An attempt that still waits is withdrawn. May be called again with a shorter grace. An attempt that is over, or
        was never submitted, is ignored.
        """

    def withdraw(self, node: int, attempt: int) -> None:
        """Withdraw an attempt that still waits (Withdrawn follows). An attempt that has begun continues."""

    def set_slots(self, slots: int) -> None:
        """Allow this many slots from now on. Lowering them below those in use stops nothing."""

    def acknowledge(self) -> None:
        """Confirm that all results delivered so far are on record."""

    def flush(self) -> None:
        """Send the requests made since the last call."""

    def collect(self) -> None:
        """Deliver the results that have arrived, without waiting."""

    async def serve(self) -> None:
        """Deliver results until `close` has ended everything or the caller cancels. A cancel loses no result."""

    async def close(self) -> None:
        """End all processes of all attempts, and return when none is left, at most 10 s after the longest grace."""


class Journal(Protocol):
    """Records the events of a run."""

    def write(self, events: Iterable[Event]) -> None:
        """Append events so that they survive the death of this process. Raise JournalFullError if that fails."""

    def sync(self) -> None:
        """Make the written events survive a power loss. Raise JournalFullError if that fails."""
