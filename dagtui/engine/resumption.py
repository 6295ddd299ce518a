"""Resumption: restore a recorded run, of which no attempt is alive on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import NodeChange, RunEvent
from dagtui.engine.followers import BROKE_OFF, run_again
from dagtui.engine.messages import NO_ATTEMPT, CommandKind
from dagtui.engine.service_ends import start_services_again
from dagtui.engine.status import ALIVE, UNSETTLED, Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.state import RunState
    from dagtui.engine.targets import Targets
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds

FOLLOWS = "runs again: what it ran after does"
"""Why a follower runs again."""
_BY_A_PERSON = {NodeStatus.COMPLETED: Cause.MARKED, NodeStatus.SKIPPED: Cause.PERSON}
_KEPT_CANCELS = frozenset({CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE})


def restore(
    run: Propagation,
    now: ClockTime,
    again: Mapping[NodeIndex, str],
    used: Mapping[NodeIndex, AttemptNumber],
    *,
    jobs: int,
    boot: str,
    targets: Targets | None = None,
    keep_going: Collection[str] = (),
    away: Seconds = 0.0,
) -> None:
    """Bring the replayed state of a run to the point where it starts again. The caller propagates it afterwards.

    Completed nodes stay, except those in `again`, which maps nodes to the reason why they run again, their followers
    (rule 9 in `rules`), and finally nodes while another node is to run (rule 12). Allowed failures stay too, and so do
    nodes that a person skipped, marked done or cancelled. All other nodes are reset, without marks and with a fresh
    budget of retries. An attempt that was in flight is lost, unless one of the executors in `keep_going` has it (rule
    15 in `rules`). Its number, and the numbers up to `used`, are not reused. `targets` and their ancestors join the
    nodes that were part of the run. `away` is for how long no process had the run.

    Each step is an event, so that resuming a partly restored run gives the same state. Followers are restored first,
    while the state still shows how their parents had ended.
    """
    last, run.now = run.now, now
    nodes, named = targets or (None, ())
    run.emit(RunEvent(now, "resumed", jobs=jobs, boot=boot, targets=nodes, named=named, away=away))
    taken = _take_up(run, again, keep_going) if run.state.executor_of and keep_going else ()
    followers = followers_again(run, again, taken)
    restorer = _Restorer(run, dict.fromkeys(followers, FOLLOWS) | dict(again), used, last, taken)
    for node in reversed(run.graph.order) if followers else ():
        if node in followers:
            restorer.restore(node)
    for node in run.graph.order:
        restorer.restore(node)
    start_services_again(run)
    run.restarted.update(_above_completed(run, restorer.begun))
    run.state.dirty.clear()


def _take_up(run: Propagation, again: Mapping[NodeIndex, str], keep_going: Collection[str]) -> Collection[NodeIndex]:
    """Take up the attempts that executors in `keep_going` have, and return their nodes.

    Those in `again` are stopped, and run again. So are those that a cancel of the whole run stops.
    Whether a stopped attempt has begun is not known, so that it counts as submitted.
    """
    state = run.state
    taken = {node: executor for node, executor in state.executor_of.items() if executor in keep_going}
    for node, executor in taken.items():
        status, cause = state.status_of(node), state.cause_of(node)
        run.capacity.take_up(node, executor, begun=status is NodeStatus.RUNNING)
        is_changed = node in again or run.graph.task(node).executor != executor
        if status is NodeStatus.CANCELLING and cause is Cause.CANCEL and (marks := kept_marks(state, node)):
            if marks != state.marks.get(node):
                run.set(NodeChange(node, status, cause, state.why.get(node, ""), marks=marks))
        elif is_changed or (status is NodeStatus.CANCELLING and cause is Cause.CANCEL):
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.RESTART, again.get(node, ""), marks=()))
    return taken


def followers_again(
    run: Propagation, again: Collection[NodeIndex], taken: Collection[NodeIndex] = ()
) -> set[NodeIndex]:
    """Return the followers that count as done but run again on resume, because a parent runs again.

    Finally nodes follow all other nodes of the run. `taken` nodes have attempts that go on.
    """
    if not _may_have_followers(run):
        return set()
    with run.transaction() as transaction:
        restorer = _Restorer(run, dict.fromkeys(again, ""), {}, run.now, taken)
        for node in run.graph.order:
            restorer.restore(node)
        for node in run.graph.order:
            run.propagate(node)
        done = [node for node in _finally_nodes(run) if stays_done(run.state, node)]
        run.settle()
        found = run_again(run, transaction.before)
        return found.union(node for node in done if run.state.status[node] in UNSETTLED)


def _may_have_followers(run: Propagation) -> bool:
    """Return whether any follower or finally node is done. Most graphs have neither."""
    followers, state = run.followers, run.state
    if any(stays_done(state, node) for node in _finally_nodes(run)):
        return True
    return bool(followers) and any(
        followers[node] for status in (NodeStatus.COMPLETED, NodeStatus.FAILED) for node in state.nodes_with(status)
    )


def _finally_nodes(run: Propagation) -> Collection[NodeIndex]:
    return () if run.finally_nodes is None else run.finally_nodes.nodes


def kept_marks(state: RunState, node: NodeIndex) -> tuple[int, ...]:
    """Return the marks of a node that survive a resume: those of a person's cancel of nodes, not of the whole run."""
    kept = []
    for mark in state.marks.get(node, ()):
        command = state.commands.get(mark)
        if command is not None and command.kind in _KEPT_CANCELS:
            kept.append(mark)
    return tuple(kept)


def _keeps_answer(status: NodeStatus, cause: Cause) -> bool:
    """Return whether a gate was answered. It asks again only if something about it has changed."""
    return status is NodeStatus.COMPLETED and cause is Cause.ANSWERED


def stays_done(state: RunState, node: NodeIndex) -> bool:
    """Return whether a node completed or failed as allowed.

    An attempt that broke off with its run did neither, nor did a node whose condition could not be decided.
    """
    status = state.status[node]
    if status == NodeStatus.COMPLETED:
        return True
    if status != NodeStatus.FAILED or not state.allows_failure(node):
        return False
    return state.cause[node] != Cause.CONDITION and state.why.get(node) != BROKE_OFF


class _Restorer:
    def __init__(
        self,
        run: Propagation,
        again: Mapping[NodeIndex, str],
        used: Mapping[NodeIndex, AttemptNumber],
        last: ClockTime,
        taken: Collection[NodeIndex],
    ) -> None:
        self._run = run
        self._again = again
        self._used = used
        self._last = last
        """Time on the run's clock of the last recorded event."""
        self._taken = taken
        """Nodes whose attempts go on."""
        self.begun: list[NodeIndex] = []
        """Nodes that had begun or ended, and were reset."""

    def restore(self, node: NodeIndex) -> None:
        """Restore a node, unless it is in its restored state already."""
        run, state = self._run, self._run.state
        status = state.status_of(node)
        cause = state.cause_of(node)
        if node in self._taken:
            return
        if _BY_A_PERSON.get(status) is cause or (_keeps_answer(status, cause) and node not in self._again):
            return
        if state.marks and (marks := kept_marks(state, node)):
            self._keep_cancelled(node, status, marks)
            return
        if status in ALIVE:
            now, run.now = run.now, self._last  # when is unknown, but it was before the resume
            run.set(NodeChange(node, NodeStatus.FAILED, Cause.LOST, BROKE_OFF, marks=()))
            run.now = now
        elif node not in self._again and stays_done(state, node):
            if status is NodeStatus.COMPLETED and state.cause_of(node) is not Cause.RESUMED:
                run.set(NodeChange(node, status, Cause.RESUMED, stale=bool(state.stale[node])))
            return
        attempt = max(state.attempt[node], self._used.get(node, NO_ATTEMPT))
        if attempt or status.settled:
            self.begun.append(node)
        if status is not NodeStatus.WAITING or attempt > state.base[node]:
            why = self._again.get(node, "")
            run.set(NodeChange(node, NodeStatus.WAITING, why=why, attempt=attempt, marks=(), fresh=True))

    def _keep_cancelled(self, node: NodeIndex, status: NodeStatus, marks: tuple[int, ...]) -> None:
        run, state = self._run, self._run.state
        attempt = max(state.attempt[node], self._used.get(node, NO_ATTEMPT))
        if (status, state.marks[node], state.attempt[node]) == (NodeStatus.CANCELLED, marks, attempt):
            return
        now = run.now
        if status in ALIVE:
            run.now = self._last
        run.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL, attempt=attempt, marks=marks))
        run.now = now


def _above_completed(run: Propagation, nodes: list[NodeIndex]) -> list[NodeIndex]:
    """Return the given nodes with completed nodes below them, which become stale when they begin."""
    graph, status = run.graph, run.state.status
    above = bytearray(len(graph))
    for node in reversed(graph.order):
        above[node] = any(above[child] or status[child] == NodeStatus.COMPLETED for child in graph.children(node))
    return [node for node in nodes if above[node]]
