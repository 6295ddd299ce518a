"""Going on with a recorded run of which no attempt is alive any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import RunEvent
from dagtui.engine.followers import BROKE_OFF, run_again
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.state import RunState

FOLLOWS = "runs again: what it ran after does"
"""Why a follower runs again."""
_ALIVE = frozenset({NodeStatus.RUNNING, NodeStatus.CANCELLING})
_BY_A_PERSON = {NodeStatus.COMPLETED: Cause.MARKED, NodeStatus.SKIPPED: Cause.PERSON}
_KEPT_CANCELS = frozenset({CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE})


def restore(
    run: Propagation, now: float, again: Mapping[int, str], used: Mapping[int, int], *, jobs: int, boot: str
) -> None:
    """Bring the replayed state of a run to where it begins anew; everything is derived afterwards.

    What completed stays, but for the nodes in `again`, which maps them to the reason why they run again, and for
    followers (rule 9). So does a failure that is allowed, and what a person skipped, marked or cancelled. All else is
    as if it had not begun, without marks and with a fresh budget of retries. An attempt that was in flight is lost; its
    number, and those up to `used`, are not used again.

    Every step is an event: taking up a run that was taken up in part comes to the same state. Followers therefore go
    first: what they followed still tells how it had ended.
    """
    last = run.now
    followers = followers_again(run, again)
    run.now = now
    run.emit(RunEvent(now, "resumed", jobs=jobs, boot=boot))
    restorer = _Restorer(run, dict.fromkeys(followers, FOLLOWS) | dict(again), used, last)
    for node in reversed(run.graph.order) if followers else ():
        if node in followers:
            restorer.restore(node)
    for node in run.graph.order:
        restorer.restore(node)
    run.restarted.update(_above_a_success(run, restorer.begun))
    run.state.dirty.clear()


def followers_again(run: Propagation, again: Collection[int]) -> set[int]:
    """The nodes that count as done and run again when the run is taken up, since what they ran after does."""
    if not _may_have_followers(run):
        return set()
    with run.transaction() as transaction:
        restorer = _Restorer(run, dict.fromkeys(again, ""), {}, run.now)
        for node in run.graph.order:
            restorer.restore(node)
        for node in run.graph.order:
            run.propagate(node)
        run.settle()
        return run_again(run, transaction.before)


def _may_have_followers(run: Propagation) -> bool:
    """Whether any follower is done; most graphs have none at all."""
    followers, state = run.followers, run.state
    return bool(followers) and any(
        followers[node] for status in (NodeStatus.COMPLETED, NodeStatus.FAILED) for node in state.nodes_with(status)
    )


def kept_marks(state: RunState, node: int) -> tuple[int, ...]:
    """The marks of a node that hold after its run was taken up: those that a person gave it, not the whole run."""
    kept = []
    for mark in state.marks.get(node, ()):
        command = state.commands.get(mark)
        if command is not None and command.kind in _KEPT_CANCELS:
            kept.append(mark)
    return tuple(kept)


def stays_done(state: RunState, node: int) -> bool:
    """Whether a node completed, or failed as it was allowed to; what was in flight when the run broke off did not."""
    status = state.status[node]
    if status == NodeStatus.COMPLETED:
        return True
    return status == NodeStatus.FAILED and state.allows_failure(node) and state.why.get(node) != BROKE_OFF


class _Restorer:
    """Takes up one node after the other."""

    def __init__(self, run: Propagation, again: Mapping[int, str], used: Mapping[int, int], last: float) -> None:
        self._run = run
        self._again = again
        self._used = used
        self._last = last
        """What the clock read when the run was left."""
        self.begun: list[int] = []
        """Nodes that had begun or had ended, and are as if they had not."""

    def restore(self, node: int) -> None:
        """Bring a node to where it begins anew, unless it is there already."""
        run, state = self._run, self._run.state
        status = state.status_of(node)
        if _BY_A_PERSON.get(status) is state.cause_of(node):
            return
        if state.marks and (marks := kept_marks(state, node)):
            self._keep_cancelled(node, status, marks)
            return
        if status in _ALIVE:
            now, run.now = run.now, self._last  # nobody knows when; it was before the run was taken up
            run.set(node, NodeStatus.FAILED, Cause.LOST, BROKE_OFF, marks=())
            run.now = now
        elif node not in self._again and stays_done(state, node):
            if status is NodeStatus.COMPLETED and state.cause_of(node) is not Cause.RESUMED:
                run.set(node, status, Cause.RESUMED, stale=bool(state.stale[node]))
            return
        attempt = max(state.attempt[node], self._used.get(node, 0))
        if attempt or status.settled:
            self.begun.append(node)
        if status is not NodeStatus.WAITING or attempt > state.base[node]:
            run.set(node, NodeStatus.WAITING, why=self._again.get(node, ""), attempt=attempt, marks=(), fresh=True)

    def _keep_cancelled(self, node: int, status: NodeStatus, marks: tuple[int, ...]) -> None:
        run, state = self._run, self._run.state
        attempt = max(state.attempt[node], self._used.get(node, 0))
        if (status, state.marks[node], state.attempt[node]) == (NodeStatus.CANCELLED, marks, attempt):
            return
        now = run.now
        if status in _ALIVE:
            run.now = self._last
        run.set(node, NodeStatus.CANCELLED, Cause.CANCEL, attempt=attempt, marks=marks)
        run.now = now


def _above_a_success(run: Propagation, nodes: list[int]) -> list[int]:
    """Those of some nodes that have completed nodes below them, which become stale when they begin."""
    graph, status = run.graph, run.state.status
    above = bytearray(len(graph))
    for node in reversed(graph.order):
        above[node] = any(above[child] or status[child] == NodeStatus.COMPLETED for child in graph.children(node))
    return [node for node in nodes if above[node]]
