"""Refusals: why a command would do nothing, with a hint at one that would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.reachable import cancelled_subtrees, subtrees
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.rules.propagation import Propagation

_NOTHING_TO_RETRY = {
    NodeStatus.WAITING: "it has not run yet, it waits for its parents",
    NodeStatus.READY: "it has not run yet, it starts as soon as it can",
    NodeStatus.RUNNING: "it is running; cancel it, or rerun it",
    NodeStatus.COMPLETED: "it already succeeded; rerun it instead",
}
_NOT_YET_RUN = "it has not run yet"


def refusal(run: Propagation, command: Command) -> str | None:
    """Return why the command would not affect any of its targets, or None if it may."""
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
        return _subtree_refusal(run, command)
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


def _subtree_refusal(run: Propagation, command: Command) -> str | None:
    status = run.state.status
    if any(status[node] < NodeStatus.COMPLETED for node in cancelled_subtrees(run.graph, command.nodes)):
        return None
    if any(status[node] < NodeStatus.COMPLETED for node in subtrees(run.graph, command.nodes)):
        return "what is unsettled in its subtree runs regardless of what is above; cancel that instead"
    return "everything in its subtree is settled already"


def _node_refusal(run: Propagation, kind: CommandKind, node: int) -> str | None:
    state = run.state
    status = state.status_of(node)
    if kind is CommandKind.RETRY:
        return retry_refusal(run, node)
    if kind is CommandKind.RERUN_ONLY:
        return _NOT_YET_RUN if status in {NodeStatus.WAITING, NodeStatus.READY} else None
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


def why_unchanged(run: Propagation, command: Command) -> str:
    """Return why a command that was not refused changes nothing, such as a rerun of a node that still can't run."""
    node = command.nodes[0]
    status = run.state.status_of(node)
    if status in {NodeStatus.WAITING, NodeStatus.READY}:
        return f"{_NOT_YET_RUN}, and nothing below it has" if command.kind is CommandKind.RERUN else _NOT_YET_RUN
    if status is NodeStatus.FAILED_PARENT:
        return "it is blocked; retry it, and what blocks it runs again"
    return retry_refusal(run, node) or "nothing would change"


def _decision_refusal(run: Propagation, kind: CommandKind, node: int) -> str | None:
    state = run.state
    status, cause = state.status_of(node), state.cause_of(node)
    if status in {NodeStatus.RUNNING, NodeStatus.CANCELLING}:
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
