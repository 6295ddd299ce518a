"""What executors on other machines tell beside begins and ends: why an attempt waits, and whether they answer.

Only runs that have such executors import this module.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from dagtui.engine.asking import REASONS
from dagtui.engine.events import NodeChange, NoteEvent
from dagtui.engine.messages import Doubted, Queued, Silent
from dagtui.engine.protocol import Handed
from dagtui.engine.rules.transitions import CAUSES
from dagtui.engine.status import Cause, NodeStatus
from dagtui.text.amounts import ClockTime

if TYPE_CHECKING:
    from dagtui.engine.asking import Asking
    from dagtui.engine.messages import Heard, Started
    from dagtui.graph.model import NodeIndex

SAME_BEGIN = 1.0
"""Seconds by which an attempt may seem to have begun earlier or later when it is told again."""
REASON_EVERY, REASON_AT_MOST = 10.0, 600.0
"""Seconds until the next reason why an attempt waits is recorded: as long as it has waited, within these bounds."""
SAID_AT_ONCE: Final = 100
"""The most reasons that are recorded at once when they are due. Ten thousand attempts may wait for the same time."""
SAID_EVERY: Final = 0.02
"""Seconds until the next ones are."""
MOST_REASONS = 10
"""Reasons of one silence that are noted. Words of a machine may differ each time."""


class RemoteResults:
    """The part of a traversal that takes what only executors on other machines tell."""

    def __init__(self, run: Asking) -> None:
        self._run = run
        self._due: dict[NodeIndex, ClockTime] = {}
        """Time at which the next reason of a node that waits may be recorded."""
        self._unsaid: dict[NodeIndex, Queued] = {}
        """Reasons that came earlier than that."""
        self._said: dict[str, set[str]] = {}
        """What was said of each executor since it fell silent."""
        self._saying: list[tuple[ClockTime, NodeIndex]] = []
        """A heap of the nodes that have or had such a reason, by when it is due. Each is there once."""
        self._to_say: set[NodeIndex] = set()
        """The same nodes."""
        self._alarm = ClockTime("inf")
        """When the next ones are recorded."""

    def begin(self) -> None:
        """Go on with attempts of an earlier process of the run: repeat withdrawals, and expect ends."""
        run, state = self._run, self._run.state
        for node in run.remote:
            attempt, task = state.attempt[node], run.graph.task(node)
            if state.status[node] == NodeStatus.CANCELLING:
                run.expect_end(node, attempt, task.grace)
            elif state.status[node] == NodeStatus.RUNNING:
                run.limit(node, attempt, max(state.started[node], run.now - (task.timeout or 0.0)))
            elif state.status[node] != NodeStatus.READY:
                run.withdraw((node,))

    def handed(self) -> list[Handed]:
        """Return what executors have."""
        run, state = self._run, self._run.state
        stopping = {node: run.graph.task(node).grace for node in state.nodes_with(NodeStatus.CANCELLING)}
        return [Handed(node, state.attempt[node], stopping.get(node)) for node in sorted(run.remote)]

    def take(self, result: Queued | Doubted | Silent | Heard) -> None:
        """Take a result."""
        if isinstance(result, Queued):
            self._queued(result)
        elif isinstance(result, Doubted):
            self._doubted(result)
        elif isinstance(result, Silent):
            self._silent(result)
        elif result.executor in self._run.state.silent:
            text = f"{result.executor} answers again"
            self._run.emit(NoteEvent(self._run.now, text, executor=result.executor))

    def told_again(self, message: Started) -> None:
        """Note where, and since when, an attempt runs that has begun, if that is news after a resume.

        An executor may know less of the place by then, such as the machine but not the job.
        """
        run, (node, attempt, _, where, ago) = self._run, message
        state = run.state
        if state.attempt[node] != attempt or state.status[node] != NodeStatus.RUNNING:
            return
        known = state.where.get(node, "")
        where = known if where == known.partition(",")[0] else where
        if not where or (where == known and abs(state.started[node] + ago - run.now) < SAME_BEGIN):
            return
        why = state.reasons.get(node, "")
        run.set(NodeChange(node, NodeStatus.RUNNING, state.cause_of(node), why, where=where, ago=ago))
        run.limit(node, attempt, run.now - ago)

    def say_reasons(self) -> None:
        """Record reasons that came too early after those before, the first ones of many."""
        self._alarm = ClockTime("inf")
        for _ in range(SAID_AT_ONCE):
            if not self._saying or self._saying[0][0] > self._run.now:
                break
            _, node = heapq.heappop(self._saying)
            self._to_say.discard(node)
            if (message := self._unsaid.pop(node, None)) is not None:
                self._queued(message)
        if self._saying:
            self._say_at(max(self._saying[0][0], self._run.now + SAID_EVERY))

    def _say_at(self, due: ClockTime) -> None:
        """Set the alarm for reasons, unless it is earlier. One is enough for those of all nodes."""
        if due < self._alarm:
            self._alarm = due
            _, node = self._saying[0]
            self._run.alarm_at(due, node, self._run.state.attempt[node], REASONS)

    def _queued(self, message: Queued) -> None:
        """Note why an attempt waits that has not begun, if the words are others than before.

        An engine may give another reason each time. The longer an attempt waits, the less often that is recorded.
        """
        run, (node, attempt, why) = self._run, message
        state = run.state
        if not run.is_submitted(node, attempt) or state.status[node] != NodeStatus.READY:
            return
        why = why or CAUSES[NodeStatus.READY][Cause.QUEUED]
        is_known = state.cause[node] == Cause.QUEUED
        if is_known and state.why.get(node) == (why if run.mask is None else run.mask(why)):
            self._unsaid.pop(node, None)
            return
        due = self._due.get(node, run.now) if is_known else run.now
        if due > run.now:
            self._unsaid[node] = message
            if node not in self._to_say:
                self._to_say.add(node)
                heapq.heappush(self._saying, (due, node))
                self._say_at(due)
            return
        waited = run.now - state.queued_since.get(node, run.now)
        self._due[node] = run.now + min(max(waited, REASON_EVERY), REASON_AT_MOST)
        self._unsaid.pop(node, None)
        run.set(NodeChange(node, NodeStatus.READY, Cause.QUEUED, why))

    def _doubted(self, message: Doubted) -> None:
        """Note that an attempt counts as lost soon, and why."""
        run, (node, attempt, why, wait) = self._run, message
        state = run.state
        if state.attempt[node] == attempt and state.status[node] == NodeStatus.RUNNING:
            where, ago = state.where.get(node, ""), max(0.0, run.now - state.started[node])
            cause, due = state.cause_of(node), run.now + wait
            run.set(NodeChange(node, NodeStatus.RUNNING, cause, why, due=due, where=where, ago=ago))

    def _silent(self, message: Silent) -> None:
        """Note that an executor can't be reached, and once each why: the reason may change, and the remedy with it."""
        executor, since, why = message
        if executor not in self._run.state.silent:
            self._said[executor] = set()
        text = f"{executor} does not answer: {why}" if why else f"{executor} does not answer"
        said = self._said.setdefault(executor, set())
        if text not in said and len(said) < MOST_REASONS:
            said.add(text)
            self._run.emit(NoteEvent(self._run.now, text, executor=executor, since=since))
