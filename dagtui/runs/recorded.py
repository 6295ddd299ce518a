"""The rooms around a run that only shows what was recorded: nothing is executed and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.events import Event
    from dagtui.engine.messages import Result


class NullExecutor:
    """An executor for which time stands still: requests are noted, nothing ever answers."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int, int]] = []

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        """Nothing to get ready."""

    def start(self, node: int, attempt: int, slots: int) -> None:  # noqa: ARG002 - the protocol's signature
        """Note the request."""
        self.requests.append(("start", node, attempt))

    def stop(self, node: int, attempt: int, grace: float) -> None:  # noqa: ARG002 - the protocol's signature
        """Note the request."""
        self.requests.append(("stop", node, attempt))

    def withdraw(self, node: int, attempt: int) -> None:
        """Note the request."""
        self.requests.append(("withdraw", node, attempt))

    def set_slots(self, slots: int) -> None:
        """Nothing runs."""

    def acknowledge(self) -> None:
        """Nothing was delivered."""

    def flush(self) -> None:
        """Nothing is sent."""

    def collect(self) -> None:
        """There are no results."""

    async def serve(self) -> None:
        """Wait until cancelled: there are no results."""
        import anyio

        await anyio.sleep_forever()

    async def close(self) -> None:
        """Nothing to end."""


class NullJournal:
    """A journal of a run that is on record already."""

    def write(self, events: Iterable[Event]) -> None:
        """Forget the events."""

    def sync(self) -> None:
        """Nothing to sync."""
