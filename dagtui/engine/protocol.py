"""What the run needs of the rooms around it: somebody who executes attempts, and somebody who keeps the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result


class JournalFullError(Exception):
    """Events could not be recorded now (disk full, say); nothing recorded before is lost, trying again may work."""

    def __init__(self, text: str, waits: str = "waits until the journal can be written") -> None:
        """`waits` says in a few words what the run waits for, for as long as it lasts; both are safe to show."""
        super().__init__(text)
        self.waits = waits


class Executor(Protocol):
    """Executes attempts; every call but `serve` and `close` returns at once, and none needs a running event loop.

    Calls between two `flush` calls are carried out in their order, as one batch. An attempt is known by (node,
    attempt). The executor never runs attempts of more slots than allowed: what does not fit waits in its queue and
    begins the moment slots are free, first come, first that fits; an attempt that wants more slots than there are
    begins when no other runs. With 0 slots nothing begins.
    """

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        """Get ready; results are handed to `deliver`, which returns at once, in the order in which they happened."""

    def start(self, node: int, attempt: int, slots: int) -> None:
        """Hand over an attempt: Started and Ended follow; Ended alone when it could not start; or Withdrawn."""

    def stop(self, node: int, attempt: int, grace: float) -> None:
        """TERM to all processes of an attempt, KILL after `grace` seconds (0: KILL now); one that waits is withdrawn.

        May be called again with a shorter grace. An attempt that is over, or was never handed over, is ignored.
        """

    def withdraw(self, node: int, attempt: int) -> None:
        """Take back an attempt that still waits (Withdrawn follows); one that has begun goes on."""

    def set_slots(self, slots: int) -> None:
        """Allow that many slots from now on; fewer than are in use stops nothing."""

    def acknowledge(self) -> None:
        """Note that all results that were delivered so far are on record."""

    def flush(self) -> None:
        """Send what was asked for since the last call."""

    def collect(self) -> None:
        """Deliver the results that have arrived by now, without waiting for any."""

    async def serve(self) -> None:
        """Deliver results until `close` has ended everything or the caller cancels; loses no result in between."""

    async def close(self) -> None:
        """End every process of every attempt, and return when none is left; bounded by the longest grace and 10 s."""


class Journal(Protocol):
    """Keeps the record of a run."""

    def write(self, events: Iterable[Event]) -> None:
        """Append the events; when it returns they survive the death of this process. Raises JournalFullError."""

    def sync(self) -> None:
        """Make what was written survive the loss of power; raises JournalFullError."""
