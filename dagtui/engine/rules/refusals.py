"""Refusals: why a command would do nothing, with a hint at one that would."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.reachable import cancelled_subtrees, subtrees
from dagtui.engine.status import ALIVE, UNBEGUN, UNSETTLED, Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.state import RunState

_NOTHING_TO_RETRY = {
    NodeStatus.WAITING: "it has not run yet, it waits for its parents",
    NodeStatus.READY: "it has not run yet, it starts as soon as it can",
    NodeStatus.RUNNING: "it is running; cancel it, or rerun it",
    NodeStatus.COMPLETED: "it already succeeded; rerun it instead",
}
_NOT_YET_RUN = "it has not run yet"


def refusal(run: Propagation, command: Command, most: int = sys.maxsize) -> str | None:
    """Return why the command would change nothing, or None if it would change something.

    `most` is the number of nodes of a subtree that are looked at. A command on a larger one may change something.
    """
    state = run.state
    kind = command.kind
    if kind is CommandKind.PAUSE:
        return "the run is paused already" if state.paused else None
    if kind is CommandKind.RESUME:
        return None if state.paused else "the run is not paused"
    if kind is CommandKind.SET_JOBS:
        return _jobs_refusal(run, command)
    if kind is CommandKind.RETRY_FAILED:
        return None if next(state.failures(), None) is not None else "nothing has failed"
    if kind is CommandKind.CANCEL_ALL:
        return None if state.unsettled else "everything is settled already"
    if not command.nodes:
        return "it needs at least one node"
    if kind is CommandKind.CANCEL_SUBTREE:
        return _cancel_subtree_refusal(run, command, most)
    if kind is CommandKind.RERUN:
        return _rerun_refusal(run, command, subtrees(run.graph, command.nodes), most)
    if kind is CommandKind.RERUN_ONLY:
        return _rerun_refusal(run, command, command.nodes, most)
    reasons = [_node_refusal(run, kind, node) for node in command.nodes]
    if kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
        return next((reason for reason in reasons if reason), None)
    return reasons[0] if all(reasons) else None


def refused_targets(run: Propagation, command: Command) -> tuple[tuple[int, str], ...]:
    """Return the targets of a command that would not affect them, and why. Whole subtrees are not walked for that."""
    if command.kind in {CommandKind.CANCEL_SUBTREE, CommandKind.RERUN}:
        return ()
    reasons = ((node, _node_refusal(run, command.kind, node)) for node in command.nodes)
    return tuple((node, reason) for node, reason in reasons if reason is not None)


def _jobs_refusal(run: Propagation, command: Command) -> str | None:
    if command.jobs < 1:
        return "at least one slot is required; pause the run to stop starting nodes"
    return f"there are {command.jobs} slots already" if command.jobs == run.state.jobs else None


def _cancel_subtree_refusal(run: Propagation, command: Command, most: int) -> str | None:
    state = run.state

    def is_unsettled(node: int) -> bool:
        return state.status[node] in UNSETTLED

    if state.unsettled and _finds(cancelled_subtrees(run.graph, command.nodes), is_unsettled, most):
        return None
    if state.unsettled and _finds(subtrees(run.graph, command.nodes), is_unsettled, most):
        return "what is unsettled in its subtree runs regardless of what is above; cancel that instead"
    return "everything in its subtree is settled already"


def _rerun_refusal(run: Propagation, command: Command, nodes: Iterable[int], most: int) -> str | None:
    """Return why none of the nodes would run again. The reason is about the command's first target."""
    if _finds(nodes, lambda node: _runs_again(run.state, node), most):
        return None
    node = command.nodes[0]
    status = run.state.status_of(node)
    if status in UNBEGUN:
        return f"{_NOT_YET_RUN}, and nothing below it has" if command.kind is CommandKind.RERUN else _NOT_YET_RUN
    if status is NodeStatus.FAILED_PARENT:
        return "it is blocked; retry it, and what blocks it runs again"
    return retry_refusal(run, node)


def _runs_again(state: RunState, node: int) -> bool:
    """Return whether a rerun changes a node. The parents of a blocked node, for one, would block it again."""
    status, cause = state.status_of(node), state.cause_of(node)
    if status is NodeStatus.SKIPPED:
        return cause is Cause.PERSON
    return status not in {*UNBEGUN, NodeStatus.FAILED_PARENT} and cause is not Cause.RESTART


def _finds(nodes: Iterable[int], wanted: Callable[[int], bool], most: int) -> bool:
    """Return whether one of the first `most` nodes is wanted, or there are more nodes, which may be."""
    return any(looked_at == most or wanted(node) for looked_at, node in enumerate(nodes))


def _node_refusal(run: Propagation, kind: CommandKind, node: int) -> str | None:
    state = run.state
    status = state.status_of(node)
    if kind is CommandKind.RETRY:
        return retry_refusal(run, node)
    if kind is CommandKind.RERUN_ONLY:
        return _rerun_refusal(run, Command(kind, (node,)), (node,), 1)
    if kind is CommandKind.CANCEL:
        return f"it is settled already: {status.word}" if status.settled else None
    if kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
        return _decision_refusal(run, kind, node)
    return None


def retry_refusal(run: Propagation, node: int) -> str | None:
    """Return why a node can't be retried, or None if it can."""
    status, cause = run.state.status_of(node), run.state.cause_of(node)
    if cause is Cause.MARKED:
        return None
    if cause is Cause.RESTART:
        return "it starts again as soon as it has stopped"
    if status is NodeStatus.SKIPPED and cause is not Cause.PERSON:
        return "its parents would skip it again" if cause is Cause.PROPAGATED else "nothing it runs for has failed"
    return _NOTHING_TO_RETRY.get(status)


def _decision_refusal(run: Propagation, kind: CommandKind, node: int) -> str | None:
    state = run.state
    status, cause = state.status_of(node), state.cause_of(node)
    if status in ALIVE:
        return f"it is {status.word}; cancel it first"
    if node in run.submitted:
        return "it is about to start; cancel it first"
    if kind is CommandKind.SKIP and cause is Cause.PERSON:
        return "it is skipped already"
    if kind is CommandKind.MARK_DONE and cause is Cause.MARKED:
        return "it is marked done already"
    if status is NodeStatus.COMPLETED:
        return "it succeeded; there is nothing to skip" if kind is CommandKind.SKIP else "it is done already"
    return None
