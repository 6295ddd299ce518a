"""An executor in memory: a queue with slots, processes that end on request of the test, and two slow pipes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.effects import Effect, SetSlots, Start, Stop, Withdraw
from dagtui.engine.messages import Ended, EndKind, Result, Started, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable

TOO_LONG = 9.0
"""Seconds that exceed all timeouts of the random graphs."""


@dataclass
class Process:
    """A live process."""

    attempt: int
    slots: int
    told: bool = False
    """Whether it got TERM, which it may ignore."""
    killed: bool = False


class ModelExecutor:
    """A model of the executor protocol. Effects and results move only when the test moves them."""

    def __init__(self) -> None:
        self.slots = 0
        self.incoming: deque[Effect] = deque()
        self.line: list[Start] = []
        """Attempts that wait for slots."""
        self.alive: dict[int, Process] = {}
        self.outgoing: deque[Result] = deque()
        self.executed: dict[int, list[int]] = {}
        """Numbers of all attempts that began, by node."""

    def accept(self, effects: Iterable[Effect]) -> None:
        """Queue effects of the engine."""
        self.incoming.extend(effects)

    def read(self, count: int, *, broken: bool = False) -> None:
        """Carry out queued effects. A broken executor can't start anything."""
        for _ in range(min(count, len(self.incoming))):
            self._carry_out(self.incoming.popleft())
            self._begin(broken=broken)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, SetSlots):
            self.slots = effect.slots
        elif isinstance(effect, Start):
            assert not any(other.node == effect.node for other in self.line), "a node is queued twice"
            self.line.append(effect)
        elif isinstance(effect, (Stop, Withdraw)):
            waiting = [start for start in self.line if start[:2] == effect[:2]]
            process = self.alive.get(effect.node)
            if waiting:
                self.line.remove(waiting[0])
                self.outgoing.append(Withdrawn(effect.node, effect.attempt))
            elif isinstance(effect, Stop) and process is not None and process.attempt == effect.attempt:
                process.told = True
                process.killed |= effect.grace == 0

    @property
    def used(self) -> int:
        """Number of slots that live processes use."""
        return sum(process.slots for process in self.alive.values())

    def _fits(self, start: Start) -> bool:
        if not self.slots:
            return False
        return start.slots <= self.slots - self.used or not self.alive

    def _begin(self, *, broken: bool = False) -> None:
        """Begin attempts that fit. One that is too wide begins when it is alone and no attempt before it fits."""
        while True:
            fitting = [start for start in self.line if self._fits(start)]
            small = [start for start in fitting if start.slots <= self.slots - self.used]
            if not fitting:
                return
            start = (small or fitting)[0]
            self.line.remove(start)
            if broken:
                self.outgoing.append(Ended(start.node, start.attempt, EndKind.COULD_NOT_START, text="no such program"))
                continue
            assert start.node not in self.alive, "two attempts of a node are alive"
            assert start.attempt not in self.executed.setdefault(start.node, []), "an attempt number was reused"
            self.executed[start.node].append(start.attempt)
            self.alive[start.node] = Process(start.attempt, start.slots)
            self.outgoing.append(Started(start.node, start.attempt))

    def end(self, node: int, kind: EndKind, value: int, seconds: float) -> None:
        """End and reap a process. `seconds` is its time, unless it was stopped first or is lost."""
        process = self.alive.pop(node)
        if process.killed:
            kind, value = EndKind.SIGNAL, 9
        if process.told:
            seconds = max(seconds, TOO_LONG)
        if kind is EndKind.LOST:
            seconds = 0.0
        self.outgoing.append(Ended(node, process.attempt, kind, value, seconds=seconds, left=process.attempt % 2))
        self._begin()

    @property
    def quiet(self) -> bool:
        """Whether both pipes are empty."""
        return not self.incoming and not self.outgoing
