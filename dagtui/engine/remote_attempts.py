"""What the state of a run knows of attempts on other machines: which executor has them, where they wait and run.

Only runs that have executors on other machines import this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.columns import Silence, Uncounted
from dagtui.engine.status import ALIVE, UNCOUNTED_CAUSES, WITH_RESULT, Cause, NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.columns import Columns
    from dagtui.engine.events import NodeEvent, NoteEvent
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds


def note(state: Columns, event: NodeEvent, old: int) -> None:
    """Note which executor has an attempt of a node from now on, whether and where it has begun, and how it ended.

    `old` is the status of the node before the event.
    """
    node, executor = event.node, event.executor
    if event.status is NodeStatus.RETRYING and event.cause in UNCOUNTED_CAUSES:
        _count_retry(state, node, event.cause)
    before = state.executor_of.get(node, "")
    state.alive_there += (bool(executor) and event.status in ALIVE) - (bool(before) and old in ALIVE)
    is_ready, was_ready = event.status is NodeStatus.READY, old == NodeStatus.READY
    state.ready_there += (bool(executor) and is_ready) - (bool(before) and was_ready)
    if before != executor:
        if before:
            _leave_executor(state, event, before)
        if executor:
            _enter_executor(state, event)
    if event.status is NodeStatus.RUNNING and event.cause is not Cause.SERVES:
        if executor:
            _leave_queue(state, node, executor)
        _note_where(state, node, event.where)
    if event.due and event.status is NodeStatus.RUNNING:
        state.doubts[node] = event.why
    elif state.doubts:
        state.doubts.pop(node, None)


def _enter_executor(state: Columns, event: NodeEvent) -> None:
    node, executor = event.node, event.executor
    state.any_remote = True
    state.executor_of[node] = executor
    state.taken_on[executor] = state.taken_on.get(executor, 0) + 1
    state.queued_since[node] = event.at
    state.queued_on[executor] = state.queued_on.get(executor, 0) + 1


def _leave_executor(state: Columns, event: NodeEvent, executor: str) -> None:
    node, status = event.node, event.status
    del state.executor_of[node]
    state.taken_on[executor] -= 1
    if not _leave_queue(state, node, executor) or event.fresh:
        return
    if status not in WITH_RESULT and status is not NodeStatus.CANCELLED:
        found = state.uncounted.get(node, Uncounted())
        state.uncounted[node] = found._replace(withdrawn=found.withdrawn + 1)


def _leave_queue(state: Columns, node: NodeIndex, executor: str) -> bool:
    """Note that an attempt does not wait any more. Return False if it did not."""
    if state.queued_since.pop(node, None) is None:
        return False
    state.queued_on[executor] -= 1
    return True


def _note_where(state: Columns, node: NodeIndex, where: str) -> None:
    if where:
        state.where[node] = where
    else:
        state.where.pop(node, None)


def _count_retry(state: Columns, node: NodeIndex, cause: Cause) -> None:
    """Count an attempt that was lost, or that was ended from outside, and that is followed by another."""
    found = state.uncounted.get(node, Uncounted())
    if cause is Cause.LOST:
        state.uncounted[node] = found._replace(lost=found.lost + 1)
    else:
        state.uncounted[node] = found._replace(outside=found.outside + 1)


def note_silence(state: Columns, event: NoteEvent) -> None:
    """Note that an executor can't be reached, or answers again."""
    state.any_remote = True
    if event.since:
        state.silent[event.executor] = Silence(event.since, event.text)
    else:
        state.silent.pop(event.executor, None)


def resume(state: Columns, away: Seconds) -> None:
    """Go on with a run for which no process was there for a while. Attempts on other machines went on meanwhile."""
    state.silent, state.slots_on = {}, {}
    for node in state.executor_of:
        state.started[node] -= away
    state.queued_since = {node: since - away for node, since in state.queued_since.items()}
