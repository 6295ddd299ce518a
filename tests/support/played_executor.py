"""The executor in memory: a queue with slots, and processes that end when the test says so, or on the loop's clock."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from dagtui.engine.messages import (
    NO_OUTPUTS,
    Effect,
    Ended,
    EndKind,
    Result,
    SetSlots,
    Start,
    Started,
    Stop,
    Withdraw,
    Withdrawn,
)
from dagtui.engine.protocol import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TERM_TAKES = 0.1
"""Seconds in which a timed process ends after TERM."""


@dataclass
class Process:
    """A live process."""

    attempt: int
    slots: int
    told: bool = False
    """Whether it got TERM, which it may ignore."""
    killed: bool = False


class PlayedExecutor:
    """Keeps the executor protocol. Requests and results move only when the test moves them.

    Requests wait in `incoming` until `read` or `flush`, results wait in `outgoing` until `collect`, as in slow pipes.
    A process ends when the test calls `end`.
    """

    def __init__(self) -> None:
        self.slots = 0
        self.incoming: deque[Effect] = deque()
        self.line: list[Start] = []
        """Attempts that wait for slots."""
        self.alive: dict[int, Process] = {}
        self.outgoing: deque[Result] = deque()
        self.executed: dict[int, list[int]] = {}
        """Numbers of all attempts that began, by node."""
        self.begun: list[tuple[int, int]] = []
        """All attempts that began, in order: node and attempt."""
        self.most = 0
        """The most processes that were alive at once."""
        self.handed_on: Callable[[int], Mapping[str, str]] = lambda _attempt: NO_OUTPUTS
        """The values that an attempt with a number hands on."""
        self._deliver: Callable[[Result], None] = self.outgoing.append  # until it is opened, results stay
        self._closed = False
        self._closing: anyio.Event | None = None

    # The protocol

    def open(self, deliver: Callable[[Result], None], slots: int) -> None:
        self._deliver, self.slots = deliver, slots

    def start(self, node: int, attempt: int, slots: int) -> None:
        self.incoming.append(Start(node, attempt, slots))

    def stop(self, node: int, attempt: int, grace: float) -> None:
        self.incoming.append(Stop(node, attempt, grace))

    def withdraw(self, node: int, attempt: int) -> None:
        self.incoming.append(Withdraw(node, attempt))

    def set_slots(self, slots: int) -> None:
        self.incoming.append(SetSlots(slots))

    def acknowledge(self) -> None:
        """Do nothing: no result is kept after it was delivered."""

    def flush(self) -> None:
        if self._closed:
            self.incoming.clear()
        self.read(len(self.incoming))

    def collect(self) -> None:
        for _ in range(len(self.outgoing)):
            self._deliver(self.outgoing.popleft())

    async def serve(self) -> None:
        self.collect()
        if not self._closed:
            self._closing = anyio.Event()
            await self._closing.wait()

    async def close(self) -> None:
        """Kill all processes, and withdraw the attempts that wait."""
        self.slots = 0
        self.flush()
        self._closed = True
        for start in self.line:
            self._report(Withdrawn(start.node, start.attempt))
        self.line.clear()
        for node, process in list(self.alive.items()):
            process.killed = True
            self.end(node, EndKind.SIGNAL, 9)
        self.collect()
        if self._closing is not None:
            self._closing.set()

    def surroundings(self, node: int, attempt: int) -> Surroundings:
        return Surroundings("/", {}, {"DAGTUI_NODE": str(node), "DAGTUI_ATTEMPT": str(attempt)})

    # Played by the test

    def accept(self, effects: Iterable[Effect]) -> None:
        """Queue effects of the engine."""
        self.incoming.extend(effects)

    def read(self, count: int, *, broken: bool = False) -> None:
        """Carry out queued requests. A broken executor can't start anything."""
        for _ in range(min(count, len(self.incoming))):
            self._carry_out(self.incoming.popleft())
            self._begin(broken=broken)

    def end(self, node: int, kind: EndKind, value: int = 0, seconds: float = 0.0, *, left: int = 0) -> None:
        """End and reap a process. `seconds` is its time, unless it is lost, and `left` what it leaves behind."""
        process = self.alive.pop(node)
        if process.killed:
            kind, value = EndKind.SIGNAL, 9
        if kind is EndKind.LOST:
            seconds = 0.0
        self._report(
            Ended(
                node, process.attempt, kind, value, seconds=seconds, left=left, outputs=self.handed_on(process.attempt)
            )
        )
        self._begin()

    def find_up_to_date(self, start: Start) -> None:
        """Answer a request that was not read yet: nothing changed since the last success, so nothing is executed."""
        self.incoming.remove(start)
        values = self.handed_on(start.attempt - 1)
        text = "up to date: 1 input unchanged since run 1"
        self._report(Ended(start.node, start.attempt, EndKind.UP_TO_DATE, text=text, outputs=values))

    @property
    def quiet(self) -> bool:
        """Whether both pipes are empty."""
        return not self.incoming and not self.outgoing

    @property
    def used(self) -> int:
        """Number of slots that live processes use."""
        return sum(process.slots for process in self.alive.values())

    # Inside

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
                self._report(Withdrawn(effect.node, effect.attempt))
            elif isinstance(effect, Stop) and process is not None and process.attempt == effect.attempt:
                process.told = True
                process.killed |= effect.grace == 0
                self._stopped(effect)

    def _fits(self, start: Start) -> bool:
        if not self.slots:
            return False
        return start.slots <= max(0, self.slots - self.used) or not self.used

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
                self._report(Ended(start.node, start.attempt, EndKind.COULD_NOT_START, text="no such program"))
                continue
            assert start.node not in self.alive, "two attempts of a node are alive"
            assert start.attempt not in self.executed.setdefault(start.node, []), "an attempt number was reused"
            self.executed[start.node].append(start.attempt)
            self.begun.append((start.node, start.attempt))
            self.alive[start.node] = Process(start.attempt, start.slots)
            self.most = max(self.most, len(self.alive))
            self._report(Started(start.node, start.attempt))
            self._started(start)

    def _report(self, result: Result) -> None:
        self.outgoing.append(result)

    def _started(self, start: Start) -> None:
        """Do nothing: the test ends the process."""

    def _stopped(self, stop: Stop) -> None:
        """Do nothing: the test ends the process."""


class TimedExecutor(PlayedExecutor):
    """A played executor whose processes end by themselves on the clock of the event loop. Results arrive at once."""

    def __init__(self, script: Callable[[int, int], tuple[float, int]]) -> None:
        """Create the executor. `script` gives the seconds and the exit status of an attempt of a node."""
        super().__init__()
        self.script = script
        self.deaf: set[int] = set()
        """Nodes whose processes ignore TERM."""
        self.timers: dict[int, asyncio.TimerHandle] = {}
        self.began: dict[int, float] = {}

    def end(self, node: int, kind: EndKind, value: int = 0, seconds: float = 0.0, *, left: int = 0) -> None:
        self.timers.pop(node).cancel()
        super().end(node, kind, value, seconds, left=left)

    def _report(self, result: Result) -> None:
        super()._report(result)
        self.collect()

    def _started(self, start: Start) -> None:
        seconds, value = self.script(start.node, start.attempt)
        self.began[start.node] = asyncio.get_running_loop().time()
        self._end_after(seconds, start.node, EndKind.EXIT, value, seconds)

    def _stopped(self, stop: Stop) -> None:
        deaf = stop.node in self.deaf
        delay = stop.grace if deaf else min(stop.grace, TERM_TAKES)
        ends = asyncio.get_running_loop().time() + delay
        if ends < self.timers[stop.node].when():
            self.timers[stop.node].cancel()
            self._end_after(delay, stop.node, EndKind.SIGNAL, 9 if deaf else 15, ends - self.began[stop.node])

    def _end_after(self, delay: float, node: int, kind: EndKind, value: int, seconds: float) -> None:
        self.timers[node] = asyncio.get_running_loop().call_later(delay, self.end, node, kind, value, seconds)
