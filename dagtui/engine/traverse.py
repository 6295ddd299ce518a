"""The Python API: run a caller's coroutine for each node of a graph."""

from __future__ import annotations

import os
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import anyio
import anyio.lowlevel

from dagtui.engine.messages import Ended, EndKind, Start, Started, Stop, Withdraw, Withdrawn
from dagtui.engine.stalls import LATE, MOMENT
from dagtui.engine.traversal import Traversal
from dagtui.text.amounts import NEVER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from dagtui.engine.status import NodeStatus, Verdict
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

UNLIMITED = 1 << 30
YIELD_AFTER = 64
"""Maximum number of nodes that a worker runs before it yields to the event loop."""


@dataclass(frozen=True, slots=True)
class Traversed:
    """How a traversal ended."""

    verdict: Verdict
    statuses: dict[str, NodeStatus]
    """Final status of each node, by label."""
    errors: dict[str, BaseException] = field(default_factory=dict)
    """The last exception of each failed node, by label. TimeoutError if the node timed out."""


class _Traverse:
    """A pool of workers over one traversal. A worker runs one node after another, so that tasks are reused."""

    def __init__(self, graph: Graph, work: Callable[[str], Awaitable[object]], jobs: int, group: TaskGroup) -> None:
        self.graph = graph
        self.traversal = Traversal(graph, jobs, lookahead=0)
        if any(task.condition for task in graph.tasks):
            from dagtui.engine.conditions import Conditions

            self.traversal.conditions = Conditions(graph, dict(os.environ))
        self.traversal.services = None  # the caller's work for a service is done when it returns
        self.work = work
        self.group = group
        self.errors: dict[str, BaseException] = {}
        self.coming = 0
        """Number of workers that were recruited and have not begun."""
        self.starts: deque[Start] = deque()
        """Attempts that may begin, most urgent first."""
        self.scopes: dict[int, anyio.CancelScope] = {}
        """Cancel scopes of attempts that have a timeout, or whose run has one, by node."""
        self.is_limited = graph.settings.timeout is not None
        self.wake = anyio.Event()
        self.wakes_at = NEVER
        """Time at which `drive` wakes for the next alarm."""
        self.clock = cast("Callable[[], ClockTime]", time.monotonic)
        self.origin = time.monotonic()

    def now(self) -> ClockTime:
        return self.clock() - self.origin

    async def worker(self) -> None:
        """Run ready nodes one after another until there is none."""
        traversal, labels, starts = self.traversal, self.graph.labels, self.starts
        if len(starts) > 1:
            self.recruit()
        done = 0
        while starts:
            node, attempt, _ = starts.popleft()
            began = self.now()
            traversal.handle(Started(node, attempt), began)
            error = await self.attempt(node)
            if error is None:
                self.errors.pop(labels[node], None)
            else:
                self.errors[labels[node]] = error
            ended, value = self.now(), 0 if error is None else 1
            traversal.handle(Ended(node, attempt, EndKind.EXIT, value, seconds=ended - began), ended)
            self.take()
            done += 1
            if not done % YIELD_AFTER:
                await anyio.lowlevel.checkpoint()
        self.wake.set()

    async def attempt(self, node: NodeIndex) -> BaseException | None:
        """Run the work of a node. Return the exception it raised, or None."""
        timeout = self.graph.task(node).timeout
        if timeout is None and not self.is_limited:
            return await self.try_work(node)
        self.check_alarms()
        error: BaseException | None = None
        with anyio.CancelScope() as scope:
            self.scopes[node] = scope
            error = await self.try_work(node)
        del self.scopes[node]
        if not scope.cancel_called:
            return error
        return TimeoutError(self.traversal.state.why.get(node, "the run took too long"))

    async def try_work(self, node: NodeIndex) -> BaseException | None:
        try:
            await self.work(self.graph.labels[node])
        except Exception as error:  # noqa: BLE001 - any exception of the caller's work is the node's failure
            return error
        except anyio.get_cancelled_exc_class() as error:
            if anyio.current_effective_deadline() == float("-inf"):
                raise
            return error  # this task is not cancelled: the work awaited something that was
        return None

    def take(self) -> None:
        """Carry out the traversal's effects, and recruit workers for attempts that may begin."""
        while True:
            _, effects = self.traversal.take()
            unwanted: set[tuple[int, int]] = set()
            for effect in effects:
                if isinstance(effect, Start):
                    self.starts.append(effect)
                elif isinstance(effect, Withdraw):
                    unwanted.add(effect)
                elif isinstance(effect, Stop):
                    self.scopes[effect.node].cancel()
            if not unwanted:
                break
            self.withdraw(unwanted)
        self.check_alarms()
        if len(self.starts) > 1:
            self.recruit()

    def withdraw(self, unwanted: set[tuple[int, int]]) -> None:
        """Withdraw attempts that have not begun."""
        waiting = list(self.starts)
        self.starts.clear()
        self.starts.extend(start for start in waiting if start[:2] not in unwanted)
        gone = [Withdrawn(*start[:2]) for start in waiting if start[:2] in unwanted]
        self.traversal.handle_results(gone, self.now())

    def check_alarms(self) -> None:
        """Wake `drive` if an alarm is due earlier than it expects."""
        alarm = self.traversal.next_alarm()
        if alarm is not None and alarm < self.wakes_at:
            self.wake.set()

    def recruit(self) -> None:
        """Start up to two more workers if there is work. Each recruits in turn, so their number doubles.

        The first worker finishes work that never waits before another begins. A task for each would cost twice as much.
        """
        for _ in range(min(2, len(self.starts)) - self.coming):
            self.coming += 1
            self.group.start_soon(self.begin)

    async def begin(self) -> None:
        """Run as a recruited worker."""
        self.coming -= 1
        await anyio.lowlevel.checkpoint_if_cancelled()
        await self.worker()

    async def drive(self) -> None:
        """Start nodes, and wait for back-offs and timeouts, until everything is settled."""
        self.traversal.begin(self.now())
        while True:
            self.take()
            self.recruit()
            if self.traversal.settled:
                return
            self.wake = anyio.Event()
            alarm = self.traversal.next_alarm()
            self.wakes_at = NEVER if alarm is None else alarm
            with anyio.move_on_after(max(0.0, self.wakes_at - self.now())):
                await self.wake.wait()
            if self.now() - self.wakes_at > LATE:  # the event loop stalled: process finished work before alarms
                await anyio.sleep(MOMENT)
            self.traversal.wake(self.now())


async def traverse(graph: Graph, work: Callable[[str], Awaitable[object]], *, jobs: int | None = None) -> Traversed:
    """Run `work(label)` for every node of a graph, parents before children.

    A node whose work raises an Exception fails: its descendants do not run, but everything else does. Retries,
    timeouts, triggers and `keep_going` apply as the graph defines them. A timeout cancels the work. Cancelling the
    caller, or a BaseException that is not an Exception, cancels all work. Ready nodes start in critical-path order.

    Args:
        graph: The graph to traverse.
        work: Called with the label of each node that runs.
        jobs: Maximum number of nodes that run at a time, or None for no limit.

    Returns:
        The verdict, and the status and last exception of each node.

    Raises:
        ValueError: `jobs` is less than 1.

    Example:
        >>> result = anyio.run(dagtui.traverse, graph, work)
        >>> result.verdict.value, result.statuses["report"].word
        ('completed', 'done')
    """
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs must be 1 at least, or None for no limit, not {jobs}")
    async with anyio.create_task_group() as group:
        run = _Traverse(graph, work, UNLIMITED if jobs is None else jobs, group)
        await run.drive()
    state = run.traversal.state
    statuses = {label: state.status_of(node) for node, label in zip(graph.nodes, graph.labels, strict=True)}
    return Traversed(state.verdict(), statuses, run.errors)
