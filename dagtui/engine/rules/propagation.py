"""The statuses that follow from others: what a node that has not begun is, given its parents and its marks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagtui.engine.effects import Stop, Withdraw
from dagtui.engine.events import Event, NodeEvent, with_text
from dagtui.engine.followers import find_followers
from dagtui.engine.rules.triggers import TABLE
from dagtui.engine.status import Cause, NodeStatus, ParentOutcome
from dagtui.engine.why import status_why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.engine.effects import Effect
    from dagtui.engine.state import RunState
    from dagtui.engine.transaction import Transaction
    from dagtui.graph.model import Graph

DERIVED = frozenset({NodeStatus.WAITING, NodeStatus.READY, NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED})
"""What bears a mark is CANCELLED, and derived again when its last mark is lifted."""
_BLOCKED_BY = {NodeStatus.FAILED_PARENT: ParentOutcome.BAD, NodeStatus.SKIPPED: ParentOutcome.SKIP}


class Propagation:
    """Changes of a state by events, with all that follows from each; the traversal is built on it."""

    def __init__(self, graph: Graph, state: RunState) -> None:
        self.graph = graph
        self.state = state
        self.now = 0.0
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.submitted: dict[int, int] = {}
        """Slots by node, of attempts that were handed over and have not begun."""
        self.unkillable: set[int] = set()
        """Nodes that outlived KILL."""
        self.stop_deadline: dict[int, float] = {}
        """Nodes whose attempt was told to stop, and when it counts as unkillable."""
        self.mask: Callable[[str], str] | None = None
        """Takes out of the text of every event what must neither be shown nor recorded."""
        self.fail_fast_command = 0
        """The number of the command by which a failure ended the beginning of nodes (`keep_going = false`), or 0."""
        self.no_retry: set[int] = set()
        """Nodes whose failure is not retried before they are reset: they were alive at that moment, or can't start."""
        self.restarted: set[int] = set()
        """Nodes that were settled or stopped once; when they begin, what began below them before is stale."""
        self._rules = [TABLE[task.trigger] for task in graph.tasks]
        self._followers: bytes | None = None

    @property
    def followers(self) -> bytes:
        """By node, whether rule 9 concerns it; empty when it concerns none. Found when it is first asked for."""
        if self._followers is None:
            self._followers = find_followers(self.graph)
        return self._followers

    def emit(self, event: Event) -> None:
        """Let an event happen and keep it for the journal."""
        if self.mask is not None:
            event = with_text(event, self.mask)
        self.state.apply(event)
        self.events.append(event)

    def set(  # the fields of an event, given by name
        self,
        node: int,
        status: NodeStatus,
        cause: Cause = Cause.NONE,
        why: str = "",
        *,
        attempt: int | None = None,
        value: int = 0,
        seconds: float = 0.0,
        blocker: int = -1,
        marks: tuple[int, ...] | None = None,
        due: float = 0.0,
        fresh: bool = False,
        stale: bool = False,
        left: int = 0,
    ) -> None:
        """Bring a node to a status; its number of attempts and its marks stay unless they are given."""
        state = self.state
        if attempt is None:
            attempt = state.attempt[node]
        if marks is None:
            marks = state.marks.get(node, ())
        why = why or status_why(state, status, cause, attempt, blocker, marks)
        if self.mask is not None:
            why = self.mask(why)
        event = NodeEvent(
            self.now,
            node,
            attempt,
            status,
            cause,
            why,
            value,
            seconds,
            blocker,
            marks,
            due,
            fresh,
            stale,
            left,
        )
        state.apply_node(event)
        self.events.append(event)

    def propagate(self, node: int) -> None:
        """Bring a node that has not begun, and bears no mark, to the status that its parents and trigger give it."""
        state = self.state
        old = state.status[node]
        if old not in DERIVED or (old == NodeStatus.SKIPPED and state.cause[node] == Cause.PERSON):
            return
        status, cause = self._follows(node)
        if status != old or not self._still_blocked(node, status):
            self._become(node, status, cause)

    def _follows(self, node: int) -> tuple[NodeStatus, Cause]:
        """The status that a node's parents and trigger give it."""
        state, graph = self.state, self.graph
        rule = self._rules[graph.task_of[node]]
        return rule(graph.parent_count(node), state.ok[node], state.bad[node], state.skip[node])

    def _still_blocked(self, node: int, status: NodeStatus) -> bool:
        """Whether the parent that is stored as the one in the way still is."""
        wanted, blocker = _BLOCKED_BY.get(status), self.state.blocker[node]
        return wanted is None or blocker < 0 or self.state.standing_of(blocker) is wanted

    def _become(self, node: int, status: NodeStatus, cause: Cause) -> None:
        if node in self.submitted:
            self.effects.append(Withdraw(node, self.state.attempt[node]))
        if status <= NodeStatus.READY and self.state.status[node] >= NodeStatus.COMPLETED:
            self.restarted.add(node)
        wanted = _BLOCKED_BY.get(status)
        blocker = -1
        if wanted is not None and cause is not Cause.NOTHING_FAILED:
            standing_of = self.state.standing_of
            blocker = next((parent for parent in self.graph.parents(node) if standing_of(parent) is wanted), -1)
        self.set(node, status, cause, blocker=blocker)

    def settle(self) -> None:
        """Derive whatever was dirty, until nothing changes any more."""
        dirty = self.state.dirty
        position = 0
        while position < len(dirty):
            self.propagate(dirty[position])
            position += 1
        dirty.clear()

    def reset(self, node: int, attempt: int | None = None) -> None:
        """Let a node be as if it had not begun, without marks and with a fresh budget of retries, and propagate it."""
        self.restarted.add(node)
        self.no_retry.discard(node)
        if node in self.submitted:
            # The attempt that is to be withdrawn may begin all the same: it is the first of the new budget.
            attempt = self.state.attempt[node]
            self.set(node, NodeStatus.WAITING, attempt=attempt - 1, marks=(), fresh=True)
            self.set(node, NodeStatus.WAITING, attempt=attempt)
        else:
            # One event, not two, for each of the many that can start at once.
            ready = self._follows(node)[0] is NodeStatus.READY
            status = NodeStatus.READY if ready else NodeStatus.WAITING
            self.set(node, status, attempt=attempt, marks=(), fresh=True)
        self.propagate(node)

    def take_back(self, node: int) -> None:
        """An attempt that was handed over never began: its number is free again."""
        state = self.state
        attempt = state.attempt[node] - 1
        status, cause = state.status_of(node), state.cause_of(node)
        if status is NodeStatus.CANCELLING and cause is not Cause.CANCEL:
            self.reset(node, attempt)
            return
        if status is NodeStatus.CANCELLING:
            status = NodeStatus.CANCELLED
        elif status is NodeStatus.READY:
            cause = Cause.NONE
        self.set(node, status, cause, attempt=attempt, blocker=state.blocker[node])

    def stop(self, node: int, cause: Cause, why: str = "", marks: tuple[int, ...] | None = None) -> None:
        """Tell a running node to stop, gently."""
        self.set(node, NodeStatus.CANCELLING, cause, why, marks=marks)
        self.effects.append(Stop(node, self.state.attempt[node], self.graph.task(node).grace))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Whatever is done inside is taken back at the end, unless it is to be kept.

        Inside, `events` and `effects` are those of the transaction alone.
        """
        events, effects, stopping, final, again = (
            self.events,
            self.effects,
            self.fail_fast_command,
            self.no_retry,
            self.restarted,
        )
        self.events, self.effects, self.no_retry, self.restarted = [], [], final.copy(), again.copy()
        with self.state.transaction() as transaction:
            try:
                yield transaction
            finally:
                if transaction.kept:
                    events += self.events
                    effects += self.effects
                else:
                    self.fail_fast_command, self.no_retry, self.restarted = stopping, final, again
                self.events, self.effects = events, effects
