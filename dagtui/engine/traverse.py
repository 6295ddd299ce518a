"""The Python door: the same traversal over a caller's own coroutine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from dagtui.engine.effects import Start
from dagtui.engine.messages import Ended, EndKind, Started
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from dagtui.engine.status import NodeStatus, Verdict
    from dagtui.graph.model import Graph

UNLIMITED = 1 << 30
BREATH = 64
"""Nodes that a worker does at most without letting the event loop breathe."""


@dataclass(frozen=True, slots=True)
class Traversed:
    """How a traversal ended."""

    verdict: Verdict
    statuses: dict[str, NodeStatus]
    """By label."""
    errors: dict[str, Exception] = field(default_factory=dict)
    """What the work raised last, by label, for nodes that failed."""


class _Traverse:
    """Workers over one traversal: each takes the next node when it is done with one, so that tasks are re-used."""

    def __init__(self, graph: Graph, work: Callable[[str], Awaitable[object]], jobs: int, group: TaskGroup) -> None:
        self.traversal = Traversal(graph, jobs, lookahead=0)
        self.labels = graph.labels
        self.work = work
        self.group = group
        self.errors: dict[str, Exception] = {}
        self.coming = 0
        """Workers that were recruited and have not begun."""
        self.starts: list[Start] = []
        self.wake = anyio.Event()
        self.origin = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self.origin

    async def worker(self) -> None:
        """Do the work of one ready node after the other, until there is none."""
        traversal, labels, errors, starts = self.traversal, self.labels, self.errors, self.starts
        if len(starts) > 1:
            self.recruit()
        done = 0
        while starts:
            node, attempt, _ = starts.pop()
            label = labels[node]
            traversal.handle(Started(node, attempt), self.now())
            value = 0
            try:
                await self.work(label)
            except Exception as error:  # noqa: BLE001 - whatever the caller's work raises is the node's failure
                errors[label] = error
                value = 1
            else:
                errors.pop(label, None)
            traversal.handle(Ended(node, attempt, EndKind.EXIT, value), self.now())
            self.take()
            done += 1
            if not done % BREATH:
                await anyio.lowlevel.checkpoint()
        self.wake.set()

    def take(self) -> None:
        """Note what may start, and find workers for it."""
        _, effects = self.traversal.take()
        for effect in effects:
            if isinstance(effect, Start):
                self.starts.append(effect)
        if len(self.starts) > 1:
            self.recruit()

    def recruit(self) -> None:
        """Let two more workers begin if there is work for them; each recruits in turn, so their number doubles.

        Work that never waits is done by the first before any other begins: a task for each would cost twice as much.
        """
        for _ in range(min(2, len(self.starts)) - self.coming):
            self.coming += 1
            self.group.start_soon(self.begin)

    async def begin(self) -> None:
        """Be one of the recruited."""
        self.coming -= 1
        await anyio.lowlevel.checkpoint_if_cancelled()
        await self.worker()

    async def drive(self) -> None:
        """Start what may start, and wait for back-offs, until everything is settled."""
        self.traversal.begin(self.now())
        while True:
            self.take()
            self.recruit()
            if self.traversal.settled:
                return
            self.wake = anyio.Event()
            alarm = self.traversal.next_alarm()
            patience = float("inf") if alarm is None else max(0.0, alarm - self.now())
            with anyio.move_on_after(patience):
                await self.wake.wait()
            self.traversal.wake(self.now())


async def traverse(graph: Graph, work: Callable[[str], Awaitable[object]], *, jobs: int | None = None) -> Traversed:
    """Run `work(label)` for every node of a graph, parents before children, and say how each ended.

    At most `jobs` run at a time (None: as many as are ready). A node whose work raises has failed: its descendants
    do not run, everything else does. Cancelling the caller cancels the work. The order of starts follows the longest
    way to the end of the graph.
    """
    async with anyio.create_task_group() as group:
        run = _Traverse(graph, work, UNLIMITED if jobs is None else jobs, group)
        await run.drive()
    state = run.traversal.state
    statuses = {label: state.status_of(node) for node, label in enumerate(graph.labels)}
    return Traversed(state.verdict(), statuses, run.errors)
