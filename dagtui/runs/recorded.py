"""Null objects for a run that only shows a recording: nothing is executed or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result


class NullExecutor:
    """An executor that records requests and never answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int, int]] = []

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        """Do nothing."""

    def start(self, node: int, attempt: int, slots: int) -> None:  # noqa: ARG002 - the protocol's signature
        """Record the request."""
        self.requests.append(("start", node, attempt))

    def stop(self, node: int, attempt: int, grace: float) -> None:  # noqa: ARG002 - the protocol's signature
        """Record the request."""
        self.requests.append(("stop", node, attempt))

    def withdraw(self, node: int, attempt: int) -> None:
        """Record the request."""
        self.requests.append(("withdraw", node, attempt))

    def set_slots(self, slots: int) -> None:
        """Do nothing."""

    def acknowledge(self) -> None:
        """Do nothing: nothing was delivered."""

    def flush(self) -> None:
        """Do nothing."""

    def collect(self) -> None:
        """Do nothing: there are no results."""

    async def serve(self) -> None:
        """Wait until cancelled: there are no results."""
        import anyio

        await anyio.sleep_forever()

    async def close(self) -> None:
        """Do nothing: there is nothing to end."""


class NullJournal:
    """The journal of a run that is already recorded."""

    def write(self, events: Iterable[Event]) -> None:
        """Discard the events."""

    def sync(self) -> None:
        """Do nothing: nothing was written."""
