"""Ends of attempts: wait statuses of leaders as results, and results that wait for the attempt's last process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Ended, EndKind

if TYPE_CHECKING:
    from collections.abc import Iterator


def exited(node: int, attempt: int, status: int, seconds: float, left: int = 0) -> Ended:
    """Return the result of an attempt whose leader ended with a wait status."""
    number = status & 0x7F
    kind, value = (EndKind.SIGNAL, number) if number else (EndKind.EXIT, status >> 8)
    return Ended(node, attempt, kind, value, "", seconds, left=left)


class HeldEnds:
    """Results of attempts whose leader has ended, while other processes of them still run."""

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        self._ends: dict[tuple[int, int], tuple[int, Ended]] = {}

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Iterate over node and attempt of the results, oldest first."""
        return iter(tuple(self._ends))

    def add(self, end: Ended, number: int) -> None:
        """Hold a result. `number` results were reported before it."""
        self._ends[end.node, end.attempt] = number, end

    def take(self, node: int, attempt: int) -> Ended:
        """Remove and return a result."""
        return self._ends.pop((node, attempt))[1]

    def holds(self, end: Ended) -> bool:
        """Return whether this very result is held."""
        return self._ends.get((end.node, end.attempt), (0, None))[1] is end

    def delivered_of(self, reported: int) -> int:
        """Return how many of the reported results, counted from the first, were delivered before the first held one."""
        return next((number for number, _ in self._ends.values()), reported)
