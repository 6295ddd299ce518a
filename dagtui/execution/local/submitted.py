"""Attempts as the app keeps them: from the request to the end, and to the end of their last process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Ended, EndKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.execution.local.frames import Message


class SubmittedAttempt:
    """An attempt that was submitted and has not ended."""

    __slots__ = ("argv", "begun", "cwd", "env", "logged", "path", "request", "sequence", "unwanted")

    def __init__(  # what a request is made of, for messages about it
        self, request: Message, sequence: int, path: str, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.path = path
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.begun = False
        self.logged = False
        """Whether its log is complete, because it has closed its output."""
        self.unwanted = False
        """Whether it is to be withdrawn if it has not begun."""


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
