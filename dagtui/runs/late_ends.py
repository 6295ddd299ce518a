"""Ends of attempts that the session of a run could not record, because it died first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import EndKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import ended_why
from dagtui.execution.local import undelivered
from dagtui.execution.local.output_file import read_output
from dagtui.execution.local.submitted import exited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.store.directory import RunDirectory
    from dagtui.text.amounts import ClockTime, Seconds


def late_ends(directory: RunDirectory, state: RunState, labels: Sequence[str], at: ClockTime) -> list[NodeEvent]:
    """Return the events for attempts that were in flight when the journal ended.

    `labels` are those that the recorded node numbers refer to: of the graph that was run, or of all graphs of a run
    that was reloaded. `at` is the last reading of the run's clock.

    An attempt that had been asked to stop keeps its status from the journal, because its exit status means nothing,
    unless its duration shows that it ended before its timeout. A success of a replaced definition is stale.
    """
    found: dict[NodeIndex, NodeEvent] = {}
    for number, attempt, status, seconds in undelivered.read(os.fspath(directory.path)):
        node = state.graph.find(labels[number]) if 0 <= number < len(labels) else None
        if node is None or node in found or state.attempt[node] != attempt or not _is_open(state, node, seconds):
            continue
        end = exited(node, attempt, status, seconds)
        why = ended_why(end)
        if end.succeeded:
            values = read_output(directory.output_path(labels[number], attempt)).values
            stale = state.superseded.get(node) == attempt
            found[node] = NodeEvent(
                at, node, attempt, NodeStatus.COMPLETED, Cause.RAN, why, seconds=seconds, stale=stale, outputs=values
            )
        else:
            cause = Cause.EXIT if end.kind is EndKind.EXIT else Cause.SIGNAL
            found[node] = NodeEvent(at, node, attempt, NodeStatus.FAILED, cause, why, end.value, seconds)
    return list(found.values())


def _is_open(state: RunState, node: NodeIndex, seconds: Seconds) -> bool:
    """Return whether the node's last attempt was in flight and may have ended this way."""
    status, cause = state.status_of(node), state.cause_of(node)
    if status is NodeStatus.CANCELLING and cause is Cause.TIMEOUT:
        return 0.0 < seconds < (state.graph.task(node).timeout or 0.0)
    return status is NodeStatus.RUNNING or (status is NodeStatus.READY and cause is Cause.IN_LINE)
