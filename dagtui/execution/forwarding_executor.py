"""The part that executors have in common that stand before another one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dagtui.engine.messages import AttemptNumber, Result, Slots
    from dagtui.engine.protocol import Executor, Handed, Surroundings
    from dagtui.graph.model import NodeIndex

Attempt = tuple["NodeIndex", "AttemptNumber"]


class ForwardingExecutor(ABC):
    """Passes calls on to another executor (see `dagtui.engine.protocol.Executor`).

    A subclass says what it does with results, how it stops attempts, and how it serves and closes.
    """

    def __init__(self, inner: Executor) -> None:
        self._inner = inner
        self._deliver: Callable[[Result], None] = _ignore

    def open(self, deliver: Callable[[Result], None], slots: Slots) -> None:
        """Prepare to execute attempts."""
        self._deliver = deliver
        self._inner.open(self._take, slots)

    def redirect(self, deliver: Callable[[Result], None]) -> None:
        """Pass results to another function."""
        self._deliver = deliver

    def stand_before(self, inner: Executor) -> Callable[[Result], None]:
        """Stand before an executor that is open. Return what its results must be passed to from now on."""
        self._inner = inner
        return self._take

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Submit an attempt."""
        self._inner.start(node, attempt, slots)

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that still waits."""
        self._inner.withdraw(node, attempt)

    def set_slots(self, slots: Slots) -> None:
        """Allow this many slots."""
        self._inner.set_slots(slots)

    def acknowledge(self) -> None:
        """Confirm what was delivered."""
        self._inner.acknowledge()

    def flush(self) -> None:
        """Send the requests made since the last call."""
        self._inner.flush()

    def collect(self) -> None:
        """Deliver the results that have arrived."""
        self._inner.collect()

    @property
    def keeps_going(self) -> bool:
        """Whether attempts outlive this process."""
        return self._inner.keeps_going

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Take up attempts of an earlier process of the run."""
        self._inner.take_up(handed)

    def surroundings(self, node: NodeIndex, attempt: AttemptNumber) -> Surroundings:
        """Return the surroundings that an attempt would get now."""
        return self._inner.surroundings(node, attempt)

    async def detach(self) -> None:
        """Leave, and let attempts go on where they outlive this process."""
        await self._leave(self._inner.detach)

    async def close(self) -> None:
        """End everything."""
        await self._leave(self._inner.close)

    @abstractmethod
    async def _leave(self, leave: Callable[[], Awaitable[None]]) -> None:
        """Let the other executor leave, with what is to be done before and after it."""

    @abstractmethod
    def _take(self, result: Result) -> None:
        """Take a result of the other executor."""


def _ignore(_: Result) -> None:
    """Do nothing: nothing is delivered before the executor is opened."""
